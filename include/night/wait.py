"""wait: a night begins when each of its datasets has a verdict, or when its deadline has passed.

Its last act is the record ``night_start``, which fixes everything the night will use; every rerun reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.config.durations import format_duration
from include.errors import ConfigError
from include.evaluation.plan import beside_of
from include.features.version import feature_version
from include.night.named import refuse_unknown
from include.night.trial import on_its_way
from include.partitions import partition_at, partition_from_key, partitions_between
from include.project import STATIC_KEY
from include.registry.champions import champion_of_night
from include.registry.stages import replaced_of_night, trial_of_night

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition
    from include.project import Project
    from include.registry.ledger import Record

_WORST = ("pass", "warn", "cannot_tell", "block")


def wait(project: Project, name: str, partition: str, *, expired: bool = False) -> dict[str, Any] | None:
    """Begin a night when its data are there.

    Parameters
    ----------
    project : Project
        The installation.
    name : str
        Model.
    partition : str
        Key of the night.
    expired : bool
        Whether the deadline has passed: then the night begins with what there is, and says so.

    Returns
    -------
    dict or None
        The body of the ``night_start`` record; None while the night must go on waiting.

    Raises
    ------
    ConfigError
        When the dataset whose rows are scored has no such partition, before its first or after its last, or the model's
        file names columns that are not there.
    LedgerError
        When a record of the model's ledger, or of a dataset's, was changed or removed: nothing is decided on it.
    """
    ledger = project.model_ledger(name)
    started = ledger.find(f"night/{partition}")
    if started:
        return dict(started.body)
    model = project.catalog.model(name)
    night = project.night(model, partition)
    _refuse_outside(project.catalog.dataset(model.rows), night, name)
    data = {d: _dataset_state(project, project.catalog.dataset(d), night, model) for d in model.all_datasets}
    complete = not any(state["missing"] for state in data.values())
    ledger.check()
    for dataset in model.all_datasets:
        project.dataset_ledger(dataset).check()
    records = ledger.records()
    if not expired and not (complete and on_its_way(model, records) is None):
        return None
    body = _start(project, model, night, data, records)
    refuse_unknown(project, model, body["feature_version"])
    return dict(ledger.append("night_start", f"night/{partition}", body).body)


def _refuse_outside(rows: Dataset, night: Partition, name: str) -> None:
    if not needed_partitions(rows, night):
        raise ConfigError.at(
            f"model {name}, night {night.key}",
            f"dataset {rows.name} has no such partition",
            f"one from {rows.first_partition or 'any'} to {rows.last_partition or 'any'}",
            "name another night, or correct first_partition and last_partition of the dataset",
        )


def _start(
    project: Project, model: Model, night: Partition, data: Mapping[str, Any], records: Sequence[Record]
) -> dict[str, Any]:
    serving, on_trial = champion_of_night(records, night.key), trial_of_night(records, night.key)
    reasons = [f"{name}: {state['reason']}" for name, state in data.items() if state["reason"]]
    rows = project.catalog.dataset(model.rows)
    beside = beside_of(model.promotion, night.grain, tells_days=rows.event_time is not None)
    return {
        "partition": night.key,
        "start": night.start.isoformat(),
        "end": night.end.isoformat(),
        "champion": serving.candidate if serving else None,
        "champion_version": serving.version if serving else None,
        "trial": on_trial.as_json() if on_trial else None,
        "previous": replaced_of_night(records, night.key, beside),
        "configuration": project.catalog.digest(model.name),
        "feature_version": feature_version(
            project.catalog.features_sql(model.name), model, {d: project.catalog.dataset(d) for d in data}
        ),
        "datasets": data,
        "health": max((state["health"] for state in data.values()), key=_WORST.index),
        "reason": "; ".join(reasons),
    }


def _dataset_state(project: Project, dataset: Dataset, night: Partition, model: Model) -> dict[str, Any]:
    keys = needed_partitions(dataset, night)
    verdicts = {r.body["partition"]: r.body for r in project.dataset_ledger(dataset.name).records("verdict")}
    missing = [key for key in keys if key not in verdicts]
    found = [verdicts[key] for key in keys if key in verdicts]
    reasons = [
        f"{b['partition']} {b['health'].replace('_', ' ')}: {b['reason']}" for b in found if b["health"] != "pass"
    ]
    reasons += [f"{key} has not come within {format_duration(model.alerts.deadline)}" for key in missing]
    table = project.snapshots(dataset.name)
    return {
        "partitions": keys,
        "missing": missing,
        "revisions": {b["partition"]: b["revision"] for b in found},
        "health": max([b["health"] for b in found] + ["cannot_tell"] * bool(missing), key=_WORST.index, default="pass"),
        "reason": "; ".join(reasons),
        "rows": sum(b["rows"] for b in found),
        "version": table.version() if table else None,
    }


def needed_partitions(dataset: Dataset, night: Partition) -> list[str]:
    """Return the keys of a dataset's partitions that a night waits for: those inside its own interval."""
    if dataset.static:
        return [STATIC_KEY]
    first = partition_at(night.start, dataset.partition, dataset.timezone)
    last = partition_at(night.end, dataset.partition, dataset.timezone)
    inside = [p for p in partitions_between(first, last) if p.within(night)]
    low, high = dataset.first_partition, dataset.last_partition
    start = partition_from_key(low, dataset.partition, dataset.timezone).start if low else None
    end = partition_from_key(high, dataset.partition, dataset.timezone).end if high else None
    return [p.key for p in inside if (start is None or p.start >= start) and (end is None or p.end <= end)]
