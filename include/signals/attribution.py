"""How much each feature moves the predictions of a partition: mean |SHAP|, and its change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from include.signals.measured import Measured, cannot_tell


@dataclass(frozen=True)
class Attribution:
    """What one feature contributes to predictions, over a sample of rows.

    Attributes
    ----------
    mean : float
        Mean of |SHAP value| over the rows, summed over classes, in the unit of the margin (log odds for a binary
        model).
    deviation : float
        Standard deviation over the rows, same unit.
    rows : int
        Rows of the sample.
    """

    mean: float
    deviation: float
    rows: int


def attributions(booster: Any, rows: Any, *, threads: int = 1) -> dict[str, Attribution]:
    """Return what each feature of a model contributes to its predictions of a sample of rows.

    Parameters
    ----------
    booster : xgboost.Booster
        With feature names.
    rows : numpy.ndarray of shape (n_rows, n_features) or xgboost.DMatrix
        A bounded sample of a partition (see `sample.sampled`), encoded as for prediction.
    threads : int
        For xgboost.

    Returns
    -------
    dict of str to Attribution
        By feature name, in the model's order; empty for no rows.

    Notes
    -----
    Exact tree SHAP values (``pred_contribs``): with the intercept they add up to the margin of each row.

    References
    ----------
    S. Lundberg et al., *From local explanations to global understanding with explainable AI for trees*, Nature
    Machine Intelligence 2, 2020.
    """
    import xgboost as xgb

    names, types = booster.feature_names, booster.feature_types
    if isinstance(rows, np.ndarray):
        if not len(rows):
            return {}
        rows = xgb.DMatrix(rows, feature_names=names, feature_types=types, enable_categorical=True, nthread=threads)
    booster.set_param({"nthread": threads})
    contributions: npt.NDArray[Any] = np.abs(booster.predict(rows, pred_contribs=True))[..., :-1]
    if contributions.ndim == 3:  # (rows, classes, features)
        contributions = contributions.sum(axis=1)
    count = len(contributions)
    means = contributions.mean(axis=0, dtype=np.float64)
    deviations = contributions.std(axis=0, dtype=np.float64, ddof=1 if count > 1 else 0)
    return {
        name: Attribution(float(mean), float(deviation), count)
        for name, mean, deviation in zip(names, means, deviations, strict=True)
    }


def attribution_shift(reference: Attribution, current: Attribution) -> Measured:
    """Return how much a feature's mean |SHAP| grew, in the unit of the margin.

    Notes
    -----
    Under no change the mean is 0 and the spread ``deviation · sqrt(1/n + 1/N)`` with the reference's deviation. Both
    sides must come from the same model.

    Examples
    --------
    >>> shift = attribution_shift(Attribution(0.25, 0.5, 200), Attribution(0.5, 0.5, 200))
    >>> shift.value, shift.studentised()
    (0.25, 5.0)
    """
    if not reference.rows or not current.rows:
        return cannot_tell(current.rows)
    spread = reference.deviation * math.sqrt(1 / current.rows + 1 / reference.rows)
    if not spread:  # an unused feature: half a row might have been different
        spread = math.sqrt(0.5 / reference.rows / current.rows)
    error = current.deviation / math.sqrt(current.rows)
    return Measured(current.mean - reference.mean, error, 0.0, spread, current.rows)
