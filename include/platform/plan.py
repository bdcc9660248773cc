"""What a run of real nights needs from the platform: bulk loads of history, then one backfill a DAG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.errors import ConfigError
from include.partitions import Partition, partitions_between
from include.periods import partitions_named
from include.project import STATIC_KEY

if TYPE_CHECKING:
    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.project import Project

USUAL_NIGHTS = 14


@dataclass(frozen=True)
class Plan:
    """The nights of one model that are to be worked through.

    Attributes
    ----------
    model : Model
        Whose nights they are.
    history : tuple of Partition
        First and last partition of the bulk load.
    nights : tuple of Partition
        The last night of the history, which trains the first champion, then the nights asked for.
    """

    model: Model
    history: tuple[Partition, Partition]
    nights: tuple[Partition, ...]

    @property
    def keys(self) -> list[str]:
        """Return the keys of the nights."""
        return [night.key for night in self.nights]


def plan_of(project: Project, name: str | None, first: str | None, last: str | None, since: str | None) -> Plan:
    """Return the plan that a user asked for, with what the configuration says for the rest.

    Parameters
    ----------
    project : Project
        The installation.
    name : str, optional
        Model; the only one that is configured when omitted.
    first, last : str, optional
        Keys of the first and last night; the model's first partition and 13 nights more when omitted.
    since : str, optional
        Key of the first partition of history; the dataset's first one when omitted.

    Raises
    ------
    ConfigError
        When what is omitted cannot be told.
    """
    models = project.catalog.models
    if name is None and len(models) != 1:
        raise ConfigError.at(
            "run",
            f"{len(models)} models are configured",
            "one, or a choice",
            f"name one with --model: {', '.join(models) or 'none'}",
        )
    model = project.catalog.model(name or next(iter(models)))
    rows = project.catalog.dataset(model.rows)
    start_key, history_key = first or model.first_partition, since or rows.first_partition
    if start_key is None or history_key is None:
        raise ConfigError.at(
            f"model {model.name}",
            "does not say where its nights and its history begin",
            "first_partition of the model and of its rows",
            "add them, or give --first and --history-from",
        )
    start, _ = partitions_named(start_key, rows.partition, rows.timezone)
    end = partitions_named(last, rows.partition, rows.timezone)[1] if last else start.shifted(USUAL_NIGHTS - 1)
    history, _ = partitions_named(history_key, rows.partition, rows.timezone)
    if end.start < start.start or history.start >= start.start:
        raise ConfigError.at(
            "run",
            f"history from {history.key}, nights from {start.key} to {end.key}",
            "them in this order",
            "correct the flags",
        )
    return Plan(model, (history, start.preceding()), (start.preceding(), *partitions_between(start, end)))


def orders(project: Project, plan: Plan) -> dict[str, Any]:
    """Return the plan in the words of ``config/launch.py``."""
    runs: list[dict[str, Any]] = []
    backfills: list[dict[str, Any]] = []
    first, end = plan.nights[1], plan.nights[-1]
    for name in plan.model.all_datasets:
        dataset = project.catalog.dataset(name)
        runs.append({"dag_id": f"ingest_{name}", **_bulk(dataset, plan)})
        if not dataset.static:
            backfills.append(_backfill(f"ingest_{name}", first, end, active=2))
    backfills.append(_backfill(f"nightly_{plan.model.name}", plan.nights[0], end, active=1))
    return {"pools": {"training": 1}, "runs": runs, "backfills": backfills}


def _bulk(dataset: Dataset, plan: Plan) -> dict[str, Any]:
    if dataset.static:
        return {"run_id": "history__static", "conf": {"partition": STATIC_KEY}}
    first, last = plan.history
    low = _own(dataset, first.start)
    high = _own(dataset, last.start)
    return {"run_id": f"history__{low}__{high}", "conf": {"partition": low, "last": high}}


def _own(dataset: Dataset, instant: Any) -> str:
    from include.partitions import partition_at

    return partition_at(instant, dataset.partition, dataset.timezone).key


def _backfill(dag_id: str, first: Partition, last: Partition, active: int) -> dict[str, Any]:
    """Return a backfill over whole partitions; Airflow reads its bounds as wall-clock times of the timetable's zone."""
    low, high = _wall_clock(first, first.start), _wall_clock(last, last.end - timedelta(seconds=1))
    return {"dag_id": dag_id, "from": low.isoformat(), "to": high.isoformat(), "max_active_runs": active}


def _wall_clock(partition: Partition, instant: datetime) -> datetime:
    zone = "UTC" if partition.grain == "hour" else partition.timezone
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
