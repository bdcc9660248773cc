"""What a night's evidence says to people: alarms and notices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evidence.alarm import Alarm
from include.evidence.autocorrelation import spread_of
from include.evidence.detector import start_of_change
from include.evidence.effect import size_of
from include.evidence.notice import is_gross
from include.evidence.settings import Settings, cleaned
from include.evidence.stream import FEWEST_NIGHTS, StreamState

Floats = NDArray[np.float64]

_TODO = "Mend the data, or acknowledge the change, or retrain: the diagnosis says which."


def alarm_of(state: StreamState, row: dict[str, Any], settings: Settings, order: int) -> Alarm | None:
    """Return the alarm of the detector that is farthest beyond its bound; None when none is, or it cannot tell."""
    excess = {
        "levels": row["log_evidence"] - row["log_bound"],
        "residuals": row["log_evidence_residual"] - row["log_bound_residual"],
    }
    detector = max(excess, key=lambda name: excess[name])
    if len(state.values) < FEWEST_NIGHTS or not excess[detector] >= 0.0:
        return None
    since = since_when(state, detector)
    suffix = "" if detector == "levels" else "_residual"
    first = max(state.partitions.index(since), 1)
    return Alarm(
        *state.stream.key,
        partition=state.partitions[-1],
        since=since,
        detector=detector,
        log_evidence=row[f"log_evidence{suffix}"],
        log_bound=row[f"log_bound{suffix}"],
        false_alarms_per_year=settings.false_alarms_per_year,
        effect=effect_since(state, since, settings),
        expected_loss=None,
        todo=_TODO,
        order=order,
        **_sized(state, first, settings),
    )


def _sized(state: StreamState, first: int, settings: Settings) -> dict[str, Any]:
    """Return the medians of the values before and since a night of the pool, and whether their change is material."""
    before, after = (float(np.median(part)) for part in (state.raw[:first], state.raw[first:]))
    size = size_of(state.stream.signal, before, after)
    return {"before": before, "after": after, "size": size, "material": settings.floor.reached(size, None)}


def since_when(state: StreamState, detector: str) -> str:
    """Return the night whose start contributes most to a detector's evidence."""
    column = 0 if detector == "levels" else 1
    drawn = np.array([pair[column] for pair in state.bets])
    told = np.flatnonzero(~np.isnan(drawn))
    first = len(state.values) - len(state.bets)
    pools = first + 1 + told - column
    return state.partitions[first + int(told[start_of_change(drawn[told], pools, state.stream.changes)])]


def effect_since(state: StreamState, since: str, settings: Settings) -> float:
    """Return the median of the nights since, less that of the pool before, in standard deviations of those before."""
    values = cleaned(np.array(state.values), state.partitions, settings)
    first = max(state.partitions.index(since), 1)
    before, after = values[:first], values[first:]
    spread = spread_of(before) or float(before.std()) or 1.0
    return float(np.median(after) - np.median(before)) / spread


def _deviations(pool: StreamState, settings: Settings) -> Floats:
    """Return the nights' signed distances from the median of those before tonight, without the calendar's effect."""
    values = cleaned(np.array(pool.values), pool.partitions, settings)
    deviations: Floats = values - np.median(values[:-1])
    return deviations


def notice_of(pool: StreamState, settings: Settings, order: int) -> Alarm | None:
    """Return a notice when tonight lies far beyond at least 30 earlier nights."""
    if len(pool.values) <= FEWEST_NIGHTS:
        return None
    deviations = _deviations(pool, settings)
    tonight = float(deviations[-1])
    grows = tonight > 0.0 or not pool.stream.only_up
    if not (grows and is_gross(np.abs(deviations), settings.notice_rate(pool.stream.key))):
        return None
    return Alarm(
        *pool.stream.key,
        partition=pool.partitions[-1],
        since=pool.partitions[-1],
        detector="notice",
        log_evidence=math.nan,
        log_bound=math.nan,
        false_alarms_per_year=math.nan,
        effect=tonight / (spread_of(deviations[:-1]) or float(deviations[:-1].std()) or 1.0),
        expected_loss=None,
        todo="Look at this night's data.",
        order=order,
        kind="notice",
        **_sized(pool, len(pool.raw) - 1, settings),
    )
