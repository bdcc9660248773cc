"""Isotonic calibration: how often each score comes true.

References
----------
Zadrozny, Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """One isotonic table per class: probability by score, linear between the points, flat beyond them."""

    points: tuple[tuple[FloatArray, FloatArray], ...]

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the probability of class 1, (n_rows,), or of each class, (n_rows, n_classes), rows summing to 1."""
        if score.ndim == 1:
            return np.asarray(np.interp(score, *self.points[0]))
        raw = np.column_stack([np.interp(score[:, k], *table) for k, table in enumerate(self.points)])
        total = raw.sum(axis=1, keepdims=True)
        return np.where(total > 0, raw / np.where(total > 0, total, 1.0), 1 / raw.shape[1])


def fit_calibration(label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Calibration:
    """Return the isotonic calibration of scores on labelled rows, each class against the rest.

    Examples
    --------
    >>> table = fit_calibration(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.4]))
    >>> table.apply(np.array([0.0, 0.25, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    from sklearn.isotonic import IsotonicRegression

    columns = [score] if score.ndim == 1 else list(score.T)
    wanted = [1.0] if score.ndim == 1 else np.arange(len(columns), dtype=np.float64)
    points = []
    for column, of in zip(columns, wanted, strict=True):
        found = IsotonicRegression(out_of_bounds="clip").fit(column, label == of, sample_weight=weight)
        points.append((np.asarray(found.X_thresholds_, np.float64), np.asarray(found.y_thresholds_, np.float64)))
    return Calibration(tuple(points))
