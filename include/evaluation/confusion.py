"""Metrics of decisions: counts of right and wrong classes at a threshold, and their value in money.

With one column of scores a row counts as class 1 at and above the threshold; with a column a class the largest score
decides, and precision, recall, specificity and f1 are the plain mean over the classes present (macro).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from include.evaluation.losses import Influences, mean_of, weighted_mean

FloatArray = NDArray[np.float64]
OneClass = Callable[[FloatArray, FloatArray, FloatArray | None], Influences]


def decided(score: FloatArray, threshold: float = 0.5) -> FloatArray:
    """Return the class that each row is given, (n_rows,).

    >>> decided(np.array([0.2, 0.5, 0.9])).tolist()
    [0.0, 1.0, 1.0]
    """
    if score.ndim == 2:
        chosen: FloatArray = score.argmax(axis=1).astype(np.float64)
        return chosen
    return (score >= threshold).astype(np.float64)


def ratio_of(part: FloatArray, whole: FloatArray, weight: FloatArray | None) -> Influences:
    """Return mean(part) / mean(whole), NaN where the whole is empty, with influences by the delta method."""
    bottom = weighted_mean(whole, weight)
    if bottom == 0:
        return float("nan"), np.zeros_like(part)
    value = weighted_mean(part, weight) / bottom
    return value, (part - value * whole) / bottom


def accuracy(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, threshold: float = 0.5
) -> Influences:
    """Return the share of rows given their own class."""
    return mean_of((decided(score, threshold) == label).astype(np.float64), weight)


def precision(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, threshold: float = 0.5
) -> Influences:
    """Return the share of predicted positives that are positive; NaN when none is predicted."""
    return _per_class(lambda y, d, w: ratio_of(y * d, d, w), label, decided(score, threshold), score, weight)


def recall(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, threshold: float = 0.5
) -> Influences:
    """Return the share of positives that are predicted positive; NaN when there is none."""
    return _per_class(lambda y, d, w: ratio_of(y * d, y, w), label, decided(score, threshold), score, weight)


def specificity(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, threshold: float = 0.5
) -> Influences:
    """Return the share of negatives that are predicted negative; NaN when there is none."""
    return _per_class(
        lambda y, d, w: ratio_of((1 - y) * (1 - d), 1 - y, w), label, decided(score, threshold), score, weight
    )


def f1(label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, threshold: float = 0.5) -> Influences:
    """Return 2 TP / (2 TP + FP + FN); NaN when there is no positive, neither actual nor predicted.

    Examples
    --------
    >>> f1(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.1, 0.8, 0.2]))[0]
    0.5
    """
    return _per_class(lambda y, d, w: ratio_of(2 * y * d, y + d, w), label, decided(score, threshold), score, weight)


def business_value(
    label: FloatArray,
    score: FloatArray,
    weight: FloatArray | None = None,
    *,
    matrix: Sequence[Sequence[float]],
    threshold: float = 0.5,
) -> Influences:
    """Return the mean value of a decision, in the matrix's currency a row.

    Parameters
    ----------
    matrix : (n_classes, n_classes)
        Value of [actual class][predicted class]; costs are negative.

    Examples
    --------
    >>> business_value(np.array([1.0, 0.0]), np.array([0.9, 0.9]), matrix=[[0, -10], [5, 20]])[0]
    5.0
    """
    table = np.asarray(matrix, dtype=np.float64)
    return mean_of(table[label.astype(np.intp), decided(score, threshold).astype(np.intp)], weight)


def counts(label: FloatArray, score: FloatArray, threshold: float = 0.5) -> dict[str, int]:
    """Return true and false positives and negatives of a binary decision.

    >>> counts(np.array([1.0, 0.0, 0.0]), np.array([0.9, 0.9, 0.1]))
    {'true_positive': 1, 'false_positive': 1, 'true_negative': 1, 'false_negative': 0}
    """
    y, d = label == 1, decided(score, threshold) == 1
    return {
        "true_positive": int((y & d).sum()),
        "false_positive": int((~y & d).sum()),
        "true_negative": int((~y & ~d).sum()),
        "false_negative": int((y & ~d).sum()),
    }


def _per_class(
    one: OneClass, label: FloatArray, decision: FloatArray, score: FloatArray, weight: FloatArray | None
) -> Influences:
    if score.ndim == 1:
        return one(label, decision, weight)
    classes = np.union1d(label, decision)
    found = [one((label == c).astype(np.float64), (decision == c).astype(np.float64), weight) for c in classes]
    # As in scikit-learn's macro average with zero_division=0, a class never predicted (or never seen) counts as 0.
    value = float(np.mean([np.nan_to_num(v) for v, _ in found]))
    psi: FloatArray = np.mean([p for _, p in found], axis=0)
    return value, psi
