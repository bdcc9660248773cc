"""Backtest: try retraining policies on a model's own past, before one is switched on.

**Purpose.** Say with a figure and its interval when a model should be retrained: `never`, by the calendar, on a drift
signal, or `auto`. No night of the model needs to have run; nothing is promoted.

**Steps.** `cuts` reads the model's history and lists the training cuts; `candidates` trains and scores those of some
neighbouring cuts, one mapped task a group; `replay` replays every policy on the losses and writes the page (button
*Backtest*), with the JSON beside it.

**By hand.** Choose the model; leave the rest empty for the usual. Policies are written as in the YAML, separated by
commas: `auto, every(7), challenger(3%)`. What was computed is kept: a second run with other policies takes seconds.

**When it is red.** Nothing changed. `cuts`: the form or the history cannot be used, the log says why. `candidates`: clear
the task, it goes on where it stopped.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param
from nightshift.defaults import PERIOD_PATTERN, catalog_for, default_args
from nightshift.operators.backtest import ComputeCutsOperator, PlanBacktestOperator, ReplayOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED = ("policies", "first", "last", "label_delay", "windows", "latency", "gates")
PARALLEL = 2  # candidates train with one thread each, beside the nights


def backtest_dag(models: Sequence[str]) -> DAG:
    """Return the DAG with a form for all models."""
    with DAG(
        dag_id="backtest",
        description="Try retraining policies on a model's own past",
        doc_md=__doc__,
        schedule=None,
        start_date=datetime(2000, 1, 1, tzinfo=UTC),
        max_active_runs=2,
        default_args=default_args("Nightshift"),
        tags={"nightshift", "operate"},
        params={
            "model": Param(models[0], enum=list(models), title="Model"),
            "policies": Param(
                "", type="string", pattern=r"^[a-z0-9_(),.% ]*$", maxLength=1000, title="Policies",
                description="Such as auto, every(7); empty for a usual set",
            ),
            "first": Param(
                "", type="string", pattern=PERIOD_PATTERN, title="First night that decides",
                description="A key or a period (2013-Q1); everything before is history; empty: after a fifth of the past",
            ),
            "last": Param("", type="string", pattern=PERIOD_PATTERN, title="Last partition"),
            "label_delay": Param(
                "", type="string", pattern=r"^(\d+[mhdw]?)?$", title="Label delay",
                description="Partitions (1) or time (30d); empty for the configured one",
            ),
            "windows": Param(
                "", type="string", pattern=r"^[a-z0-9(),. ]*$", maxLength=200, title="Training windows",
                description="In partitions, such as last(6), decay(4); empty for those of the YAML",
            ),
            "latency": Param(
                0, type="integer", minimum=0, maximum=100, title="Latency",
                description="Partitions from a training to its serving, beside the one that follows",
            ),
            "gates": Param(True, type="boolean", title="Under each mode of the gate as well"),
        },
    ) as dag:  # fmt: skip
        told = {"name": "{{ params.model }}", "form": {name: f"{{{{ params.{name} }}}}" for name in ASKED}}
        cuts = PlanBacktestOperator(task_id="cuts", **told)
        candidates = ComputeCutsOperator.partial(
            task_id="candidates", max_active_tis_per_dagrun=PARALLEL, map_index_template="{{ task.cuts[0] }}", **told
        ).expand(cuts=cuts.output)
        replay = ReplayOperator(task_id="replay", **told)
        cuts >> candidates >> replay
    return dag


_models = sorted(catalog_for("backtest_", "model", os.environ).models)
if _models:
    backtest = backtest_dag(_models)
