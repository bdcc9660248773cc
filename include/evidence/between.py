"""How far nights differ beyond what their number of rows explains."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from include.evidence.autocorrelation import spread_of
from include.evidence.conformal import without_calendar
from include.evidence.stream import NightValue, Stream, StreamState

_SURE = 2.0  # standard errors by which the nights must vary more than their rows explain
_FEWEST = 10
_EFFICIENCY = 0.37  # of the median absolute deviation, against the standard deviation of normal nights


def between_nights(values: Sequence[NightValue], labels: Sequence[Hashable] | None = None) -> float:
    """Return the standard deviation between nights beyond that of sampling rows, in the signal's unit.

    Parameters
    ----------
    values : sequence of NightValue
        Of the nights that fill a pool, with the spread that their rows explain.
    labels : sequence, optional
        Calendar labels whose effect on the nights counts as variation too, so that it does not move with the rows.

    Returns
    -------
    float
        0 where the rows explain everything, or cannot be told.

    Notes
    -----
    Real nights differ by far more than their rows explain (weather, holidays). A value divided by the spread of its
    rows alone then grows with the square root of the number of rows, and a quieter month looks like a change of every
    feature. Divided by ``√(spread² + between²)`` it does not.

    Examples
    --------
    >>> nights = [NightValue(0.0, float(10 * (-1) ** i), spread=0.1) for i in range(40)]
    >>> round(between_nights(nights), 2)
    1.48
    """
    told = [one for one in values if math.isfinite(one.studentised) and math.isfinite(one.spread)]
    if len(told) < _FEWEST:
        return 0.0
    deviations = np.array([one.studentised * one.spread for one in told])
    explained = float(np.mean([one.spread**2 for one in told]))
    seen = max(spread_of(deviations), _calendar_spread(deviations, labels)) ** 2
    limit = explained * (1.0 + _SURE * math.sqrt(2.0 / (_EFFICIENCY * len(told))))
    return math.sqrt(seen - explained) if seen > limit else 0.0


def _calendar_spread(deviations: np.ndarray, labels: Sequence[Hashable] | None) -> float:
    """Return the standard deviation of the calendar's effect over the nights."""
    if labels is None or len(labels) != deviations.size:
        return 0.0
    return float((deviations - without_calendar(deviations, list(labels))).std())


def started(stream: Stream, nights: Mapping[str, NightValue], labels: Sequence[Hashable] | None = None) -> StreamState:
    """Return a stream whose pool holds these nights, studentised for how far they differ between themselves.

    Parameters
    ----------
    stream : Stream
        Which one.
    nights : mapping of str to NightValue
        By partition, oldest first.
    labels : sequence, optional
        Calendar label of each night.
    """
    between = between_nights(list(nights.values()), labels)
    values = [value.among(between) for value in nights.values()]
    return StreamState.start(
        stream, list(nights), [value.studentised for value in values], [value.value for value in values], between
    )
