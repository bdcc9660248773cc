"""The period that a folder's name says: ``period=2016-03``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from include.errors import SourceError
from include.partitions import Grain, partition_at

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = re.compile(r"^period=(.+)$")
_HOUR = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2})(?::?00){0,2}(Z?)$")
_FORMS: tuple[tuple[re.Pattern[str], Grain, Callable[[re.Match[str]], datetime]], ...] = (
    (re.compile(r"^(\d{4})$"), "year", lambda m: datetime(int(m[1]), 1, 1)),  # noqa: DTZ001 (the zone follows)
    (re.compile(r"^(\d{4})-?Q([1-4])$"), "quarter", lambda m: datetime(int(m[1]), 3 * int(m[2]) - 2, 1)),  # noqa: DTZ001
    (re.compile(r"^(\d{4})-(\d{2})$"), "month", lambda m: datetime(int(m[1]), int(m[2]), 1)),  # noqa: DTZ001
    (re.compile(r"^(\d{4})-W(\d{2})$"), "week", lambda m: datetime.fromisocalendar(int(m[1]), int(m[2]), 1)),
    (re.compile(r"^(\d{4}-\d{2}-\d{2})$"), "day", lambda m: datetime.fromisoformat(m[1])),
)


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


def period_of_folder(name: str, timezone: str, shown: str) -> tuple[datetime, datetime]:
    """Return the interval of a folder's name after ``period=``; `SourceError` when it names none."""
    text = unquote(name)
    try:
        return period_interval(text, timezone)
    except ValueError:
        raise SourceError.at(
            shown,
            f"the folder's period {text!r} cannot be read",
            "a year 2016, quarter 2016-Q1, month 2016-03, week 2016-W05, day 2016-03-01, hour 2016-03-01T05Z, "
            "or first/last of them",
            "rename the folder",
        ) from None


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
