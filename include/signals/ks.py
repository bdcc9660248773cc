"""Kolmogorov-Smirnov statistic."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.columns import Kind
from include.signals.law import Law, effective_rows
from include.signals.moments import FloatArray
from include.signals.numeric import NumericProfile
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic, as_column, finite, influence_error, resampler_of


class Ks(Statistic):
    """Largest difference of the two distribution functions, between 0 and 1.

    Notes
    -----
    ``max over x of |F(x) − G(x)|``. Binned, the maximum is taken at the reference's bounds and just below the first:
    at most the exact value, and less by at most `unresolved`, the largest share of one side inside one bin. Exact
    where every value is a bound.

    References
    ----------
    N. Smirnov, 1939; equal to ``scipy.stats.ks_2samp``, which also computes a p-value each time.

    Examples
    --------
    >>> KS.exact([1.0, 2.0], [1.5, 2.5, 3.5, 4.5])
    0.75
    """

    name = "ks_statistic"
    kinds: tuple[Kind, ...] = ("numeric",)

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        left, right = np.sort(finite(reference)), np.sort(finite(current))
        both = np.concatenate([left, right])
        shares = [np.searchsorted(side, both, side="right") / len(side) for side in (left, right)]
        return float(np.abs(shares[1] - shares[0]).max())

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = _distributions(reference, current)
        return float(np.abs(right - left).max())

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        truth = _distributions(reference, reference)[0]
        rows = effective_rows(current.n, reference.n)
        return resampler_of(reference).law(self.name, lambda q: _largest(truth, q), rows, rate=0.5, smooth=True)

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        truth = _distributions(reference, current)[0]
        return influence_error(lambda q: _largest(truth, q), current.cells)


KS = Ks()


def _largest(truth: FloatArray, shares: FloatArray) -> FloatArray:
    value: FloatArray = np.abs(np.cumsum(shares, axis=-1)[..., :-1] - truth).max(axis=-1)
    return value


def _distributions(reference: SubjectProfile, current: SubjectProfile) -> tuple[FloatArray, FloatArray]:
    if not isinstance(reference, NumericProfile) or not isinstance(current, NumericProfile):
        raise TypeError("distribution functions need numeric profiles")
    return reference.distribution, current.distribution


def unresolved(reference: NumericProfile, current: NumericProfile) -> float:
    """Return the most by which the binned value can be too low: the largest share of one side inside one bin.

    Examples
    --------
    >>> from include.signals.statistic import as_column, profiles_of
    >>> unresolved(*profiles_of(as_column([1.0, 2.0, 3.0]), as_column([2.5])))
    1.0
    """
    shares = [side.cells / max(side.n, 1) for side in (reference, current)]
    return float(np.maximum(*shares).max())


def pvalue(reference: Any, current: Any) -> float:
    """Return the chance of a larger two-sided statistic under no change for continuous data.

    Parameters
    ----------
    reference, current : array-like of shape (n,), or NumericProfile
        Of arrays the exact p-value up to 10,000 rows, else the limit's; of profiles the limit's.

    Examples
    --------
    >>> round(pvalue([0.99, 1.99], [1.0, 2.0, 3.0, 4.0]), 12)
    0.4
    """
    from scipy.special import kolmogorov

    if isinstance(reference, NumericProfile):
        value = KS.binned(reference, current)
        if math.isnan(value):
            return math.nan
        return float(kolmogorov(value * math.sqrt(effective_rows(current.n, reference.n))))
    left, right = finite(as_column(reference)), finite(as_column(current))
    if not left.size or not right.size:
        return math.nan
    from scipy.stats import ks_2samp

    with warnings.catch_warnings():  # where the exact sum overflows scipy falls back to the limit, and says so
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(ks_2samp(left, right).pvalue)
