"""Total variation distance."""

from __future__ import annotations

import numpy as np

from include.signals.moments import FloatArray
from include.signals.statistic import ShareStatistic


class Tvd(ShareStatistic):
    """Total variation distance, ``sum |q − p| / 2``: the share of rows that would have to move, between 0 and 1.

    Notes
    -----
    Cells as for the Jensen-Shannon distance.

    References
    ----------
    D. Levin, Y. Peres, E. Wilmer, *Markov Chains and Mixing Times*, American Mathematical Society 2009, chapter 4.

    Examples
    --------
    >>> TVD.exact(["a", "b", "c", "d"], ["a", "a", "b", "c"])
    0.25
    """

    name = "tvd"

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        value: FloatArray = np.abs(current - reference).sum(axis=-1) / 2
        return value


TVD = Tvd()
