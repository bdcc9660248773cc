"""Nightly: one DAG a model, from its YAML file.

**Purpose.** Keep one model fresh: score the night's rows, measure, decide whether retraining is worth it, train, judge.

**Steps.** `wait` for the verdicts on the model's datasets; `features` as they were known at prediction time; `score`
with the champion; `measure` labels that have matured, performance, signals; `decide` by the policy; `train` a candidate
if so decided; `gate` judges it, or again the one that waits; `promote` starts the promotion of one that passed; `report`
writes the night's page and sends messages.

**Schedule.** One run a partition of the rows' dataset. Backfill a range as usual: snapshots, features and labels come
out the same in any order; only a night later than all decided ones may train. By hand: give `partition`; `force` with a
reason retrains whatever the policy says.

**Skipped tasks are normal.** A skipped `train` or `gate` means that nothing was to be trained or judged; its log, and the
reason in `decide`, say why.

**When it is red.** Predictions of earlier nights stay as they are. Read the failed task's log; correct; clear it. Every
task may run again, or twice at once, without harm. A night that waits for its data ends its wait at the deadline, goes
on with what there is, and does not retrain.
"""

from __future__ import annotations

import os

from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, Param, SyncCallback
from nightshift.defaults import (
    PARTITION,
    broken_dag,
    catalog_for,
    dates,
    default_args,
    partition_param,
    predictions_asset,
)
from nightshift.notifier import deadline_missed
from nightshift.operators.decide import DecideOperator
from nightshift.operators.features import FeaturesOperator
from nightshift.operators.gate import GateOperator
from nightshift.operators.measure import MeasureOperator
from nightshift.operators.promote import StartPromotionOperator
from nightshift.operators.report import ReportOperator
from nightshift.operators.score import ScoreOperator
from nightshift.operators.train import TrainOperator
from nightshift.operators.wait import WaitOperator
from nightshift.timetables import partition_timetable

from include.config.dataset import Dataset
from include.config.model import Model

FORM = "Run a night by hand"


def nightly_dag(model: Model, rows: Dataset) -> DAG:
    """Return the DAG of one model."""
    late = model.alerts.deadline
    with DAG(
        dag_id=f"nightly_{model.name}",
        description=model.description,
        doc_md=__doc__,
        schedule=partition_timetable(rows, model),
        catchup=False,
        max_active_runs=1,
        default_args=default_args(model.owner.name) | {"name": model.name, "partition": PARTITION},
        tags={"nightshift", "model"},
        deadline=DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=late,
            callback=SyncCallback(deadline_missed, kwargs={"model": model.name, "hours": late.total_seconds() / 3600}),
            name=f"{model.name} done in time",
        ),
        params={
            "partition": partition_param(FORM),
            "force": Param(
                "",
                type="string",
                maxLength=500,
                title="Retrain now, because",
                section=FORM,
                description="A reason retrains whatever the policy says; empty leaves it to the policy",
            ),
        },
        **dates(rows),
    ) as dag:
        wait = WaitOperator(task_id="wait", deadline=late, poke_interval=5)
        features = FeaturesOperator(task_id="features")
        score = ScoreOperator(task_id="score", outlets=[predictions_asset(model.name)])
        measure = MeasureOperator(task_id="measure")
        decide = DecideOperator(task_id="decide", force="{{ params.force }}")
        train = TrainOperator(task_id="train", pool="training")
        gate = GateOperator(task_id="gate", trigger_rule="none_failed")
        promote = StartPromotionOperator(task_id="promote", trigger_dag_id=f"promote_{model.name}")
        report = ReportOperator(task_id="report", trigger_rule="all_done")
        wait >> features >> score >> measure >> decide >> train >> gate >> promote >> report
    return dag


_catalog = catalog_for("nightly_", "model", os.environ)
for _model in _catalog.models.values():
    globals()[f"nightly_{_model.name}"] = nightly_dag(_model, _catalog.dataset(_model.rows))
for _broken in _catalog.broken.values():
    if _broken.kind == "model":
        globals()[f"nightly_{_broken.name}"] = broken_dag(f"nightly_{_broken.name}", _broken)
