"""Hellinger distance."""

from __future__ import annotations

import numpy as np

from include.signals.moments import FloatArray
from include.signals.statistic import ShareStatistic


class Hellinger(ShareStatistic):
    """Hellinger distance: 0 for equal shares, 1 for disjoint ones.

    ``sqrt(1 − sum sqrt(p q)) = sqrt(sum (sqrt p − sqrt q)² / 2)``, p the reference's shares and q the current ones.

    Notes
    -----
    Cells as for the Jensen-Shannon distance. The second form is computed: it is 0 for equal shares also in rounding.

    References
    ----------
    L. Le Cam, G. Lo Yang, *Asymptotics in Statistics*, Springer 2000.

    Examples
    --------
    >>> HELLINGER.from_counts([1, 0], [0, 1]), round(HELLINGER.exact(["a", "b"], ["a", "a"]), 6)  # sqrt(1 − sqrt ½)
    (1.0, 0.541196)
    """

    name = "hellinger"

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        difference = np.sqrt(reference) - np.sqrt(current)
        value: FloatArray = np.sqrt(np.sum(difference * difference, axis=-1) / 2)
        return value


HELLINGER = Hellinger()
