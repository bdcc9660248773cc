"""Ingest: one DAG a dataset, from its YAML file.

**Purpose.** Bring the rows of one partition into an immutable table, and let nobody see them unless they keep their
contract.

**Steps.** `ingest` pulls the rows into staged files; `validate` checks them against the contract; `publish` shows them in
one commit, or puts them into quarantine and records why.

**Schedule.** One run a partition, by the dataset's cron line, after the partition has ended. A backfill over a range
works like any other. By hand: give `partition` (and `last`, to load a range in one run).

**When it is red.** `publish`: the partition is blocked; its log and the dataset's owner's Slack channel say which checks
failed, and the validation report shows all of them. Nights that need it go on without retraining. Correct the source and
clear the run. `ingest`: the source could not be read; the error names file, row and column. Any task may be cleared and
run again at any time.
"""

from __future__ import annotations

import os

from airflow.sdk import DAG, Param
from nightshift.defaults import (
    KEY_PATTERN,
    PARTITION,
    broken_dag,
    catalog_for,
    dataset_asset,
    dates,
    default_args,
    partition_param,
)
from nightshift.operators.ingest import IngestOperator
from nightshift.operators.publish import PublishOperator
from nightshift.operators.validate import ValidateOperator
from nightshift.timetables import partition_timetable

from include.config.dataset import Dataset

FORM = "Load by hand"


def ingest_dag(dataset: Dataset) -> DAG:
    """Return the DAG of one dataset."""
    with DAG(
        dag_id=f"ingest_{dataset.name}",
        description=dataset.description,
        doc_md=__doc__,
        schedule=None if dataset.static else partition_timetable(dataset),
        catchup=False,
        max_active_runs=4,
        default_args=default_args(dataset.owner.name),
        tags={"nightshift", "dataset"},
        params={
            "partition": Param("static", const="static", section=FORM) if dataset.static else partition_param(FORM),
            "last": Param(
                "",
                type="string",
                pattern=KEY_PATTERN,
                title="Last partition",
                section=FORM,
                description="Load a range in one run; empty for one partition",
            ),
        },
        **dates(dataset),
    ) as dag:
        ingest = IngestOperator(task_id="ingest", name=dataset.name, partition=PARTITION, last="{{ params.last }}")
        validate = ValidateOperator(task_id="validate", name=dataset.name, partition=PARTITION)
        publish = PublishOperator(
            task_id="publish", name=dataset.name, partition=PARTITION, outlets=[dataset_asset(dataset.name)]
        )
        ingest >> validate >> publish
    return dag


_catalog = catalog_for("ingest_", "dataset", os.environ)
for _dataset in _catalog.datasets.values():
    globals()[f"ingest_{_dataset.name}"] = ingest_dag(_dataset)
for _broken in _catalog.broken.values():
    if _broken.kind == "dataset":
        globals()[f"ingest_{_broken.name}"] = broken_dag(f"ingest_{_broken.name}", _broken)
