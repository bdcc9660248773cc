"""Signed shift of the mean, in standard deviations of the reference."""

from __future__ import annotations

import math

import pyarrow as pa

from include.signals.columns import Kind
from include.signals.law import Law
from include.signals.moments import Moments
from include.signals.numeric import NumericProfile
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic, finite, resampler_of
from include.signals.wasserstein import deviation_of


class MeanShift(Statistic):
    """Current mean minus the reference's, in standard deviations of the reference: positive when values grew.

    Notes
    -----
    A distance cannot tell winter from summer when every day is narrow; this can. Exact on profiles, up to rounding,
    since moments are. Under no change the mean is 0 and the spread ``sqrt(1/n + 1/N)``. Of a constant reference the
    unit is its value (1 if that is 0). Values so large that their squares overflow cannot be told; nan where a side has
    no value.

    References
    ----------
    Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 1988 (d, with the reference's deviation: Glass's Δ).

    Examples
    --------
    >>> MEAN_SHIFT.exact([1.0, 3.0], [5.0])
    3.0
    """

    name = "mean_shift"
    kinds: tuple[Kind, ...] = ("numeric",)

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return _shift(Moments.of(finite(reference)), Moments.of(finite(current)))

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        return _shift(_moments(reference), _moments(current))

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        rows = 1 / (1 / current.n + 1 / reference.n)
        if _moments(reference).m2 > 0:
            return Law(0.0, math.sqrt(1 / rows), 0.0)
        return Law(0.0, resampler_of(reference).one_unknown_row(rows), 0.0)

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        moments = _moments(current)
        return moments.standard_deviation / math.sqrt(moments.count) / deviation_of(_moments(reference))


def _shift(reference: Moments, current: Moments) -> float:
    return (current.mean - reference.mean) / deviation_of(reference)


def _moments(side: SubjectProfile) -> Moments:
    if not isinstance(side, NumericProfile):
        raise TypeError("a mean needs a numeric profile")
    return side.moments


MEAN_SHIFT = MeanShift()
