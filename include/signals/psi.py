"""Population stability index."""

from __future__ import annotations

import numpy as np

from include.signals.cells import Bins
from include.signals.moments import FloatArray
from include.signals.statistic import ShareStatistic

FLOOR = 1e-4


class Psi(ShareStatistic):
    """Population stability index: ``sum over cells of (q − p) ln(q / p)``, in nats.

    Here p are the reference's shares and q the current ones.

    Notes
    -----
    Cells are the ten bins between the reference's deciles, a category each for texts, a value each where numbers are
    few. A share of 0 counts as 10⁻⁴ (the other shares stay as they are), so an empty cell adds at most about 9 times
    the other side's share. The thresholds 0.1 and 0.2 of the credit industry ignore the number of rows: under no
    change the mean is about (cells − 1)(1/n + 1/N), which is 0.18 for 10 cells and 50 rows against many.

    References
    ----------
    N. Siddiqi, *Credit Risk Scorecards*, Wiley 2006. B. Yurdakul, J. Naranjo, *Statistical properties of the
    population stability index*, Journal of Risk Model Validation 14, 2020.

    Examples
    --------
    >>> round(PSI.exact(["a", "b", "b"], ["a", "a", "b"]), 6)  # 2 * (1/3) * ln 2
    0.462098
    >>> round(PSI.from_counts([1, 1], [2, 0]), 4)  # ½ ln 2 + (10⁻⁴ − ½) ln(10⁻⁴ / ½)
    4.6043
    """

    name = "psi"
    bins: Bins = "deciles"
    rate = 1.0

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        p = np.where(reference == 0, FLOOR, reference)
        q = np.where(current == 0, FLOOR, current)
        value: FloatArray = np.sum((q - p) * np.log(q / p), axis=-1)
        return value


PSI = Psi()
