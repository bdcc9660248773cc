"""Expected calibration error: how far predicted probabilities are from observed shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from include.evaluation.losses import Influences

FloatArray = NDArray[np.float64]


def calibration_error(
    label: FloatArray, score: FloatArray, weight: FloatArray | None = None, *, bins: int = 10
) -> Influences:
    """Return Σ over bins of share(bin) × |mean outcome - mean probability|, dimensionless.

    Parameters
    ----------
    bins : int
        Number of bins with equally many rows (edges at quantiles; equal probabilities stay together).

    Notes
    -----
    Several classes: probability and outcome of the class with the largest score ("confidence calibration", Guo et al.
    2017). A calibrated model has an expected value of about √(2/π) √(bins / n) mean √(p(1-p)) and not 0: compare
    it with a limit above that, and two models on the same rows. Near that floor the standard error is too large, since the
    sign of each bin's gap counts as known.

    References
    ----------
    Naeini, Cooper, Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI.

    Examples
    --------
    >>> calibration_error(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.9, 0.9]), bins=2)[0]
    0.04999999999999999
    """
    w = np.ones(len(label)) if weight is None else weight.astype(np.float64)
    if score.ndim == 2:
        label, score = (score.argmax(axis=1) == label).astype(np.float64), score.max(axis=1)
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, score, side="right")
    gap = label - score
    sign = np.sign(np.bincount(place, w * gap, minlength=len(edges) + 1))
    rows = sign[place] * gap
    value = float(rows @ w / w.sum())
    return value, rows - value
