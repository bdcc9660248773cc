"""Conversions between units that upstream systems mix up, and how well one of them explains tonight's values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from include.evidence.summary import ColumnSummary

Floats = NDArray[np.float64]

_FACTORS = {
    "tens": 10.0,
    "hundreds (cents)": 100.0,
    "thousands (kilo, milli)": 1e3,
    "millions": 1e6,
    "dozens": 12.0,
    "minutes and seconds": 60.0,
    "hours and seconds": 3600.0,
    "days and hours": 24.0,
    "days and seconds": 86400.0,
    "pounds and kilograms": 2.20462,
    "miles and kilometres": 1.609344,
    "miles and metres": 1609.344,
    "feet and metres": 3.28084,
    "inches and centimetres": 2.54,
    "inches and millimetres": 25.4,
    "knots and mph": 1.150779,
    "knots and km/h": 1.852,
    "knots and m/s": 1.943844,
    "m/s and km/h": 3.6,
    "m/s and mph": 2.236936,
    "inHg and hPa": 33.8639,
    "mmHg and hPa": 1.333224,
    "psi and bar": 14.503774,
    "psi and kPa": 6.894757,
    "gallons and litres": 3.785412,
    "ounces and grams": 28.349523,
    "weeks and days": 7.0,
    "opposite signs": -1.0,
}
# How far a value may be from the known one after converting back: published factors are rounded.
_TOLERANCE = 2e-4
# A column whose calm nights repeat at least this share of earlier values has a grid that a conversion must fit.
_GRID = 0.7
# On a grid that also holds most values moved by a thousandth, any conversion lands.
_BESIDE = 1.0011
# What a factor this mild does, the world does too: only a grid can tell it.
_MILD = 3.0
# The quantiles of the five discounts among a Sunday's 25 orders may lie anywhere.
_FEWEST_TELLING = 20


@dataclass(frozen=True)
class Conversion:
    """Tonight's value = slope * usual value + offset."""

    name: str
    slope: float
    offset: float = 0.0

    def undo(self, values: Floats) -> Floats:
        """Return the values in the usual unit."""
        return (values - self.offset) / self.slope


def _conversions() -> list[Conversion]:
    found = []
    for name, factor in _FACTORS.items():
        found.append(Conversion(name, factor))
        if factor != -1.0:
            found.append(Conversion(name, 1.0 / factor))
    return [
        *found,
        Conversion("Celsius to Fahrenheit", 1.8, 32.0),
        Conversion("Fahrenheit to Celsius", 1 / 1.8, -32.0 / 1.8),
        Conversion("Celsius to kelvin", 1.0, 273.15),
        Conversion("kelvin to Celsius", 1.0, -273.15),
        Conversion("Fahrenheit to kelvin", 1 / 1.8, 273.15 - 32.0 / 1.8),
        Conversion("kelvin to Fahrenheit", 1.8, 32.0 - 1.8 * 273.15),
    ]


CONVERSIONS = tuple(_conversions())


@dataclass(frozen=True)
class _Usual:
    """What the history says of one numeric column."""

    quantiles: Floats
    scale: float
    distance: float
    grid: Floats
    covered: float = 0.0

    def misfit(self, quantiles: Floats) -> float:
        """Return the mean distance of quantiles from the usual ones, tails apart, in units of the usual spread.

        Opposite signs turn their order round: they are put into it.
        """
        return float(np.abs(np.sort(quantiles) - self.quantiles)[1:-1].mean()) / self.scale

    def cover(self, values: Floats, shares: Floats) -> float:
        """Return the share of tonight's values that lie on the grid of usual ones."""
        place = np.clip(np.searchsorted(self.grid, values), 1, self.grid.size - 1)
        nearest = np.minimum(np.abs(self.grid[place] - values), np.abs(self.grid[place - 1] - values))
        return float(shares[nearest <= _TOLERANCE * np.maximum(np.abs(values), 1e-9)].sum())


def _usual(history: Sequence[ColumnSummary]) -> _Usual | None:
    table = np.array([night.quantiles for night in history])
    quantiles = np.median(table, axis=0)
    scale = float(quantiles[-4] - quantiles[3])  # between the 20 % and 80 % quantiles
    if not scale > 0.0:
        return None
    distance = float(np.max(np.mean(np.abs(table - quantiles)[:, 1:-1], axis=1))) / scale
    usual = _Usual(quantiles, scale, distance, _grid_of(history))
    half = _Usual(quantiles, scale, distance, _grid_of(history[::2]))
    if usual.grid.size < 2 or half.grid.size < 2:
        return None
    covered = [half.cover(*_values(night.shares)) for night in history[1::2]]
    return replace(usual, covered=float(np.median(covered)))


def _grid_of(history: Sequence[ColumnSummary]) -> Floats:
    return np.unique(np.concatenate([list(night.shares) for night in history]))


def _values(shares: Mapping[float, float]) -> tuple[Floats, Floats]:
    return np.array(list(shares), dtype=np.float64), np.array(list(shares.values()))


def unit_of(tonight: ColumnSummary, history: Sequence[ColumnSummary]) -> Conversion | None:
    """Return the conversion that explains tonight's values, or None when none does or none is needed.

    Parameters
    ----------
    tonight : ColumnSummary
        A numeric column tonight.
    history : sequence of ColumnSummary
        The same column on calm nights, at least two.

    Notes
    -----
    A conversion explains a night when the values, converted back, are as near to the usual quantiles as calm nights
    are, and were much farther before. Where calm nights repeat the same values (whole numbers, tenths of a degree,
    distances of routes), tonight's must leave that grid and return to it when converted back; then even a small
    factor is found that no quantile could show. Elsewhere, and where rounding or the conversion itself keeps to the grid,
    only a factor of at least 3 counts, since prices and volumes may well rise by half.
    """
    usual = _usual(history)
    if usual is None or not np.isfinite(tonight.quantiles).all():
        return None
    values, shares = _values(tonight.shares)
    found = _by_grid(usual, values, shares, tonight.quantiles) if usual.covered >= _GRID else None
    if found is None and _telling(tonight) < _FEWEST_TELLING:
        return None
    fewest = min(night.sampled for night in history)
    return found or _by_quantiles(usual, tonight.quantiles, math.sqrt(max(fewest / tonight.sampled, 1.0)))


def _telling(tonight: ColumnSummary) -> float:
    """Return how many values are not the commonest one, which a factor may leave where it was (zeros)."""
    return tonight.sampled * (1.0 - tonight.null_share) * (1.0 - max(tonight.shares.values()))


def _by_grid(usual: _Usual, values: Floats, shares: Floats, quantiles: Floats) -> Conversion | None:
    total = float(shares.sum())
    if usual.cover(values, shares) > 0.5 * usual.covered * total:
        return None
    wanted = 0.8 * usual.covered * total
    fitting = [
        one
        for one in CONVERSIONS
        if usual.cover(one.undo(values), shares) >= wanted > usual.cover(_BESIDE * one.undo(values), shares)
    ]
    fits = [(usual.misfit(one.undo(quantiles)), one) for one in fitting]
    misfit, best = min(fits, key=lambda fit: fit[0], default=(np.inf, None))
    return best if misfit <= 1.5 * usual.distance + 0.05 else None


def _by_quantiles(usual: _Usual, quantiles: Floats, wider: float) -> Conversion | None:
    """Return the conversion after which quantiles fit; those of fewer rows than ever lie `wider` apart by chance."""
    before = usual.misfit(quantiles)
    if before <= 3.0 * usual.distance * wider:
        return None
    allowed = [one for one in CONVERSIONS if one.offset or not 1 / _MILD < one.slope < _MILD]
    after, best = min(((usual.misfit(one.undo(quantiles)), one) for one in allowed), key=lambda fit: fit[0])
    return best if after <= min(1.25 * usual.distance + 0.01, before / 4.0) else None
