"""A night of evidence: draw each stream's p-values once, let the detectors bet, raise alarms and notices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.errors import NightshiftError
from include.evidence.alarm import Alarm, Floor
from include.evidence.autocorrelation import Forecast, residuals, spread_of
from include.evidence.bounds import left_coefficient, log_bound
from include.evidence.conformal import calendar_labels, p_value, tie_breaker, without_calendar
from include.evidence.detector import advance, start_of_change
from include.evidence.rows import evidence_row
from include.evidence.stream import FEWEST_NIGHTS, NightValue, StreamState, bounded

Floats = NDArray[np.float64]
Key = tuple[str, str, str]

_NOTICE = 2.0
_TODO = "Look at the diagnosis: mend the data, or acknowledge the change, or retrain."


class EvidenceError(NightshiftError):
    """Night values cannot be turned into evidence."""


@dataclass(frozen=True)
class Settings:
    """What a night of evidence needs to know.

    Attributes
    ----------
    model : str
        Name of the model; part of what breaks ties.
    shares : mapping of stream key to float
        Share of the yearly rate of each stream, see `shares.shares`; they sum to at most 1.
    false_alarms_per_year : float
        Chance of any false alarm in a year over all streams.
    partitions_per_year : float
        365.25 for days.
    calendar : bool
        Whether the effect of weekday (or hour of the day) is removed.
    floor : Floor
        Below it an alarm is not material.
    expected_losses : mapping of stream key to float
        Expected loss of a change, where it is known.
    """

    model: str
    shares: Mapping[Key, float]
    false_alarms_per_year: float = 0.05
    partitions_per_year: float = 365.25
    calendar: bool = True
    floor: Floor = field(default_factory=Floor)
    expected_losses: Mapping[Key, float] = field(default_factory=dict)

    def rate(self, key: Key) -> float:
        """Return the false alarms a night that one detector of a stream may spend: half of the stream's share."""
        return self.false_alarms_per_year * self.shares[key] / (2.0 * self.partitions_per_year)

    def label_years(self) -> float:
        """Return the grain by which calendar labels are made; infinite when none is removed."""
        return self.partitions_per_year if self.calendar else math.nan


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
    """Tonight's p-values and bounds of one stream; NaN and infinity where there are none."""

    level: float
    residual: float
    level_bound: float
    residual_bound: float
    forecast: Forecast | None


def _step(
    state: StreamState, partition: str, tonight: NightValue, settings: Settings, order: int
) -> tuple[StreamState, dict[str, Any], Alarm | None, Alarm | None]:
    if math.isnan(tonight.studentised):
        row = evidence_row(state, partition, tonight, settings.shares[state.stream.key], order)
        return state, row, None, None
    pool = replace(
        state,
        partitions=(*state.partitions, partition),
        values=(*state.values, bounded(tonight.studentised)),
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
    )
    alarm = _alarm(after, row, settings, order) if state.alarm is None else None
    notice = _notice(pool, settings, order)
    return after.latched(alarm or state.alarm), row, alarm, notice


def _cleaned(values: Floats, partitions: tuple[str, ...], settings: Settings) -> Floats:
    return without_calendar(values, calendar_labels(partitions, settings.label_years()))


def _draw(before: StreamState, pool: StreamState, settings: Settings) -> _Drawn:
    """Draw tonight's p-values; the forecast rests on nights before tonight only."""
    stream, partition = pool.stream, pool.partitions[-1]
    subject = "\x1e".join(stream.key)
    values = np.array(pool.values)
    level = p_value(_cleaned(values, pool.partitions, settings), tie_breaker(settings.model, subject, partition))
    forecast = before.forecast(settings.label_years())
    if forecast is None:
        return _Drawn(level, math.nan, math.inf, math.inf, None)
    left = residuals(values, forecast.coefficient, forecast.median)
    residual = p_value(
        _cleaned(left, pool.partitions[1:], settings),
        tie_breaker(settings.model, f"{subject}\x1eresidual", partition),
    )
    rate = settings.rate(stream.key)
    remaining = left_coefficient(forecast.coefficient, forecast.upper)
    return _Drawn(level, residual, log_bound(rate, forecast.upper), log_bound(rate, remaining), forecast)


def _bet(pool: StreamState, drawn: _Drawn) -> StreamState:
    nights, changes = len(pool.values), pool.stream.changes
    levels = advance(pool.levels, np.array([drawn.level]), nights, changes)
    left = pool.residuals
    if not math.isnan(drawn.residual):
        left = advance(left, np.array([drawn.residual]), nights - 1, changes)
    return replace(pool, levels=levels, residuals=left, bets=(*pool.bets, (drawn.level, drawn.residual)))


def _alarm(state: StreamState, row: dict[str, Any], settings: Settings, order: int) -> Alarm | None:
    """Return the alarm of the detector that is farthest beyond its bound; None when none is, or it cannot tell."""
    excess = {
        "levels": row["log_evidence"] - row["log_bound"],
        "residuals": row["log_evidence_residual"] - row["log_bound_residual"],
    }
    detector = max(excess, key=lambda name: excess[name])
    if len(state.values) < FEWEST_NIGHTS or not excess[detector] >= 0.0:
        return None
    since = since_when(state, detector)
    effect = effect_since(state, since, settings)
    loss = settings.expected_losses.get(state.stream.key)
    suffix = "" if detector == "levels" else "_residual"
    return Alarm(
        *state.stream.key,
        partition=state.partitions[-1],
        since=since,
        detector=detector,
        log_evidence=row[f"log_evidence{suffix}"],
        log_bound=row[f"log_bound{suffix}"],
        false_alarms_per_year=settings.false_alarms_per_year,
        effect=effect,
        expected_loss=loss,
        todo=_TODO,
        material=settings.floor.reached(effect, loss),
        order=order,
    )


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
    values = _cleaned(np.array(state.values), state.partitions, settings)
    first = max(state.partitions.index(since), 1)
    before, after = values[:first], values[first:]
    spread = spread_of(before) or float(before.std()) or 1.0
    return float(np.median(after) - np.median(before)) / spread


def _notice(pool: StreamState, settings: Settings, order: int) -> Alarm | None:
    """Return a notice when tonight lies beyond twice the largest deviation of at least 30 earlier nights."""
    if len(pool.values) <= FEWEST_NIGHTS:
        return None
    values = _cleaned(np.array(pool.values), pool.partitions, settings)
    deviations = values - np.median(values[:-1])
    largest = float(np.abs(deviations[:-1]).max())
    tonight = float(deviations[-1])
    grows = tonight > 0.0 or not pool.stream.only_up
    if not (grows and abs(tonight) > _NOTICE * largest):
        return None
    effect = tonight / (spread_of(values[:-1]) or float(values[:-1].std()) or 1.0)
    loss = settings.expected_losses.get(pool.stream.key)
    return Alarm(
        *pool.stream.key,
        partition=pool.partitions[-1],
        since=pool.partitions[-1],
        detector="notice",
        log_evidence=math.nan,
        log_bound=math.nan,
        false_alarms_per_year=math.nan,
        effect=effect,
        expected_loss=loss,
        todo="Look at this night's data.",
        material=settings.floor.reached(effect, loss),
        order=order,
        kind="notice",
    )
