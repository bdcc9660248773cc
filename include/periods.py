"""Periods as people and folders write them (``2016``, ``2016-Q1``, ``2016-03``, ``2016-W05``), and the partitions in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.errors import ConfigError
from include.partitions import Grain, Partition, partition_at

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2})(?::?00){0,2}(Z?)$")
_FORMS: tuple[tuple[re.Pattern[str], Grain, Callable[[re.Match[str]], datetime]], ...] = (
    (re.compile(r"^(\d{4})$"), "year", lambda m: datetime(int(m[1]), 1, 1)),  # noqa: DTZ001 (the zone follows)
    (re.compile(r"^(\d{4})-?Q([1-4])$"), "quarter", lambda m: datetime(int(m[1]), 3 * int(m[2]) - 2, 1)),  # noqa: DTZ001
    (re.compile(r"^(\d{4})-(\d{2})$"), "month", lambda m: datetime(int(m[1]), int(m[2]), 1)),  # noqa: DTZ001
    (re.compile(r"^(\d{4})-W(\d{2})$"), "week", lambda m: datetime.fromisocalendar(int(m[1]), int(m[2]), 1)),
    (re.compile(r"^(\d{4}-\d{2}-\d{2})$"), "day", lambda m: datetime.fromisoformat(m[1])),
)
_NAMED: dict[Grain, str] = {
    "hour": "a UTC hour such as 2013-03-01T05Z",
    "day": "a date such as 2013-03-01",
    "week": "a Monday such as 2013-03-04, or 2013-W10",
    "month": "a first day such as 2013-03-01, or 2013-03",
    "quarter": "a first day such as 2013-01-01, or 2013-Q1",
    "year": "a first day such as 2013-01-01, or 2013",
}


def period_interval(text: str, timezone: str) -> tuple[datetime, datetime]:
    """Return the half-open interval in UTC that a period's text names.

    Parameters
    ----------
    text : str
        A year ``2016``, quarter ``2016-Q1``, month ``2016-03``, ISO week ``2016-W05``, day ``2016-03-01``, local hour
        ``2016-03-01T05``, UTC hour ``2016-03-01T05Z``, or two of them, the last included: ``2016-01-04/2016-01-10``.
    timezone : str
        IANA zone in which all but a UTC hour are local.

    Raises
    ------
    ValueError
        For any other text.

    Notes
    -----
    A local hour that occurs twice when the clocks change is the first of the two; write UTC hours to tell them apart.

    Examples
    --------
    >>> [at.isoformat() for at in period_interval("2016-W05", "UTC")]
    ['2016-02-01T00:00:00+00:00', '2016-02-08T00:00:00+00:00']
    """
    first, slash, last = text.partition("/")
    start, end = _one(first, timezone)
    if slash:
        end = _one(last, timezone)[1]
        if end <= start:
            message = f"{text!r} ends before it starts"
            raise ValueError(message)
    return start, end


def partitions_named(text: str, grain: Grain, timezone: str) -> tuple[Partition, Partition]:
    """Return the first and the last partition that begin in what a person names.

    Parameters
    ----------
    text : str
        The key of a partition, or a period; see `period_interval`.
    grain, timezone : str
        Of the partitions.

    Raises
    ------
    ConfigError
        When it is neither, or no partition begins in it.

    Examples
    --------
    >>> [partition.key for partition in partitions_named("2013-Q1", "month", "UTC")]
    ['2013-01-01', '2013-03-01']
    """
    try:
        start, end = period_interval(text, timezone)
    except (ValueError, OverflowError):
        raise _unnamed(text, grain, "") from None
    around = partition_at(start, grain, timezone)
    first = around if around.start == start else around.following()
    if first.start >= end:
        raise _unnamed(text, grain, f"the first day of a {grain}, {around.key}, ")
    return first, partition_at(end - timedelta(seconds=1), grain, timezone)


def partition_named(text: str, grain: Grain, timezone: str) -> Partition:
    """Return the one partition that a person names: by its key, or as the period that it is.

    Raises
    ------
    ConfigError
        When it is neither, or several partitions.

    Examples
    --------
    >>> partition_named("2013-W05", "week", "UTC").key, partition_named("2013-01-28", "week", "UTC").key
    ('2013-01-28', '2013-01-28')
    """
    first, last = partitions_named(text, grain, timezone)
    if first != last:
        raise ConfigError.at(
            f"partition {text!r}",
            f"names several, from {first.key} to {last.key}",
            f"one {grain}, such as {first.key}",
            f"name one, or where a command takes a range, --from {text} --to {text}",
        )
    if text != first.key and period_interval(text, timezone) != (first.start, first.end):
        raise _unnamed(text, grain, f"{first.key}, ")
    return first


def _unnamed(text: str, grain: Grain, nearest: str) -> ConfigError:
    return ConfigError.at(
        f"partition {text!r}",
        f"is not the key of a {grain}",
        f"{nearest}{_NAMED[grain]}",
        "name the partition by its start, or by its period",
    )


def _one(text: str, timezone: str) -> tuple[datetime, datetime]:
    found = _HOUR.match(text)
    if found:
        zone = UTC if found[3] else ZoneInfo(timezone)
        start = datetime.fromisoformat(f"{found[1]}T{found[2]}:00:00").replace(tzinfo=zone).astimezone(UTC)
        return start, start + timedelta(hours=1)
    for pattern, grain, first_day in _FORMS:
        match = pattern.match(text)
        if match:
            local = first_day(match).replace(
                tzinfo=ZoneInfo(timezone), hour=12
            )  # noon is inside whatever the clocks do
            partition = partition_at(local, grain, timezone)
            return partition.start, partition.end
    message = f"{text!r} is not a period"
    raise ValueError(message)
