"""Isotonic calibration as a small table that anybody can read and apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from include.registry.manifest import Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
MAX_POINTS = 512


def isotonic(raw: Array, label: Array, weight: Array | None = None, *, share: bool = True) -> Calibration:
    """Return the monotone table that predicts the label best from a raw score (least squares).

    Parameters
    ----------
    raw, label : ndarray, shape (n_rows,)
        Scores and labels of rows that the model was not trained on.
    weight : ndarray, shape (n_rows,), optional
        Weights of the rows.
    share : bool
        Whether the label is 0 or 1: then calibrated scores are kept ``1 / (2 n_rows + 2)`` away from 0 and 1, since a
        finite sample proves neither.

    Notes
    -----
    Equal scores are merged first; pool adjacent violators; each block keeps its first and last score, linear between
    blocks. Beyond `MAX_POINTS` points, points at evenly spaced ranks are kept.

    References
    ----------
    Barlow et al., *Statistical Inference under Order Restrictions*, 1972; ``scipy.optimize.isotonic_regression``.

    Examples
    --------
    >>> table = isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]), share=False)
    >>> table.raw, table.calibrated
    ((0.1, 0.2, 0.3, 0.4), (0.0, 0.5, 0.5, 1.0))
    """
    from scipy.optimize import isotonic_regression

    score, place = np.unique(np.asarray(raw, np.float64), return_inverse=True)
    mass = np.bincount(place, weight)
    mean = np.bincount(place, label if weight is None else label * weight) / mass
    level = isotonic_regression(mean, weights=mass).x
    first = np.flatnonzero(np.diff(level, prepend=-np.inf) > 0)
    last = np.append(first[1:] - 1, len(level) - 1)
    points = np.unique(np.concatenate([first, last]))
    if len(points) > MAX_POINTS:
        points = points[np.linspace(0, len(points) - 1, MAX_POINTS).round().astype(int)]
    edge = 1 / (2 * len(raw) + 2)
    shown = np.clip(level[points], edge, 1 - edge) if share else level[points]
    return Calibration(raw=tuple(score[points].tolist()), calibrated=tuple(shown.tolist()))


def calibrated(score: Array, tables: Sequence[Calibration]) -> Array:
    """Return calibrated scores of the same shape.

    Parameters
    ----------
    score : ndarray, shape (n_rows,) or (n_rows, n_classes)
        Raw scores.
    tables : sequence of Calibration
        None (the scores come back unchanged), one, or one per class; several are normalised to sum to 1.
    """
    if not tables:
        return score
    if score.ndim == 1:
        return np.interp(score, tables[0].raw, tables[0].calibrated)
    found = np.column_stack([np.interp(score[:, i], t.raw, t.calibrated) for i, t in enumerate(tables)])
    shares: Array = found / found.sum(axis=1, keepdims=True)
    return shares
