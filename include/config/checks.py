"""What must hold beyond each key's own type: between the keys of a dataset, and what a cron line may say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from include.config.yaml_text import Flaw, KeyPath
from include.errors import ConfigError, SourceError
from include.partitions import Grain, partition_at, partition_from_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.dataset import Dataset, ValueRules

_TICKS = 10
_TEXTS = ("string", "category", "date", "timestamp")
_CALENDAR = ("date", "timestamp")


def dataset_flaws(dataset: Dataset) -> Iterator[Flaw]:
    """Yield what is wrong between the keys of a dataset."""
    said = cron_flaw(dataset.cron, dataset.partition, dataset.timezone)
    if said and not dataset.static:
        yield Flaw(("schedule",), said)
    yield from _partition_flaws(dataset)
    yield from _event_flaws(dataset)
    yield from _source_flaws(dataset)
    columns = dataset.contract.columns
    for name in dataset.derive:
        if columns and name not in columns:
            yield Flaw(("derive", name), "is derived, but contract.columns has no rule for it: it would be lost.", True)
    for name, rule in columns.items():
        yield from rule_flaws(("contract", "columns", name), rule, rule.type)


def _partition_flaws(dataset: Dataset) -> Iterator[Flaw]:
    starts = []
    for field in ("first_partition", "last_partition"):
        key = getattr(dataset, field)
        if key is None:
            continue
        if dataset.static:
            yield Flaw((field,), "has no meaning, since the dataset is static.", True)
            continue
        try:
            starts.append(partition_from_key(key, dataset.partition, dataset.timezone).start)
        except ConfigError as error:
            yield Flaw((field,), f"is wrong: {error}")
    if len(starts) == 2 and starts[1] < starts[0]:
        yield Flaw(
            ("last_partition",), f"is {dataset.last_partition}, before first_partition {dataset.first_partition}."
        )


def _event_flaws(dataset: Dataset) -> Iterator[Flaw]:
    event_time, source = dataset.event_time, dataset.source
    if event_time and event_time in dataset.outcome:
        yield Flaw(("outcome",), f"names {event_time!r}, which is event_time and therefore known before the event.")
    rule = dataset.contract.columns.get(event_time) if event_time else None
    if rule and rule.type not in _CALENDAR:
        path: KeyPath = ("contract", "columns", event_time or "", "type")
        yield Flaw(path, f"is '{rule.type}', but the column is event_time: expected one of: timestamp, date.")
    by_folder = source.kind == "files" and re.search(r"\.\w+$|[*?\[{]", source.path) is None
    if event_time is None and not dataset.static and not by_folder:
        yield Flaw(("event_time",), "is missing. Only static datasets and folders of period=… go without it.", True)


def _source_flaws(dataset: Dataset) -> Iterator[Flaw]:
    source = dataset.source
    if source.kind != "files":
        return
    from include.sources.places import scheme_of

    try:
        scheme = scheme_of(source.path)
    except SourceError:
        yield Flaw(("source", "path"), "has a scheme that is not allowed, expected a local path, s3:// or package:.")
        return
    if source.connection and scheme != "s3":
        yield Flaw(("source", "connection"), "has no meaning: only s3:// paths have credentials.", True)


def rule_flaws(path: KeyPath, rule: ValueRules, kind: str | None) -> Iterator[Flaw]:
    """Yield what is wrong within the rule of one column of a type (None: of any)."""
    if rule.regex is not None:
        try:
            re.compile(rule.regex)
        except re.error as error:
            yield Flaw((*path, "regex"), f"is {rule.regex!r}, not a regular expression: {error}.")
        if kind not in (None, "string", "category"):
            yield Flaw((*path, "regex"), f"is for texts, but the column is of type {kind}.", True)
    if rule.range is not None:
        yield from _range_flaws(path, rule.range, kind)
    wrong = [value for value in rule.set or () if kind is not None and not _fits(value, kind)]
    if wrong:
        advice = " Put it in quotes." if kind in _TEXTS else ""
        yield Flaw((*path, "set"), f"holds {wrong[0]!r}, which no value of type {kind} is.{advice}")


def _range_flaws(path: KeyPath, bounds: tuple[Any, Any], kind: str | None) -> Iterator[Flaw]:
    if kind in ("string", "category", "bool"):
        yield Flaw((*path, "range"), f"is for numbers, dates and timestamps, but the column is of type {kind}.", True)
        return
    wrong = [bound for bound in bounds if bound is not None and kind is not None and not _fits(bound, kind)]
    if wrong:
        expected = "a date such as 2013-03-01" if kind in _CALENDAR else "a number"
        yield Flaw((*path, "range"), f"has the bound {wrong[0]!r}, expected {expected}.")
    elif None not in bounds and isinstance(bounds[0], str) == isinstance(bounds[1], str) and bounds[0] > bounds[1]:
        yield Flaw((*path, "range"), f"begins at {bounds[0]} and ends before it, at {bounds[1]}.")


def _fits(value: Any, kind: str) -> bool:
    if kind in _CALENDAR:
        try:
            return isinstance(value, str) and datetime.fromisoformat(value.replace("Z", "+00:00")) is not None
        except ValueError:
            return False
    return isinstance(value, str) == (kind in _TEXTS)


@lru_cache(maxsize=512)
def cron_flaw(line: str, grain: Grain, timezone: str) -> str | None:
    """Return what is wrong with a cron line for partitions of a grain, None when it ticks once a partition.

    Examples
    --------
    >>> cron_flaw("0 2 * * *", "day", "UTC") is None
    True
    >>> cron_flaw("0 2 * * 1-5", "day", "UTC")
    "is '0 2 * * 1-5', which does not tick once in every day: partitions would be left out or drawn twice."
    """
    from zoneinfo import ZoneInfo

    from croniter import croniter  # type: ignore[import-untyped]

    if not croniter.is_valid(line) or (not line.startswith("@") and len(line.split()) != 5):
        return f"is {line!r}, not a cron line of five fields (minute hour day month weekday) such as '0 2 * * *'."
    start = datetime(2024, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(timezone))
    ticks = croniter(line, start)
    drawn = [partition_at(ticks.get_next(datetime), grain, timezone) for _ in range(_TICKS)]
    if any(earlier.following() != later for earlier, later in pairwise(drawn)):
        return f"is {line!r}, which does not tick once in every {grain}: partitions would be left out or drawn twice."
    return None
