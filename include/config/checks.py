"""What must hold beyond each key's own type: between the keys of a file, and between files."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from include.config.errors import did_you_mean
from include.config.yaml_text import Flaw, KeyPath
from include.errors import ConfigError, PolicyError
from include.partitions import Grain, partition_at, partition_from_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from include.config.dataset import Dataset
    from include.config.model import Model

_TICKS = 10


def dataset_flaws(dataset: Dataset) -> Iterator[Flaw]:
    """Yield what is wrong between the keys of a dataset."""
    said = cron_flaw(dataset.cron, dataset.partition, dataset.timezone)
    if said and not dataset.static:
        yield Flaw(("schedule",), said)
    yield from _partition_flaws(dataset)
    columns = dataset.contract.columns
    for name in dataset.derive:
        if columns and name not in columns:
            yield Flaw(
                ("derive", name), "is derived, but contract.columns has no rule for it; it would be dropped", True
            )
    if dataset.event_time and dataset.event_time in dataset.outcome:
        yield Flaw(("outcome",), f"names {dataset.event_time!r}, which is event_time; it is known before the event")


def _partition_flaws(dataset: Dataset) -> Iterator[Flaw]:
    instants = []
    for field in ("first_partition", "last_partition"):
        key = getattr(dataset, field)
        if key is None:
            continue
        if dataset.static:
            yield Flaw((field,), "has no meaning: the dataset is static", True)
            continue
        try:
            instants.append(partition_from_key(key, dataset.partition, dataset.timezone).start)
        except ConfigError as error:
            yield Flaw((field,), f"is wrong: {error}")
    if len(instants) == 2 and instants[1] < instants[0]:
        yield Flaw(
            ("last_partition",), f"is {dataset.last_partition}, before first_partition {dataset.first_partition}."
        )


@lru_cache(maxsize=512)
def cron_flaw(line: str, grain: Grain, timezone: str) -> str | None:
    """Return what is wrong with a cron line for partitions of a grain, None when it ticks once a partition.

    Examples
    --------
    >>> cron_flaw("0 2 * * *", "day", "UTC") is None
    True
    >>> cron_flaw("0 2 * * 1-5", "day", "UTC")
    "is '0 2 * * 1-5', which does not tick once in every day; partitions would be left out or drawn twice."
    """
    from zoneinfo import ZoneInfo

    from croniter import croniter  # type: ignore[import-untyped]

    if not croniter.is_valid(line) or (not line.startswith("@") and len(line.split()) != 5):
        return f"is {line!r}, not a cron line of five fields (minute hour day month weekday), such as '0 2 * * *'."
    start = datetime(2024, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(timezone))
    ticks = croniter(line, start)
    drawn = [partition_at(ticks.get_next(datetime), grain, timezone) for _ in range(_TICKS)]
    if any(earlier.following() != later for earlier, later in pairwise(drawn)):
        return f"is {line!r}, which does not tick once in every {grain}; partitions would be left out or drawn twice."
    return None


def model_flaws(
    model: Model, datasets: Mapping[str, Dataset], broken: Collection[str], sql: str | None
) -> Iterator[Flaw]:
    """Yield what is wrong between the keys of a model, and between it and the datasets."""
    yield from _dataset_references(model, datasets, broken)
    rows = datasets.get(model.rows)
    if rows is not None:
        yield from _rows_flaws(model, rows)
    target = datasets.get(model.target.dataset)
    if target is not None:
        yield from _target_flaws(model, target)
    if model.features and sql is None:
        yield Flaw(("features",), f"names {model.features!r}, which is not beside this file.")
    said = _policy_flaw(model.policy.rule)
    if said:
        yield Flaw(("policy", "rule"), said)


def _dataset_references(model: Model, datasets: Mapping[str, Dataset], broken: Collection[str]) -> Iterator[Flaw]:
    places: dict[KeyPath, str] = {("rows",): model.rows, ("target", "dataset"): model.target.dataset}
    places |= {("datasets", index): name for index, name in enumerate(model.datasets)}
    for path, name in places.items():
        if name in broken:
            yield Flaw(path, f"names {name!r}, whose own file has errors: python -m include lint {name}")
        elif name not in datasets:
            hint = did_you_mean(name, datasets) or f" Known datasets: {', '.join(sorted(datasets)) or 'none'}."
            yield Flaw(path, f"names {name!r}, which is not a dataset.{hint}")


def _rows_flaws(model: Model, rows: Dataset) -> Iterator[Flaw]:
    if rows.static:
        yield Flaw(("rows",), f"names {rows.name!r}, which is static; rows need partitions, one a night.")
        return
    if model.schedule is not None:
        said = cron_flaw(model.schedule, rows.partition, rows.timezone)
        if said:
            yield Flaw(("schedule",), said)
    if model.first_partition is not None:
        try:
            partition_from_key(model.first_partition, rows.partition, rows.timezone)
        except ConfigError as error:
            yield Flaw(("first_partition",), f"is wrong: {error}")


def _target_flaws(model: Model, target: Dataset) -> Iterator[Flaw]:
    column = model.target.column
    columns = target.contract.columns
    if columns and column not in columns:
        hint = did_you_mean(column, columns)
        yield Flaw(("target", "column"), f"names {column!r}, which {target.name} does not have.{hint}")
    elif column not in target.outcome:
        yield Flaw(
            ("target", "column"),
            f"names {column!r}, which is not an outcome column of {target.name}; features would see the answer. "
            f"Add it to outcome in {target.name}.yaml.",
        )
    known_at = model.target.known_at
    if known_at and columns and known_at not in columns:
        hint = did_you_mean(known_at, columns)
        yield Flaw(("target", "known_at"), f"names {known_at!r}, which {target.name} does not have.{hint}")


def _policy_flaw(rule: str) -> str | None:
    from include.policy.parse import parse

    try:
        parse(rule)
    except PolicyError as error:
        return f"is {rule!r}: {error}"
    return None
