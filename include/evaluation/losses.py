"""Losses that are means over rows, and their roots: value and influence of each row.

Each function takes `label` and `score` of shape (n_rows,) (`score` of shape (n_rows, n_classes) for several classes)
without nulls and an optional `weight`, and returns the value and the influence of each row, (n_rows,), weighted mean 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Influences = tuple[float, FloatArray]
CLIP = 1e-15
"""Probabilities are kept this far from 0 and 1, so that one certain mistake costs 34.5 nats and not infinity."""


def weighted_mean(rows: FloatArray, weight: FloatArray | None) -> float:
    """Return the mean of rows under the weights.

    >>> weighted_mean(np.array([1.0, 4.0]), np.array([2.0, 1.0]))
    2.0
    """
    return float(rows.mean() if weight is None else rows @ weight / weight.sum())


def mean_of(rows: FloatArray, weight: FloatArray | None) -> Influences:
    """Return the mean of rows and each row's influence, its distance from that mean."""
    value = weighted_mean(rows, weight)
    return value, rows - value


def root_of(rows: FloatArray, weight: FloatArray | None) -> Influences:
    """Return the root of the mean of rows, with influences by the delta method: (row - mean) / (2 root)."""
    value, psi = mean_of(rows, weight)
    root = float(np.sqrt(value))
    return root, psi / (2 * root) if root > 0 else np.zeros_like(psi)


def log_loss(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean negative log likelihood, in nats.

    Examples
    --------
    >>> round(log_loss(np.array([0.0, 1.0]), np.array([0.5, 0.5]))[0], 6)
    0.693147
    """
    if score.ndim == 2:
        chosen = score[np.arange(len(label)), label.astype(np.intp)]
    else:
        chosen = np.where(label == 1, score, 1 - score)
    return mean_of(-np.log(np.clip(chosen.astype(np.float64), CLIP, 1 - CLIP)), weight)


def brier(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean squared distance of probability and outcome, summed over the classes for more than two.

    Notes
    -----
    Two classes: (p - y)², in [0, 1] as usual; several classes: Σₖ (pₖ - yₖ)², in [0, 2] (Brier 1950).
    """
    if score.ndim == 1:
        return mean_of((score - label) ** 2, weight)
    actual = np.arange(score.shape[1]) == label[:, None]
    return mean_of(((score - actual) ** 2).sum(axis=1), weight)


def mse(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean squared error, in the label's unit squared."""
    return mean_of((label - score) ** 2, weight)


def rmse(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the root of the mean squared error, in the label's unit.

    >>> rmse(np.array([0.0, 0.0]), np.array([3.0, 4.0]))[0] == 12.5**0.5
    True
    """
    return root_of((label - score) ** 2, weight)


def mae(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean absolute error, in the label's unit."""
    return mean_of(np.abs(label - score), weight)


def mape(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean of |label - score| / max(|label|, ε), dimensionless.

    Notes
    -----
    ε is the machine epsilon, as in scikit-learn: a label of 0 makes the value huge instead of undefined.
    """
    return mean_of(np.abs(label - score) / np.maximum(np.abs(label), np.finfo(np.float64).eps), weight)


def msle(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the mean squared difference of log(1 + x); not defined (NaN) where a label or score is at or below -1."""
    return mean_of(_squared_log(label, score), weight)


def rmsle(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Influences:
    """Return the root of `msle`."""
    return root_of(_squared_log(label, score), weight)


def quantile_loss(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, quantile: float = 0.5
) -> Influences:
    """Return the mean pinball loss of a predicted quantile, in the label's unit.

    >>> quantile_loss(np.array([10.0]), np.array([8.0]), quantile=0.9)[0]
    1.8
    """
    short = label - score
    return mean_of(np.maximum(quantile * short, (quantile - 1) * short), weight)


def _squared_log(label: FloatArray, score: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        squared: FloatArray = (np.log1p(label) - np.log1p(score)) ** 2
    return np.where((label > -1) & (score > -1), squared, np.nan)
