"""Evidence without a night: recompute what was stored, or judge a whole history of values at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evidence.alarm import Alarm
from include.evidence.night import EvidenceError, NightResult, update
from include.evidence.rows import number, reference_rows, stream_of
from include.evidence.settings import Settings
from include.evidence.shares import shares
from include.evidence.stream import NightValue, Stream, StreamState

Key = tuple[str, str, str]


def replay(rows: Iterable[Mapping[str, Any]], settings: Settings) -> NightResult:
    """Return the evidence rows and alarms that the night values in these rows lead to.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of the evidence table. Only who, when, value, share, and where each pool started are used, so every
        p-value, log evidence and bound that comes back is computed anew and must equal what is stored.
    settings : Settings
        Model and grain; shares, rate and calendar are taken from the rows.

    Returns
    -------
    NightResult
        Rows in the order of measurement, and all alarms and notices ever raised, as open.
    """
    result = NightResult([], [], [], {})
    for row in sorted(rows, key=lambda one: (one["order"], one["signal"], one["subject"], one["model_version"])):
        stream = stream_of(row)
        tonight = NightValue(number(row["value"]), number(row["studentised"]))
        state = _restarted_like(result.states.get(stream.key, StreamState.start(stream)), row)
        if row["health"] == "reference":
            result.rows.extend(_as_reference(result, state, row, tonight))
            continue
        shared = _as_then(settings, stream.key, row)
        night = update({stream.key: state}, row["_partition"], {stream.key: tonight}, shared, row["order"])
        result.states.update(night.states)
        result.rows.extend(night.rows)
        result.alarms.extend(night.alarms)
        result.notices.extend(night.notices)
    return result


def _as_then(settings: Settings, key: Key, row: Mapping[str, Any]) -> Settings:
    rate = number(row.get("false_alarms_per_year"))
    if math.isnan(rate):  # of before the column
        return replace(settings, shares={key: row["share"]})
    return replace(settings, shares={key: row["share"]}, false_alarms_per_year=rate, calendar=bool(row["calendar"]))


def _as_reference(
    result: NightResult, state: StreamState, row: Mapping[str, Any], tonight: NightValue
) -> list[dict[str, Any]]:
    keys, values = (*state.partitions, row["_partition"]), (*state.values, tonight.studentised)
    between = row.get("between") or 0.0
    grown = StreamState.start(state.stream, keys, values, (*state.raw, tonight.value), between)
    result.states[state.stream.key] = grown
    made = reference_rows(state.stream, [row["_partition"]], [tonight], row["share"], row["order"])[0]
    size = len(grown.values)
    return [{**made, "between": between, "pool_start": grown.pool_start, "pool_size": size, "reference_nights": size}]


def _restarted_like(state: StreamState, row: Mapping[str, Any]) -> StreamState:
    """Return the state with its pool cut if this row says that it was cut since the last one."""
    same_pool = not state.partitions or row["pool_start"] == state.pool_start
    if row["health"] == "reference" or (same_pool and row["reference_nights"] == state.reference):
        return state
    if row["pool_start"] not in state.partitions:
        raise EvidenceError.at(
            f"evidence of {row['signal']} of {row['subject']}, {row['_partition']}",
            f"a pool that starts at {row['pool_start']}, which no row holds",
            "all rows of the stream since its pool started",
            "replay from the whole evidence table",
        )
    return state.restarted(row["pool_start"])


def alarms_of(
    values_by_subject: Mapping[str, Sequence[float] | NDArray[np.float64]],
    partitions: Sequence[str],
    *,
    alpha: float = 0.05,
    partitions_per_year: float = 365.25,
    reference_nights: int,
    model: str = "study",
) -> list[Alarm]:
    """Return the alarms of a finished history of night values, as they would have been raised night by night.

    Parameters
    ----------
    values_by_subject : mapping of str to sequence of length n_nights
        Night values (studentised where the number of rows varies); NaN where a night cannot tell.
    partitions : sequence of str
        Keys of the nights, oldest first.
    alpha : float
        Chance of any false alarm in a year, over all subjects together.
    partitions_per_year : float
        365.25 for days; also decides which calendar effect is removed.
    reference_nights : int
        The first nights, which only fill the pool.
    model : str
        Name that breaks ties.

    Returns
    -------
    list of Alarm
        In the order in which they were raised; each stands from then on, so at most one a subject.

    Raises
    ------
    EvidenceError
        When a subject has not one value for each partition.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.normal(size=100)
    >>> values[70:] += 6
    >>> days = [str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")) for i in range(100)]
    >>> found = alarms_of({"amount": values}, days, reference_nights=60)
    >>> [(alarm.subject, alarm.since) for alarm in found]
    [('amount', '2024-03-11')]
    """
    _check_lengths(values_by_subject, len(partitions))
    streams = {subject: Stream("study", subject) for subject in values_by_subject}
    settings = Settings(model, shares(streams.values()), alpha, partitions_per_year)
    known = partitions[:reference_nights]
    states = {
        one.key: StreamState.start(one, known, [float(v) for v in values_by_subject[subject][:reference_nights]])
        for subject, one in streams.items()
    }
    alarms: list[Alarm] = []
    for night in range(reference_nights, len(partitions)):
        told = {one.key: float(values_by_subject[subject][night]) for subject, one in streams.items()}
        tonight = {key: NightValue(value, value) for key, value in told.items()}
        result = update(states, partitions[night], tonight, settings, night)
        states = result.states
        alarms.extend(result.alarms)
    return alarms


def _check_lengths(values_by_subject: Mapping[str, Sequence[float] | NDArray[np.float64]], nights: int) -> None:
    for subject, values in values_by_subject.items():
        if len(values) != nights:
            raise EvidenceError.at(
                f"subject {subject}", f"{len(values)} values", f"{nights}, one a partition", "fill with NaN"
            )


_TOLERANCE = 1e-9  # other versions of libraries round the last bits differently


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two evidence rows are equal, NaN being equal to NaN and to null."""
    return one.keys() == other.keys() and not any(differing(one, other))


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the columns of the first row in which the second is different."""
    return [name for name in one if not _same(one[name], other.get(name))]


def _same(one: Any, other: Any) -> bool:
    empty = [value is None or (isinstance(value, float) and math.isnan(value)) for value in (one, other)]
    if any(empty):
        return all(empty)
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(one == other)
