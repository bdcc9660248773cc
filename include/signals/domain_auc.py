"""Domain-classifier AUC: how well a small model tells current rows from the reference's, over all columns together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.signals.columns import codes_of, column_of, kinds_of, texts_of
from include.signals.heavy import HeavyHitters
from include.signals.measured import Measured, cannot_tell
from include.signals.moments import FloatArray
from include.signals.statistic import as_column

FOLDS = 3
FOLD_CORRELATION = 1 / 3  # of the folds' AUCs under no change, whose trees share rows: measured 0.24 to 0.42
LEAST_ROWS = 10 * FOLDS
MOST_CATEGORIES = 64
ROUNDS = 40
PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.2,
    "min_child_weight": 5.0,
    "tree_method": "hist",
    "max_bin": 64,
    "device": "cpu",
}


def domain_auc(reference: pa.Table, current: pa.Table, *, seed: int, threads: int = 1) -> Measured:
    """Return the AUC of a model that was taught to tell the two sides apart, on rows that it has not seen.

    Parameters
    ----------
    reference, current : pyarrow.Table
        Bounded samples of rows (see `sample.sampled`) with the columns of the reference; of current rows, columns
        beside them are ignored.
    seed : int
        Of the folds and of the trees.
    threads : int
        For xgboost; the result does not depend on it.

    Returns
    -------
    Measured
        Value ½ when the sides cannot be told apart, 1 when every row can. Cannot tell below `LEAST_ROWS` rows on a
        side.

    Raises
    ------
    SignalError
        When a column of the reference is missing or of another kind in the current rows.

    Notes
    -----
    Three folds, each scored by trees grown on the other two; the value is the mean of the folds' AUCs, so it is ½ on
    average under no change, where the AUC of all scores pooled would be below it. The spread under no change is that
    of three Mann-Whitney statistics (with ties) that correlate by `FOLD_CORRELATION`, the standard error DeLong's,
    likewise. Changes of correlation and
    mix that no single column shows are seen here.

    References
    ----------
    J. Friedman, *On multivariate goodness-of-fit and two-sample testing*, SLAC-PUB-10325, 2003. E. DeLong et al.,
    *Comparing the areas under two or more correlated ROC curves*, Biometrics 44, 1988.
    """
    counts = (reference.num_rows, current.num_rows)
    if min(counts) < LEAST_ROWS:
        return cannot_tell(current.num_rows)
    features, types = _encoded(reference, current)
    label = np.repeat([0.0, 1.0], counts)
    random = np.random.default_rng(seed)
    fold = np.concatenate([random.permutation(np.arange(count) % FOLDS) for count in counts])
    parts = [_fold(features, label, fold == i, types, seed + i, threads) for i in range(FOLDS)]
    value, spread, error = (np.array(column) for column in zip(*parts, strict=True))
    return Measured(
        float(value.mean()),
        _of_mean(error),
        0.5,
        _of_mean(spread),
        current.num_rows,
    )


def _of_mean(deviations: FloatArray) -> float:
    """Return the standard deviation of the mean of the folds' AUCs from their own."""
    variance = (1 - FOLD_CORRELATION) * (deviations**2).sum() + FOLD_CORRELATION * deviations.sum() ** 2
    return math.sqrt(float(variance)) / FOLDS


def _fold(
    features: npt.NDArray[np.float32],
    label: FloatArray,
    held_out: npt.NDArray[np.bool_],
    types: list[str],
    seed: int,
    threads: int,
) -> tuple[float, float, float]:
    import xgboost as xgb

    def matrix(rows: npt.NDArray[np.bool_]) -> Any:
        data, labels = features[rows], label[rows]
        return xgb.DMatrix(data, label=labels, feature_types=types, enable_categorical=True, nthread=threads)

    parameters = {**PARAMETERS, "seed": seed % 2**31, "nthread": threads, "verbosity": 0}
    booster = xgb.train(parameters, matrix(~held_out), num_boost_round=ROUNDS)
    scores, of_current = booster.predict(matrix(held_out)), label[held_out] == 1
    return auc_of(scores[~of_current], scores[of_current])


def auc_of(negative: npt.NDArray[Any], positive: npt.NDArray[Any]) -> tuple[float, float, float]:
    """Return the AUC of scores, its spread if both came from one distribution, and its standard error.

    Parameters
    ----------
    negative, positive : numpy.ndarray of shapes (n,) and (m,)

    Examples
    --------
    >>> [round(number, 4) for number in auc_of(np.array([1.0, 2.0, 3.0]), np.array([2.5, 3.5]))]
    [0.8333, 0.2887, 0.2357]
    """
    from scipy.stats import rankdata

    n, m = len(negative), len(positive)
    both = rankdata(np.concatenate([negative, positive]))
    above = (both[n:] - rankdata(positive)) / n  # share of negatives below each positive
    below = 1 - (both[:n] - rankdata(negative)) / m
    _, ties = np.unique(both, return_counts=True)
    total = n + m
    free = total + 1 - float((ties.astype(float) ** 3 - ties).sum()) / (total * (total - 1))
    spread = math.sqrt(max(free, 0.0) / (12 * n * m)) or math.sqrt((total + 1) / (12 * n * m))
    return float(above.mean()), spread, math.sqrt(_variance(above) / m + _variance(below) / n)


def _variance(values: FloatArray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _encoded(reference: pa.Table, current: pa.Table) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Return both sides' rows as one matrix, the reference's first: numbers about its mean, categories as codes."""
    kinds = kinds_of(reference.schema)
    rows = reference.num_rows
    features = np.full((rows + current.num_rows, len(kinds)), np.nan, np.float32)
    for place, (name, kind) in enumerate(kinds.items()):
        left, right = column_of(reference, name), column_of(current, name)
        if kind == "numeric":
            values = [as_column(side).to_numpy(zero_copy_only=False) for side in (left, right)]
            centre, scale = _centre_and_scale(values[0])
            features[:, place] = (np.concatenate(values) - centre) / scale
        else:
            texts = [texts_of(side) for side in (left, right)]
            common = HeavyHitters.of(texts[0]).merge(HeavyHitters.of(texts[1])).ranked()[:MOST_CATEGORIES]
            categories = pa.array(sorted(text for text, _ in common), pa.string())
            codes = np.concatenate([codes_of(side, categories) for side in texts])
            features[:, place] = np.where(codes < 0, np.nan, codes)
    return features, ["q" if kind == "numeric" else "c" for kind in kinds.values()]


def _centre_and_scale(values: FloatArray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    centre = float(np.median(known))
    return centre, float(np.abs(known - centre).max()) or 1.0
