"""What all DAGs share: retries, owners, dates, forms, and the DAG that stands for a broken file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, Param, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from include.config.load import config_root, load_catalog, load_one
from include.partitions import partition_from_key
from nightshift.notifier import task_failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.config.dataset import Dataset
    from include.config.load import BrokenFile, Catalog, Kind

KEY_PATTERN = r"^(\d{4}-\d{2}-\d{2}(T\d{2}Z)?|static)?$"
# a backtest's nights, by key or by period: 2013, 2013-Q1, 2013-03, 2013-W05
PERIOD_PATTERN = r"^(\d{4}(-?Q[1-4]|-W?\d{2}|-\d{2}-\d{2}(T\d{2}Z?)?)?)?$"
PARTITION = "{{ dag_run.partition_key or params.partition }}"


def catalog_for(prefix: str, kind: Kind, environ: Mapping[str, str]) -> Catalog:
    """Return the configuration a DAG file needs: in a task, only the file of the task's own DAG.

    Parameters
    ----------
    prefix : str
        What the DAG ids of the file begin with.
    kind : str
        ``dataset`` or ``model``: what follows the prefix.
    environ : mapping
        Where ``NIGHTSHIFT_CONFIG`` is looked up.
    """
    root = config_root(environ)
    dag_id = get_parsing_context().dag_id
    if dag_id and dag_id.startswith(prefix):
        return load_one(root, kind, dag_id.removeprefix(prefix))
    return load_catalog(root)


def default_args(owner: str) -> dict[str, Any]:
    """Return the arguments of every task: safe to run twice, so tried again, later each time."""
    return {
        "owner": owner,
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "on_failure_callback": task_failed,
    }


def dates(dataset: Dataset) -> dict[str, datetime]:
    """Return ``start_date`` and ``end_date`` of a dataset's schedule; fixed, so that parsing twice gives one DAG."""
    found: dict[str, datetime] = {"start_date": datetime(2000, 1, 1, tzinfo=UTC)}
    if dataset.first_partition:
        found["start_date"] = partition_from_key(dataset.first_partition, dataset.partition, dataset.timezone).start
    if dataset.last_partition:
        last = partition_from_key(dataset.last_partition, dataset.partition, dataset.timezone)
        # the tick after next, which a cron line of midnight would meet, names a partition that there is not
        found["end_date"] = last.following().end - timedelta(seconds=1)
    return found


def partition_param(section: str) -> Param:
    """Return the form field that names a partition by hand."""
    return Param(
        "",
        type="string",
        pattern=KEY_PATTERN,
        title="Partition",
        section=section,
        description="Key of the partition, such as 2013-03-01; the schedule fills it in on its own runs",
    )


def dataset_asset(name: str) -> Asset:
    """Return the asset that stands for a dataset's visible rows."""
    return Asset(name=f"{name}", uri=f"nightshift://datasets/{name}")


def predictions_asset(name: str) -> Asset:
    """Return the asset that stands for a model's predictions; other teams may schedule on it."""
    return Asset(name=f"{name}_predictions", uri=f"nightshift://models/{name}/predictions")


def champion_asset(name: str) -> Asset:
    """Return the asset that stands for a model's champion; other teams may schedule on it."""
    return Asset(name=f"{name}_champion", uri=f"nightshift://models/{name}/champion")


def broken_dag(dag_id: str, broken: BrokenFile) -> DAG:
    """Return the DAG that stands for a file with errors: its page is the error and its only task fails with it."""
    text = broken.text
    with DAG(
        dag_id=dag_id,
        schedule=None,
        start_date=datetime(2000, 1, 1, tzinfo=UTC),
        tags={"config-error", "nightshift"},
        doc_md=f"# {broken.path.name} has errors\n\n```\n{text}\n```\n",
    ) as dag:

        @task(task_id="configuration", retries=0)
        def configuration() -> None:
            raise AirflowFailException(text)

        configuration()
    return dag
