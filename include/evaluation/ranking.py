"""Metrics of order: area under the ROC curve and average precision, with the influence of each row.

Both are functions of the ranks only. Several classes: the plain mean of one class against the rest. NaN where a
side has no weight.

References
----------
DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837-845; Sun, Xu (2014), IEEE Signal Processing Letters 21:1389-1393.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from include.evaluation.losses import Influences

FloatArray = NDArray[np.float64]


def auc(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the chance that a random positive is scored above a random negative (ties count half).

    Notes
    -----
    ψ of a positive row is (share of negatives below it - auc) / share of positives, and likewise for a negative: DeLong's
    structural components, so that √(mean ψ² / n) is DeLong's standard error.

    Examples
    --------
    >>> auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))[0]
    0.75
    """
    return _over_classes(_auc, label, score, weight)


def average_precision(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean over positives of the precision at their score (no interpolation, as in scikit-learn).

    Examples
    --------
    >>> round(average_precision(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))[0], 6)
    0.833333
    """
    return _over_classes(_average_precision, label, score, weight)


def _over_classes(
    one: Callable[[FloatArray, FloatArray, FloatArray], Influences],
    label: FloatArray,
    score: FloatArray,
    weight: FloatArray | None,
) -> Influences:
    w = np.ones(len(label)) if weight is None else weight.astype(np.float64)
    if score.ndim == 1:
        return one((label == 1).astype(np.float64), score, w)
    found = [
        one((label == k).astype(np.float64), score[:, k], w)
        for k in range(score.shape[1])
        if 0 < (label == k).sum() < len(label)
    ]
    psi: FloatArray = np.mean([p for _, p in found], axis=0)
    return float(np.mean([v for v, _ in found])), psi


def _auc(actual: FloatArray, score: FloatArray, weight: FloatArray) -> Influences:
    if not 0 < weight @ actual < weight.sum():
        return float("nan"), np.zeros(len(score))
    order = np.argsort(score, kind="stable")
    positive, negative = (weight * actual)[order], (weight * (1 - actual))[order]
    first, last = _ties(score[order])
    below_negative = _midrank(negative, first, last)
    above_positive = positive.sum() - _midrank(positive, first, last)
    total, p, n = weight.sum(), positive.sum(), negative.sum()
    value = float(positive @ below_negative / (p * n))
    psi = np.empty(len(score))
    is_positive = actual[order] == 1
    psi[order] = np.where(
        is_positive, (below_negative / n - value) * total / p, (above_positive / p - value) * total / n
    )
    return value, psi


def _average_precision(actual: FloatArray, score: FloatArray, weight: FloatArray) -> Influences:
    if weight @ actual <= 0:
        return float("nan"), np.zeros(len(score))
    order = np.argsort(-score, kind="stable")
    w, y = weight[order], actual[order]
    first, last = _ties(score[order])
    found = np.cumsum(w * y)[last]
    flagged = np.cumsum(w)[last]
    precision = found / flagged
    p, total = (w * y).sum(), w.sum()
    value = float((w * y) @ precision / p)
    # d value / d weight of a row: its own precision, and its share in the precision of every positive at or below it.
    own = y * (precision - value) / p
    as_positive = _from_here_on(w * y / flagged, first) / p
    as_flagged = _from_here_on(w * y * found / flagged**2, first) / p
    psi = np.empty(len(score))
    psi[order] = total * (own + y * as_positive - as_flagged)
    return value, psi


def _ties(ordered: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each place the first and the last place with the same score."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    return np.repeat(starts, sizes), np.repeat(starts + sizes - 1, sizes)


def _midrank(mass: FloatArray, first: NDArray[np.intp], last: NDArray[np.intp]) -> FloatArray:
    """Return the mass below each place plus half of the mass tied with it."""
    upto = np.cumsum(mass)
    before: FloatArray = upto[first] - mass[first]
    return (before + upto[last]) / 2


def _from_here_on(mass: FloatArray, first: NDArray[np.intp]) -> FloatArray:
    """Return for each place the sum of mass from its tied group to the end."""
    upto = np.cumsum(mass)
    rest: FloatArray = upto[-1] - (upto[first] - mass[first])
    return rest
