"""Wasserstein-1 distance: raw, in standard deviations of the reference, and as a share of the pooled range."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pyarrow as pa

from include.signals.columns import Kind
from include.signals.law import Law, effective_rows
from include.signals.moments import FloatArray, Moments
from include.signals.numeric import NumericProfile
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic, finite, influence_error, resampler_of

Unit = Literal["raw", "reference_deviation", "pooled_range"]


def area(widths: FloatArray, difference: FloatArray, *, discrete: bool) -> FloatArray:
    """Return the area between two distribution functions inside the reference's range.

    Parameters
    ----------
    widths : numpy.ndarray of shape (n_bounds − 1,)
        Distances between neighbouring bounds.
    difference : numpy.ndarray of shape (..., n_bounds)
        Difference of the distribution functions at the bounds.
    discrete : bool
        Whether values lie on the bounds, so that the functions are flat between them; else they are taken as straight
        lines.

    Examples
    --------
    >>> area(np.array([1.0]), np.array([0.5, -0.5]), discrete=False)  # two triangles
    np.float64(0.25)
    """
    left, right = difference[..., :-1], difference[..., 1:]
    if discrete:
        return np.abs(left) @ widths
    heights = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    if crossing.any():
        squares = left * left + right * right
        heights = np.where(crossing, squares / np.where(crossing, heights, 1.0), heights)
    return heights @ widths / 2


def deviation_of(moments: Moments) -> float:
    """Return the unit of a column: its standard deviation; of a constant, its size, or 1 if that is 0.

    Not a number where squares overflow, so that what is measured in it cannot be told.
    """
    deviation = moments.standard_deviation
    return (deviation or abs(moments.mean) or 1.0) if math.isfinite(deviation) else math.nan


class Wasserstein(Statistic):
    """Area between the two distribution functions: the mean distance that rows would have to move.

    Parameters
    ----------
    name : str
    unit : {"raw", "reference_deviation", "pooled_range"}
        ``"raw"`` in the unit of the column; ``"reference_deviation"`` in standard deviations of the reference (of a
        constant reference: in multiples of its value); ``"pooled_range"`` as a share of the range of both sides.

    Notes
    -----
    ``integral |F(x) − G(x)| dx``. Binned, the functions are known at the reference's bounds and joined by straight
    lines (by steps where every value is a bound), rows outside the reference's range count with their exact distance
    from it, and the value is at least the distance of the means, which moments give exactly. The error against the exact value is at most `unresolved`.

    References
    ----------
    S. Vallender, *Calculation of the Wasserstein distance between probability distributions on the line*, 1974;
    ``scipy.stats.wasserstein_distance``.

    Examples
    --------
    >>> WASSERSTEIN.exact([1, 2, 3], [11, 12, 13]), round(WASSERSTEIN_RANGE_NORMALISED.exact([0, 1], [3, 4]), 6)
    (10.0, 0.75)
    """

    kinds: tuple[Kind, ...] = ("numeric",)

    def __init__(self, name: str, unit: Unit) -> None:
        self.name = name
        self._unit = unit

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        from scipy.stats import wasserstein_distance

        left, right = finite(reference), finite(current)
        low, high = min(left.min(), right.min()), max(left.max(), right.max())
        return float(wasserstein_distance(left, right)) / self._scale(Moments.of(left), float(high - low))

    def _scale(self, reference: Moments, pooled_range: float) -> float:
        if self._unit == "reference_deviation":
            return deviation_of(reference)
        return (pooled_range or 1.0) if self._unit == "pooled_range" else 1.0

    def _scale_of(self, reference: NumericProfile, current: NumericProfile) -> float:
        low, high = min(reference.minimum, current.minimum), max(reference.maximum, current.maximum)
        return self._scale(reference.moments, high - low)

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = _numeric(reference), _numeric(current)
        kept = right.__dict__.get("_distance")  # three units of one distance
        if kept is None or kept[0] is not left:
            kept = right.__dict__["_distance"] = (left, _raw(left, right))
        return float(kept[1]) / self._scale_of(left, right)

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        left = _numeric(reference)
        widths, discrete, truth = np.diff(left.edges.array), left.edges.discrete, left.distribution[1:]
        unit = deviation_of(left.moments)

        def formula(shares: FloatArray) -> FloatArray:
            return area(widths / unit, np.cumsum(shares, axis=-1)[..., 1:-1] - truth, discrete=discrete)

        rows = effective_rows(current.n, reference.n)
        law = resampler_of(reference).law("wasserstein", formula, rows, rate=0.5, smooth=True)
        factor = unit / self._scale_of(left, _numeric(current))
        return Law(law.expected * factor, law.spread * factor, law.lattice * factor)

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = _numeric(reference), _numeric(current)
        widths, discrete, truth = np.diff(left.edges.array), left.edges.discrete, left.distribution[1:]

        def formula(shares: FloatArray) -> FloatArray:
            return area(widths, np.cumsum(shares, axis=-1)[..., 1:-1] - truth, discrete=discrete)

        return influence_error(formula, right.cells) / self._scale_of(left, right)


def _raw(left: NumericProfile, right: NumericProfile) -> float:
    """Return the distance of two profiles in the unit of the column."""
    difference = right.distribution[1:] - left.distribution[1:]
    inside = area(np.diff(left.edges.array), difference, discrete=left.edges.discrete)
    below = abs(right.below_excess / right.n - left.below_excess / left.n)
    above = abs(right.above_excess / right.n - left.above_excess / left.n)
    apart = abs(right.moments.mean - left.moments.mean)  # the distance is never less than that of the means
    return max(float(inside) + below + above, apart)


def _numeric(profile: SubjectProfile) -> NumericProfile:
    if not isinstance(profile, NumericProfile):
        raise TypeError("a Wasserstein distance needs numeric profiles")
    return profile


WASSERSTEIN = Wasserstein("wasserstein", "raw")
WASSERSTEIN_STANDARDISED = Wasserstein("wasserstein_standardised", "reference_deviation")
WASSERSTEIN_RANGE_NORMALISED = Wasserstein("wasserstein_range_normalised", "pooled_range")


def unresolved(reference: NumericProfile, current: NumericProfile) -> float:
    """Return the most by which the binned raw distance can differ from the exact one, in the unit of the column.

    Notes
    -----
    Inside a bin each distribution function lies between its values at the two ends, so the area is wrong by at most
    the bin's width times the shares of both sides in it. Outside the reference's range it is exact when only one side
    has rows there.

    Examples
    --------
    >>> from include.signals.statistic import as_column, profiles_of
    >>> unresolved(*profiles_of(as_column([0.0, 1.0]), as_column([0.5, 1.0])))
    1.5
    """
    if not reference.n or not current.n:
        return math.nan
    widths = np.diff(reference.edges.array)
    return float((reference.counts[1:] / reference.n + current.counts[1:] / current.n) @ widths)
