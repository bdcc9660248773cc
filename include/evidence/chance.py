"""How likely calm partitions make what is found among few rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def chance_of(share: float, rows: int, shares: NDArray[np.float64], of_rows: Sequence[int]) -> float:
    """Return how likely this share of so few rows is, were each as likely as all those before and one more.

    Parameters
    ----------
    share : float
        Of tonight's rows, in [0, 1].
    rows : int
        Tonight's.
    shares : numpy.ndarray of shape (n_nights,)
        Of the rows of calm nights.
    of_rows : sequence of int of length n_nights
        The rows of these nights.

    Notes
    -----
    The upper tail of a binomial law.

    Examples
    --------
    >>> round(chance_of(0.5, 2, np.array([0.1]), [9]), 3)  # one of two, where a row in ten had it, and one more
    0.344
    """
    from scipy.special import bdtrc

    before = (float(np.dot(shares, of_rows)) + 1.0) / (sum(of_rows) + 1.0)
    return float(bdtrc(round(share * rows) - 1, rows, before))
