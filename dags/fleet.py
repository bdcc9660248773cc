"""Fleet: the upkeep of all models and datasets together, once a day.

**Purpose.** Keep what is derived from the ledgers right, reading quick, and the disk from growing for ever.

**Steps.** `reconcile` makes MLflow's aliases and runs, the table `fleet/nights`, the index pages and the messages say what the
ledgers say, and reports what somebody else has changed; `digest` sends each owner's channel what the last week (or day)
came to, once; `compaction` merges the small files of steps, evidence and alarms; `retention` removes files that no kept
version needs: never what a ledger has pinned, nor anything younger than the grace period of its YAML file.

**Schedule.** Daily at 06:00 UTC, in a new installation from the next 06:00 on (so that `make run` loads its history
undisturbed); the digest of a week is sent by its first run after the week has ended. By hand: choose the digest's period,
or let `retention` only say what it would remove.

**When it is red.** Nothing that nights need is affected. `reconcile`, `retention`: a ledger is broken; the error names the
record, and nothing is removed until it is restored. `compaction`: clear it. MLflow being down is not red: the next run
repairs it. Any task may be cleared and run again at any time, also while nights run.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from nightshift.defaults import default_args
from nightshift.operators.fleet import FleetOperator

FORM = "Upkeep by hand"

with DAG(
    dag_id="fleet",
    description="Digest, reconcile, compaction, retention",
    doc_md=__doc__,
    schedule="0 6 * * *",  # without a start_date its first run is the next one due, not the last one missed
    catchup=False,
    max_active_runs=1,
    default_args=default_args("nightshift"),
    tags={"nightshift", "fleet"},
    params={
        "digest": Param("week", enum=["week", "day", "never"], title="Digest of the last", section=FORM),
        "dry_run": Param(False, type="boolean", title="Remove nothing, only say what would go", section=FORM),
    },
) as dag:
    reconcile = FleetOperator(task_id="reconcile", what="reconcile")
    digest = FleetOperator(task_id="digest", what="digest", period="{{ params.digest }}")
    compaction = FleetOperator(task_id="compaction", what="compaction")
    retention = FleetOperator(task_id="retention", what="retention", dry_run="{{ params.dry_run }}")
    reconcile >> digest
    compaction >> retention
