"""Nights through a real scheduler: a good one, one with a blocked partition, one that retrains, a roll back by hand.

Night 17 was done before without a scheduler, and made the second champion; the scheduler finds it done. Its runs: the bulk
loads, the backfills of nights 17 to 20, and one run of the promotion DAG as its form would start it.
"""

from __future__ import annotations

import io
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from include.partitions import partition_from_key
from include.platform import run as platform_run
from include.platform.plan import Plan, orders
from include.platform.settings import Platform, platform_of
from include.registry.champions import champions
from tests.include.night.shops import SECOND, World, copy_of, prepared, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.project import Project

pytestmark = pytest.mark.e2e
BLOCKED, CALM, TRAINING = "2024-01-18", "2024-01-19", "2024-01-20"


@dataclass
class Finished:
    """An installation after its run."""

    world: World
    platform: Platform
    plan: Plan
    code: int
    printed: str

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of Airflow's database."""
        connection = sqlite3.connect(f"file:{self.platform.database}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def _plan(project: Project) -> Plan:
    days = [partition_from_key(f"2024-01-{day:02d}", "day", "UTC") for day in (1, 16, 17, 18, 19, 20)]
    return Plan(project.catalog.model("sales"), (days[0], days[1]), tuple(days[2:]))


def _with_roll_back(project: Project, plan: Plan) -> dict[str, Any]:
    order = orders(project, plan)
    form = {"action": "roll_back", "candidate": "", "reason": "worse on Sundays"}
    order["runs"].append({"dag_id": "promote_sales", "run_id": "by_hand", "conf": form})
    return order


def _worked(world: World, platform: Platform) -> tuple[int, str, Plan]:
    project = world.project()
    plan, printed = _plan(project), io.StringIO()
    code = platform_run.run_nights(project, platform, plan, Console(file=printed, width=200))
    return code, printed.getvalue(), plan


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """Return what one start of the platform, and one stop, have done."""
    world = copy_of(prepared(tmp_path_factory), tmp_path_factory.mktemp("platform") / "world")
    world.night(SECOND, force="try")
    rates = world.config / "data" / "rates" / f"{BLOCKED}.csv"
    rates.write_text(rates.read_text().replace(",1.0", ",99.0"))
    path = world.config / "models" / "sales.yaml"
    path.write_text(path.read_text().replace("deadline: 1m", "deadline: 10m"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environ.items():
            patch.setenv(name, value)
        patch.setattr(platform_run, "orders", _with_roll_back)
        platform = platform_of(os.environ)
        code, printed, plan = _worked(world, platform)
        yield Finished(world, platform, plan, code, printed)


def test_every_night_is_done(finished: Finished) -> None:
    runs = finished.asked("SELECT partition_key, state FROM dag_run WHERE dag_id = 'nightly_sales' ORDER BY 1")

    assert finished.code == 0, finished.printed
    assert runs == [(night, "success") for night in (SECOND, BLOCKED, CALM, TRAINING)]


def test_ingest_of_the_blocked_partition_is_red(finished: Finished) -> None:
    runs = dict(finished.asked("SELECT partition_key, state FROM dag_run WHERE dag_id = 'ingest_rates'"))
    tasks = finished.asked(
        "SELECT t.task_id, t.state, t.try_number FROM task_instance t JOIN dag_run r USING (dag_id, run_id) "
        f"WHERE r.dag_id = 'ingest_rates' AND r.partition_key = '{BLOCKED}'"
    )

    assert (runs[BLOCKED], runs[CALM], runs[TRAINING]) == ("failed", "success", "success")
    assert ("publish", "failed", 1) in tasks  # trying again would not mend the rows
    assert f"Blocked  rates {BLOCKED}: rate" in finished.printed


def test_blocked_night_scores_and_never_retrains(finished: Finished) -> None:
    ledger = finished.world.project().model_ledger("sales")
    decision = ledger.find(f"decision/{BLOCKED}")
    tasks = dict(
        finished.asked(
            "SELECT t.task_id, t.state FROM task_instance t JOIN dag_run r USING (dag_id, run_id) "
            f"WHERE r.dag_id = 'nightly_sales' AND r.partition_key = '{BLOCKED}'"
        )
    )

    assert decision is not None
    assert decision.body["decision"]["verdict"] == "blocked"
    assert (tasks["score"], tasks["train"], tasks["promote"], tasks["report"]) == (
        "success",
        "skipped",
        "skipped",
        "success",
    )


def test_roll_back_by_form_serves_the_nights_after(finished: Finished) -> None:
    ledger = finished.world.project().model_ledger("sales")
    record = next(r for r in ledger.records("promotion") if r.body["action"] == "roll_back")
    night = ledger.find(f"night/{TRAINING}")

    assert (record.body["reason"], record.actor.split(".")[0]) == ("worse on Sundays", "promote_sales")
    assert night is not None
    assert night.body["champion_version"] == 1


def test_candidate_passes_through_the_gate_to_champion(finished: Finished) -> None:
    ledger = finished.world.project().model_ledger("sales")
    verdict = ledger.records("gate")[-1].body
    serving = champions(ledger.records())[-1]
    runs = finished.asked("SELECT run_id, state FROM dag_run WHERE dag_id = 'promote_sales' ORDER BY run_id")

    assert (verdict["partition"], verdict["verdict"]) == (TRAINING, "pass")
    assert (serving.candidate, serving.version) == (verdict["candidate"], 3)
    assert runs == [("by_hand", "success"), (f"promote__{verdict['candidate']}", "success")]
    assert ledger.verify() == len(ledger.records())


def test_second_run_does_nothing(finished: Finished) -> None:
    before = state(finished.world.project())
    code, printed, _ = _worked(finished.world, finished.platform)

    assert code == 0
    assert "All 4 nights are done already." in printed
    assert state(finished.world.project()) == before
