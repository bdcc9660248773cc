"""A night of evidence: draw each stream's p-values once, let the detectors bet, raise alarms and notices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.errors import NightshiftError
from include.evidence.alarm import Alarm
from include.evidence.autocorrelation import Forecast, persistence, residuals
from include.evidence.bounds import left_coefficient, log_bound
from include.evidence.conformal import p_value, tie_breaker
from include.evidence.detector import advance
from include.evidence.raised import alarm_of, notice_of
from include.evidence.rows import evidence_row
from include.evidence.settings import Settings, cleaned
from include.evidence.stream import NightValue, StreamState, bounded

Floats = NDArray[np.float64]
Key = tuple[str, str, str]


class EvidenceError(NightshiftError):
    """Night values cannot be turned into evidence."""


@dataclass(frozen=True)
class NightResult:
    """What a night of evidence brings: rows for the evidence table, new alarms, notices, and the streams after it."""

    rows: list[dict[str, Any]]
    alarms: list[Alarm]
    notices: list[Alarm]
    states: dict[Key, StreamState]


def update(
    states: Mapping[Key, StreamState],
    partition: str,
    values: Mapping[Key, NightValue],
    settings: Settings,
    order: int,
) -> NightResult:
    """Return the evidence of one night; nothing is changed in place and the same arguments give the same answer.

    Parameters
    ----------
    states : mapping of stream key to StreamState
        As rebuilt from the evidence table.
    partition : str
        Key of the night's partition.
    values : mapping of stream key to NightValue
        Tonight's values; a stream without one is left as it is.
    settings : Settings
        Shares, rate, calendar, floor.
    order : int
        Order of measurement: larger than that of every earlier night.

    Raises
    ------
    EvidenceError
        When a value belongs to no stream.

    Notes
    -----
    A partition that is in a stream's pool already gets no second p-value, so that a night redone adds nothing.
    """
    result = NightResult([], [], [], dict(states))
    for key, tonight in values.items():
        if key not in states or key not in settings.shares:
            raise EvidenceError.at(
                f"partition {partition}",
                f"a value of {key[0]} of {key[1]}, which is no stream with a share",
                "one of the streams of this model",
                "start the stream with StreamState.start and give it a share",
            )
        if partition in states[key].partitions:
            continue
        state, row, alarm, notice = _step(states[key], partition, tonight, settings, order)
        result.states[key] = state
        result.rows.append(row)
        result.alarms.extend([alarm] if alarm else [])
        result.notices.extend([notice] if notice else [])
    return result


@dataclass(frozen=True)
class _Drawn:
    """Tonight's p-values and bounds of one stream, and how far it may wander; NaN and infinity where there are none."""

    level: float
    residual: float
    level_bound: float
    residual_bound: float
    forecast: Forecast | None
    wandering: float


def _step(
    state: StreamState, partition: str, tonight: NightValue, settings: Settings, order: int
) -> tuple[StreamState, dict[str, Any], Alarm | None, Alarm | None]:
    if math.isnan(tonight.studentised):
        row = evidence_row(state, partition, tonight, settings.shares[state.stream.key], order, terms=settings.terms)
        return state, row, None, None
    tonight = tonight.among(state.between)
    pool = replace(
        state,
        partitions=(*state.partitions, partition),
        values=(*state.values, bounded(tonight.studentised)),
        raw=(*state.raw, tonight.value),
        started=order if state.started is None else state.started,
    )
    drawn = _draw(state, pool, settings)
    after = _bet(pool, drawn)
    row = evidence_row(
        after,
        partition,
        tonight,
        settings.shares[state.stream.key],
        order,
        bounds=(drawn.level_bound, drawn.residual_bound),
        forecast=drawn.forecast,
        wandering=drawn.wandering,
        terms=settings.terms,
    )
    alarm = alarm_of(after, row, settings, order) if state.alarm is None else None
    notice = notice_of(pool, settings, order)
    return after.latched(alarm or state.alarm), row, alarm, notice


def _draw(before: StreamState, pool: StreamState, settings: Settings) -> _Drawn:
    """Draw tonight's p-values; the forecast rests on nights before tonight only, the bounds on all that are known."""
    stream, partition = pool.stream, pool.partitions[-1]
    subject = "\x1e".join(stream.key)
    values = np.array(pool.values)
    nights = cleaned(values, pool.partitions, settings)
    level = p_value(nights, tie_breaker(settings.model, subject, partition))
    forecast = before.forecast(settings.label_years())
    if forecast is None:
        return _Drawn(level, math.nan, math.inf, math.inf, None, math.nan)
    left = residuals(values, forecast.coefficient, forecast.median)
    residual = p_value(
        cleaned(left, pool.partitions[1:], settings),
        tie_breaker(settings.model, f"{subject}\x1eresidual", partition),
    )
    rate = settings.rate(stream.key)
    wandering = float(persistence(nights[:, np.newaxis])[0])
    # residuals of nights without autocorrelation are not exchangeable: gross ones come in pairs, of both signs
    remaining = left_coefficient(forecast.coefficient, max(wandering, forecast.upper))
    return _Drawn(level, residual, log_bound(rate, wandering), log_bound(rate, remaining), forecast, wandering)


def _bet(pool: StreamState, drawn: _Drawn) -> StreamState:
    nights, changes = len(pool.values), pool.stream.changes
    levels = advance(pool.levels, np.array([drawn.level]), nights, changes)
    left = pool.residuals
    if not math.isnan(drawn.residual):
        left = advance(left, np.array([drawn.residual]), nights - 1, changes)
    return replace(pool, levels=levels, residuals=left, bets=(*pool.bets, (drawn.level, drawn.residual)))
