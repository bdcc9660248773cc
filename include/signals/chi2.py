"""Pearson's chi-square: of the 2 × K table of both sides, and of the current counts against the reference's shares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.cells import cells_of_arrays, cells_of_profiles
from include.signals.law import Law
from include.signals.moments import FloatArray
from include.signals.numeric import CountArray
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic, as_column, influence_error


def contingency(reference: FloatArray, current: FloatArray) -> FloatArray:
    """Return the chi-square of 2 × K tables from counts of shapes (n_cells,) and (..., n_cells), shape (...)."""
    n, m = reference.sum(), current.sum(axis=-1)
    both = reference + current
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (current * n - reference * m[..., np.newaxis]) ** 2 / both
    value: FloatArray = np.where(both > 0, terms, 0.0).sum(axis=-1) / (n * m)
    return value


def law_of_contingency(reference: CountArray, current: CountArray) -> Law:
    """Return the exact mean and spread of the 2 × K chi-square given its margins.

    Notes
    -----
    With T = n + N rows and c cells that are not empty: mean ``T (c − 1) / (T − 1)``; the variance is Haldane's, which
    holds for any expected counts, where ``sqrt(2 (c − 1))`` needs large ones.

    References
    ----------
    J. B. S. Haldane, *The mean and variance of χ², when used as a test of homogeneity, when expectations are small*,
    Biometrika 31, 1940. T. Lewis, I. Saunders, M. Westcott, *The moments of the Pearson chi-squared statistic and the
    minimum expected value in two-way tables*, Biometrika 71, 1984.

    Examples
    --------
    >>> law = law_of_contingency(np.array([500, 500]), np.array([500, 500]))
    >>> round(law.expected, 4), round(law.spread, 3)
    (1.0005, 1.415)
    """
    columns = (reference + current).astype(np.float64)
    columns = columns[columns > 0]
    rows = np.array([reference.sum(), current.sum()], dtype=np.float64)
    total, c = float(rows.sum()), len(columns)
    if total <= 3 or c < 2:
        return Law(0.0, 0.0, 0.0)
    v = [(k - 1) * (total - k) / (total - 1) for k in (2, c)]
    w = [float(((total / margin).sum() - len(margin) ** 2) / (total - 2)) for margin in (rows, columns)]
    variance = 2 * total / (total - 3) * (v[0] - w[0]) * (v[1] - w[1]) + total**2 / (total - 1) * w[0] * w[1]
    return Law(total * (c - 1) / (total - 1), math.sqrt(max(variance, 0.0)), 0.0)


class Chi2Contingency(Statistic):
    """Pearson's chi-square of the 2 × K table of counts of both sides, without continuity correction.

    Notes
    -----
    ``sum (observed − expected)² / expected`` over both rows of the table, cells empty on both sides left out. Cells as
    for the population stability index. 0 with one cell. Grows with the number of rows where something changed.

    References
    ----------
    K. Pearson, 1900; equal to ``scipy.stats.chi2_contingency``, without its cost for each of many groups.

    Examples
    --------
    >>> round(CHI2_CONTINGENCY.exact(list("aabaab"), list("bacccc")), 6)
    6.133333
    """

    name = "chi2_contingency_statistic"

    def from_counts(self, reference: Any, current: Any) -> float:
        """Return the value from counts of the same cells, each of shape (n_cells,)."""
        left, right = np.asarray(reference, np.float64), np.asarray(current, np.float64)
        if not left.sum() or not right.sum():
            return math.nan
        return float(contingency(left, right))

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return self.from_counts(*cells_of_arrays(reference, current, "deciles"))

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        return self.from_counts(*cells_of_profiles(reference, current, "deciles"))

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        return law_of_contingency(*cells_of_profiles(reference, current, "deciles"))

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = cells_of_profiles(reference, current, "deciles")
        n = right.sum()
        return influence_error(lambda q: contingency(left.astype(np.float64), q * n), right)


CHI2_CONTINGENCY = Chi2Contingency()


def contingency_pvalue(reference: Any, current: Any) -> float:
    """Return the chance of a larger 2 × K chi-square under no change, in the limit of many rows.

    Parameters
    ----------
    reference, current : array-like of shape (n,), or SubjectProfile
    """
    left, right = _counts(reference, current)
    cells = int(np.sum((left + right) > 0))
    if not left.sum() or not right.sum():
        return math.nan
    from scipy.special import chdtrc

    return float(chdtrc(cells - 1, CHI2_CONTINGENCY.from_counts(left, right))) if cells > 1 else 1.0


def gof_pvalue(reference: Any, current: Any) -> float:
    """Return the chance of a larger chi-square of the current counts if the reference's shares were the truth.

    Parameters
    ----------
    reference, current : array-like of shape (n,), or SubjectProfile

    Notes
    -----
    The reference's own sampling error is ignored (`contingency_pvalue` does not). A category that the reference does
    not have makes it 0.

    Examples
    --------
    >>> gof_pvalue(list("abc"), list("abc")), gof_pvalue(list("ab"), list("ac"))
    (1.0, 0.0)
    """
    left, right = _counts(reference, current)
    n = right.sum()
    if not left.sum() or not n:
        return math.nan
    if bool(np.any(right[left == 0] > 0)):
        return 0.0
    used = left > 0
    expected = left[used] / left.sum() * n
    from scipy.special import chdtrc

    value = float(((right[used] - expected) ** 2 / expected).sum())
    return float(chdtrc(used.sum() - 1, value)) if used.sum() > 1 else 1.0


def _counts(reference: Any, current: Any) -> tuple[CountArray, CountArray]:
    if hasattr(reference, "edges"):
        return cells_of_profiles(reference, current, "deciles")
    left, right = as_column(reference), as_column(current)
    if left.null_count == len(left) or right.null_count == len(right):
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    return cells_of_arrays(left, right, "deciles")
