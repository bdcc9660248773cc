"""Jensen-Shannon divergence and distance."""

from __future__ import annotations

import math

import numpy as np

from include.signals.moments import FloatArray
from include.signals.statistic import ShareStatistic


class JsDivergence(ShareStatistic):
    """Jensen-Shannon divergence in bits: 0 for equal shares, 1 for disjoint ones.

    ``KL(p, m) / 2 + KL(q, m) / 2`` with ``m = (p + q) / 2``, p the reference's shares and q the current ones.

    Notes
    -----
    Cells are a category each for texts, a value each where numbers are few, else Doane's equal-width bins of the
    reference with one cell for what lies outside them. No smoothing is needed: an empty cell is finite.

    References
    ----------
    J. Lin, *Divergence measures based on the Shannon entropy*, IEEE Transactions on Information Theory 37, 1991.

    Examples
    --------
    >>> JS_DIVERGENCE.exact(["a", "b"], ["c", "d"]), JS_DIVERGENCE.exact(["a", "b"], ["b", "a"])
    (1.0, 0.0)
    """

    name = "js_divergence"
    rate = 1.0

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        from scipy.special import rel_entr

        middle = (reference + current) / 2
        nats = (rel_entr(reference, middle).sum(axis=-1) + rel_entr(current, middle).sum(axis=-1)) / 2
        bits: FloatArray = np.maximum(nats, 0.0) / math.log(2)
        return bits


class JsDistance(JsDivergence):
    """Square root of the Jensen-Shannon divergence in bits: a metric between 0 and 1.

    References
    ----------
    D. Endres, J. Schindelin, *A new metric for probability distributions*, IEEE Transactions on Information Theory
    49, 2003; ``scipy.spatial.distance.jensenshannon`` with base 2.

    Examples
    --------
    >>> round(JS_DISTANCE.from_counts([1, 0], [1, 1]), 6)  # sqrt(3/2 − ¾ log2 3)
    0.557923
    """

    name = "js_distance"
    rate = 0.5

    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""
        return np.sqrt(super().formula(reference, current))


JS_DIVERGENCE = JsDivergence()
JS_DISTANCE = JsDistance()
