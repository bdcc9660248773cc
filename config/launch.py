"""Prepare the embedded Airflow for a run, in one interpreter: DAGs, pools, bulk loads of history, backfills.

Reads a plan as JSON from standard input::

    {"pools": {"training": 1},
     "runs": [{"dag_id": "ingest_flights", "run_id": "history__…", "conf": {"partition": "2013-01-01", "last": "2013-02-28"}}],
     "backfills": [{"dag_id": "ingest_flights", "from": "2013-03-01T05:00:00+00:00", "to": "…", "max_active_runs": 2}]}

What is there already is left as it is, so that a second call continues the first.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.cli.cli_parser import get_parser
from airflow.models.backfill import Backfill, ReprocessBehavior, _create_backfill
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select


def main() -> None:
    """Carry out the plan."""
    plan = json.load(sys.stdin)
    arguments = get_parser().parse_args(["dags", "reserialize"])
    arguments.func(arguments)
    for name, slots in plan["pools"].items():
        with create_session() as session:
            Pool.create_or_update_pool(
                name, slots=slots, description="One at a time", include_deferred=False, session=session
            )
    for run in plan["runs"]:
        _start(run)
    for backfill in plan["backfills"]:
        _backfill(backfill)


def _start(run: dict[str, Any]) -> None:
    with create_session() as session:
        there = session.scalar(select(DagRun).where(DagRun.dag_id == run["dag_id"], DagRun.run_id == run["run_id"]))
    if there is None:
        trigger_dag(run["dag_id"], triggered_by=DagRunTriggeredByType.CLI, run_id=run["run_id"], conf=run["conf"])


def _backfill(plan: dict[str, Any]) -> None:
    _settle_finished(plan["dag_id"])
    with create_session() as session:
        active = session.scalar(
            select(Backfill).where(Backfill.dag_id == plan["dag_id"], Backfill.completed_at.is_(None))
        )
    if active is None:
        _create_backfill(
            dag_id=plan["dag_id"],
            from_date=datetime.fromisoformat(plan["from"]),
            to_date=datetime.fromisoformat(plan["to"]),
            max_active_runs=plan["max_active_runs"],
            reverse=False,
            dag_run_conf=None,
            triggering_user_name="make run",
            reprocess_behavior=ReprocessBehavior.FAILED,
        )


def _settle_finished(dag_id: str) -> None:
    """Mark a backfill complete whose runs have all ended; the scheduler would do so within half a minute."""
    with create_session() as session:
        for backfill in session.scalars(
            select(Backfill).where(Backfill.dag_id == dag_id, Backfill.completed_at.is_(None))
        ):
            unfinished = session.scalar(
                select(DagRun).where(DagRun.backfill_id == backfill.id, DagRun.state.in_(["queued", "running"]))
            )
            if unfinished is None:
                backfill.completed_at = datetime.now(UTC)


if __name__ == "__main__":
    main()
