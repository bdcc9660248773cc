"""Largest difference of shares."""

from __future__ import annotations

import numpy as np

from include.signals.moments import FloatArray
from include.signals.statistic import ShareStatistic


class Linf(ShareStatistic):
    """Largest difference of a cell's shares, ``max |q − p|``, between 0 and 1.

    Notes
    -----
    Cells as for the Jensen-Shannon distance; every unseen category has its own. nan where a side has no value.

    References
    ----------
    TensorFlow Data Validation, whose comparator calls it the infinity norm.

    Examples
    --------
    >>> LINF.exact(["a", "a", "b", "b"], ["a", "b", "b", "b"])
    0.25
    """

    name = "linf"

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        value: FloatArray = np.abs(current - reference).max(axis=-1)
        return value


LINF = Linf()
