"""The partition of a history that a person names: its key, a folder's name of it, or a longer period around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import PolicyError
from include.periods import period_interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.partitions import Partition


def first_from(text: str, partitions: Sequence[Partition]) -> int:
    """Return the place of the first partition that begins in a period, or after it where that lies in a gap.

    Parameters
    ----------
    text : str
        ``2013``, ``2013-Q1``, ``2013-03``, ``2013-W05``, ``2013-03-01`` or ``2013-03-01T05Z``, whatever the partitions are.
    partitions : sequence of Partition
        In the order of time.

    Raises
    ------
    PolicyError
        When it is no period, or lies before or after the history.
    """
    start, end = _period(text, partitions)
    found = next((place for place, partition in enumerate(partitions) if partition.start >= start), None)
    if found is None or end <= partitions[0].start:
        raise _outside(text, partitions)
    return found


def last_until(text: str, partitions: Sequence[Partition]) -> int:
    """Return the place of the last partition that begins in a period or before it; see `first_from`."""
    _, end = _period(text, partitions)
    found = [place for place, partition in enumerate(partitions) if partition.start < end]
    if not found:
        raise _outside(text, partitions)
    return found[-1]


def _period(text: str, partitions: Sequence[Partition]) -> tuple[datetime, datetime]:
    try:
        return period_interval(text, partitions[0].timezone)
    except ValueError:
        expected = f"a key such as {partitions[0].key}, or 2013, 2013-Q1, 2013-03, 2013-W05, 2013-03-01"
        raise PolicyError.at(f"night {text!r}", "is no period", expected, "correct --from or --to") from None


def _outside(text: str, partitions: Sequence[Partition]) -> PolicyError:
    expected = f"one from {partitions[0].key} to {partitions[-1].key}"
    return PolicyError.at(f"night {text}", "is not in the history", expected, "correct --from or --to")
