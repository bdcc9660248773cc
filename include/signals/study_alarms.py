"""Alarms of a study: its groups, in their order, are the nights of the evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.signals.measure import Signal

if TYPE_CHECKING:
    from include.evidence.stream import NightValue, Stream, StreamState

Key = tuple[str, str, str]

FALSE_ALARMS_PER_YEAR = 0.05

_GRAINS = (
    (re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}Z$"), 8766.0),
    (re.compile(r"^\d{4}-\d{2}-\d{2}$"), 365.25),
    (re.compile(r"^\d{4}-\d{2}$"), 12.0),
    (re.compile(r"^\d{4}$"), 1.0),
)
_TOLD = ("partition", "subject", "signal", "evidence", "since", "effect", "sentence")


@dataclass(frozen=True)
class Night:
    """The signals of one group of a study."""

    partition: str
    signals: Sequence[Signal]


def partitions_per_year(keys: Sequence[str]) -> tuple[float, bool]:
    """Return how many groups make a year, from how their keys look, and whether they have a weekday or an hour.

    Days where the keys say nothing.

    Examples
    --------
    >>> partitions_per_year(["2024-01", "2024-02"]), partitions_per_year(["north", "south"])
    ((12.0, False), (365.25, False))
    """
    for pattern, number in _GRAINS:
        if keys and all(pattern.match(key) for key in keys):
            return number, number > 200
    return 365.25, False


def alarms_of(pool: Sequence[Night], nights: Sequence[Night]) -> list[dict[str, Any]]:
    """Return the alarms that the groups raise, in their order, as the evidence of a model's nights does.

    Parameters
    ----------
    pool : sequence of Night
        The reference's own groups, where it has any: they fill the pools, so that evidence is strong from the first
        current group.
    nights : sequence of Night
        The current groups in their order.

    Returns
    -------
    list of dict
        ``partition`` (that raised it), ``subject``, ``signal``, ``evidence`` (at least 1), ``since``, ``effect`` (in
        standard deviations of night values), ``sentence``. The chance that there is any in a year without a change is
        at most `FALSE_ALARMS_PER_YEAR`. Below 30 groups in pool and study together there is none.
    """
    from include.evidence.night import update
    from include.evidence.settings import Settings
    from include.evidence.shares import shares

    streams = _streams((*pool, *nights))
    per_year, calendar = partitions_per_year([night.partition for night in (*pool, *nights)])
    states = _filled(streams, pool, per_year if calendar else math.nan)
    settings = Settings(
        model="study",
        shares=shares(streams),
        false_alarms_per_year=FALSE_ALARMS_PER_YEAR,
        partitions_per_year=per_year,
        calendar=calendar,
    )
    found = []
    for order, night in enumerate(nights):
        result = update(states, night.partition, _values(night), settings, order)
        states = result.states
        found += [{name: getattr(alarm, name) for name in _TOLD} for alarm in result.alarms]
    return found


def _streams(nights: Sequence[Night]) -> list[Stream]:
    """Return a stream for each signal that any night has."""
    from include.evidence.stream import Stream

    names = sorted({(one.signal, one.subject) for night in nights for one in night.signals})
    return [Stream(signal, subject) for signal, subject in names]


def _filled(streams: Sequence[Stream], pool: Sequence[Night], per_year: float) -> dict[Key, StreamState]:
    """Return each stream with the nights of the reference in its pool."""
    from include.evidence.between import started
    from include.evidence.conformal import calendar_labels

    told: dict[Key, dict[str, NightValue]] = {stream.key: {} for stream in streams}
    for night in pool:
        for key, value in _values(night).items():
            told[key][night.partition] = value
    labels = calendar_labels([night.partition for night in pool], per_year)
    return {stream.key: started(stream, told[stream.key], labels) for stream in streams}


def _values(night: Night) -> dict[Key, NightValue]:
    from include.evidence.stream import NightValue

    return {(one.signal, one.subject, ""): NightValue(one.value, one.studentised, one.spread) for one in night.signals}
