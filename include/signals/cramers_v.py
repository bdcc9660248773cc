"""Cramér's V with bias correction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.cells import cells_of_arrays, cells_of_profiles
from include.signals.chi2 import contingency
from include.signals.law import Law, Resampler, effective_rows, law_of
from include.signals.moments import FloatArray
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic, influence_error


def _corrected(chi2: FloatArray, total: float, cells: int) -> FloatArray:
    """Return V from chi-squares of 2 × K tables of so many rows and cells that are not empty."""
    bias = (cells - 1) / (total - 1)
    rows = 2 - 1 / (total - 1)
    columns = cells - (cells - 1) ** 2 / (total - 1)
    phi2 = np.maximum(chi2 / total - bias, 0.0)
    value: FloatArray = np.sqrt(phi2 / max(min(rows - 1, columns - 1), 1e-12))
    return np.minimum(value, 1.0)


class CramersV(Statistic):
    """Cramér's V of the 2 × K table of counts of both sides, corrected for bias: 0 no association, 1 full.

    Notes
    -----
    ``sqrt(max(0, χ²/T − (K − 1)/(T − 1)) / min(r̃ − 1, K̃ − 1))`` with T rows on both sides together and
    ``K̃ = K − (K − 1)²/(T − 1)``, likewise r̃ for the two rows of the table. 0 with one cell. It depends on the ratio of
    the sides' sizes, so compare it only between partitions of similar size. Cells as for the population stability
    index.

    References
    ----------
    W. Bergsma, *A bias-correction for Cramér's V and Tschuprow's T*, Journal of the Korean Statistical Society 42,
    2013.

    Examples
    --------
    >>> round(CRAMERS_V.from_counts([200, 800], [400, 600]), 3), CRAMERS_V.from_counts([10, 0], [10, 0])
    (0.217, 0.0)
    """

    name = "cramers_v"

    def from_counts(self, reference: Any, current: Any) -> float:
        """Return the value from counts of the same cells, each of shape (n_cells,)."""
        left, right = np.asarray(reference, np.float64), np.asarray(current, np.float64)
        if not left.sum() or not right.sum():
            return math.nan
        cells, total = int(np.sum(left + right > 0)), float(left.sum() + right.sum())
        if cells < 2 or total < 3:
            return 0.0
        return float(_corrected(contingency(left, right), total, cells))

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return self.from_counts(*cells_of_arrays(reference, current, "deciles"))

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        return self.from_counts(*cells_of_profiles(reference, current, "deciles"))

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        left, right = cells_of_profiles(reference, current, "deciles")
        total, cells = float(left.sum() + right.sum()), int(np.sum(left + right > 0))
        if cells < 2 or total < 3:
            return Law(0.0, 0.0, 0.0)
        resampler = Resampler(left)
        p, rows = resampler.shares, effective_rows(current.n, reference.n)
        used = p > 0
        draws = resampler.draws(round(rows))[:, used]
        return law_of(_corrected(rows * ((draws - p[used]) ** 2 / p[used]).sum(axis=1), total, cells))

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = cells_of_profiles(reference, current, "deciles")
        n, total, cells = right.sum(), float(left.sum() + right.sum()), int(np.sum(left + right > 0))
        if cells < 2 or total < 3:
            return 0.0
        return influence_error(lambda q: _corrected(contingency(left.astype(float), q * n), total, cells), right)


CRAMERS_V = CramersV()
