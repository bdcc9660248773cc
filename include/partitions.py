"""Partitions: half-open intervals ``[start, end)`` of event time, cut at local boundaries, stored as UTC.

A key names the start of its partition: the local date for day, week, month, quarter and year, the UTC hour for an hour
(so that keys never collide when the clocks change).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import ZoneInfo

from include.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Grain = Literal["hour", "day", "week", "month", "quarter", "year"]
GRAINS: tuple[str, ...] = get_args(Grain)
STATIC_KEY = "static"  # the one partition of a dataset that has none
_HOUR_KEY = re.compile(r"^(\d{4}-\d{2}-\d{2})T(\d{2})Z$")
_DAY_KEY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_TYPICAL_HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0, "month": 730.5, "quarter": 2191.5, "year": 8766.0}


@dataclass(frozen=True, order=True)
class Partition:
    """One partition of a dataset, or one night of a model.

    Attributes
    ----------
    start, end : datetime
        Half-open interval in UTC.
    key : str
        The name of its start, unique within its grain and zone.
    grain : str
        One of ``hour``, ``day``, ``week``, ``month``, ``quarter``, ``year``.
    timezone : str
        IANA zone in which the boundaries are local.
    """

    start: datetime
    end: datetime
    key: str
    grain: Grain
    timezone: str

    @property
    def hours(self) -> float:
        """Length in hours (23 or 25 on the days when the clocks change)."""
        return (self.end - self.start).total_seconds() / 3600

    def following(self) -> Partition:
        """Return the partition that starts where this one ends."""
        return partition_at(self.end, self.grain, self.timezone)

    def preceding(self) -> Partition:
        """Return the partition that ends where this one starts."""
        return partition_at(self.start - timedelta(seconds=1), self.grain, self.timezone)

    def shifted(self, count: int) -> Partition:
        """Return the partition ``count`` places later (earlier when negative)."""
        found = self
        for _ in range(abs(count)):
            found = found.following() if count > 0 else found.preceding()
        return found

    def within(self, other: Partition) -> bool:
        """Tell whether this interval lies inside the other."""
        return other.start <= self.start and self.end <= other.end


def _first_day(day: date, grain: Grain) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    if grain == "year":
        return day.replace(month=1, day=1)
    return day


def _next_first_day(day: date, grain: Grain) -> date:
    step = {"day": 1, "week": 7, "month": 32, "quarter": 95, "year": 370}[grain]
    return _first_day(day + timedelta(days=step), grain)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def partition_at(instant: datetime, grain: Grain, timezone: str) -> Partition:
    """Return the partition that contains an instant.

    Parameters
    ----------
    instant : datetime
        With a zone.
    grain, timezone : str
        See `Partition`.

    Examples
    --------
    >>> partition_at(datetime(2013, 3, 10, 12, tzinfo=UTC), "day", "America/New_York").hours
    23.0
    """
    if grain == "hour":
        start = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Partition(start, start + timedelta(hours=1), start.strftime("%Y-%m-%dT%HZ"), grain, timezone)
    zone = ZoneInfo(timezone)
    first = _first_day(instant.astimezone(zone).date(), grain)
    start, end = _midnight(first, zone), _midnight(_next_first_day(first, grain), zone)
    return Partition(start, end, first.isoformat(), grain, timezone)


def partition_from_key(key: str, grain: Grain, timezone: str) -> Partition:
    """Return the partition of a key.

    Raises
    ------
    ConfigError
        When the key is not the start of a partition of this grain.

    Examples
    --------
    >>> partition_from_key("2013-03-01", "day", "America/New_York").start.isoformat()
    '2013-03-01T05:00:00+00:00'
    """
    try:
        if grain == "hour":
            found = _HOUR_KEY.match(key)
            instant = datetime.fromisoformat(f"{found[1]}T{found[2]}:00:00+00:00") if found else None
        elif _DAY_KEY.match(key):
            instant = _midnight(date.fromisoformat(key), ZoneInfo(timezone))
        else:
            instant = None
    except ValueError:
        instant = None
    partition = partition_at(instant, grain, timezone) if instant else None
    if partition is None or partition.key != key:
        expected = "a UTC hour such as 2013-03-01T05Z" if grain == "hour" else "a date such as 2013-03-01"
        if partition is not None:
            expected = f"the first day of a {grain}, {partition.key}"
        raise ConfigError.at(
            f"partition {key!r}", f"is not the key of a {grain}", expected, "name the partition by its start"
        )
    return partition


def partitions_between(first: Partition, last: Partition) -> list[Partition]:
    """Return the partitions from the first to the last, both included (empty when the last is earlier)."""
    return list(_walk(first, last))


def _walk(first: Partition, last: Partition) -> Iterator[Partition]:
    partition = first
    while partition.start <= last.start:
        yield partition
        partition = partition.following()


def outside_range(partition: Partition, first: str | None, last: str | None) -> bool:
    """Tell whether a partition lies before the first or after the last of those that there are.

    Parameters
    ----------
    partition : Partition
        The one asked for.
    first, last : str or None
        Keys of the first and last partition, of its own grain and zone; None where there is no limit.
    """
    if first and partition.start < partition_from_key(first, partition.grain, partition.timezone).start:
        return True
    return bool(last) and partition.end > partition_from_key(str(last), partition.grain, partition.timezone).end


def partitions_per_year(grain: Grain) -> float:
    """Return how many partitions a year has (dimensionless; 365.25 for days)."""
    return 8766.0 / _TYPICAL_HOURS[grain]


def typical_hours(grain: Grain) -> float:
    """Return the usual length of a partition in hours."""
    return _TYPICAL_HOURS[grain]
