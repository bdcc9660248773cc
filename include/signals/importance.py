"""Importance weights: how much each reference row counts so that the reference looks like the current rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from include.signals.columns import codes_of, column_of, kinds_of, texts_of
from include.signals.heavy import HeavyHitters
from include.signals.statistic import as_column

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = NDArray[np.float64]
MOST_ROWS = 15_000
"""Rows of each side that a fold's classifier is taught on."""
MOST_CATEGORIES = 64
FOLDS = 2
ROUNDS = 40
TRIM = 0.999
"""Quantile at which weights are cut: a few huge ones would be the estimate."""
PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.15,
    "min_child_weight": 20.0,
    "lambda": 5.0,
    "subsample": 0.8,
    "max_bin": 64,
    "tree_method": "hist",
    "device": "cpu",
    "verbosity": 0,
}


def shift_weights(
    reference: pa.Table,
    current: pa.Table,
    reference_score: FloatArray,
    current_score: FloatArray,
    *,
    seed: int,
    threads: int = 1,
) -> FloatArray:
    """Return the weight of each reference row, (n_reference,): density of current rows over that of the reference there.

    Parameters
    ----------
    reference, current : pyarrow.Table
        Feature rows; columns of the reference count.
    reference_score, current_score : arrays of shape (n_rows,) or (n_rows, n_classes)
        The model's scores of the same rows, features like any other.

    Notes
    -----
    Odds p / (1 - p) of a classifier that tells current from reference rows, two folds, each scored by trees grown on the
    other (at most 15,000 rows of the reference), cut at their 99.9 % quantile. Their mean is the
    share of current rows that the reference could have shown: about 1, or less where current rows lie outside it.

    References
    ----------
    Sugiyama, Suzuki, Kanamori (2012), Density ratio estimation in machine learning.
    """
    import xgboost as xgb

    features, types = encoded(reference, current)
    scores = np.concatenate([reference_score, current_score]).reshape(len(features), -1)
    features = np.column_stack([features, scores.astype(np.float32)])
    types = [*types, *["q"] * scores.shape[1]]
    rows = reference.num_rows
    random = np.random.default_rng(seed)
    fold = random.integers(0, FOLDS, len(features))
    is_current = np.arange(len(features)) >= rows
    weight = np.ones(rows)
    for held_out in range(FOLDS):
        old = random.permutation(np.flatnonzero((fold != held_out) & ~is_current))[:MOST_ROWS]
        new = random.permutation(np.flatnonzero((fold != held_out) & is_current))[:MOST_ROWS]
        ask = np.flatnonzero((fold == held_out) & ~is_current)
        if not (len(old) and len(new) and len(ask)):
            continue
        both = np.concatenate([old, new])
        taught = xgb.DMatrix(
            features[both], is_current[both], feature_types=types, enable_categorical=True, nthread=threads
        )
        booster = xgb.train({**PARAMETERS, "seed": seed % 2**31, "nthread": threads}, taught, ROUNDS)
        asked = xgb.DMatrix(features[ask], feature_types=types, enable_categorical=True, nthread=threads)
        chance = booster.predict(asked).astype(np.float64)
        weight[ask] = chance / (1 - chance) * len(old) / len(new)
    return np.asarray(np.minimum(weight, np.quantile(weight, TRIM)))


def effective_rows(weight: FloatArray) -> float:
    """Return min(1, mean w) × (Σw)² / Σw²: the equally weighted rows of the same worth (Kish), less what is not covered.

    >>> effective_rows(np.array([2.0, 2.0, 0.0, 0.0])), effective_rows(np.array([0.1, 0.1]))
    (2.0, 0.2)
    """
    return float(weight.sum() ** 2 / (weight**2).sum() * min(1.0, weight.mean())) if len(weight) else 0.0


def encoded(reference: pa.Table, current: pa.Table) -> tuple[NDArray[np.float32], list[str]]:
    """Return both sides' rows as one matrix, the reference's first, and xgboost's type of each column.

    Notes
    -----
    Numbers are divided by the reference's largest absolute value, so that single precision keeps them apart; the 64 most
    frequent categories of both sides get codes, others and nulls are missing.
    """
    import pyarrow as pa

    kinds = kinds_of(reference.schema)
    matrix = np.full((reference.num_rows + current.num_rows, len(kinds)), np.nan, np.float32)
    for place, (name, kind) in enumerate(kinds.items()):
        sides = column_of(reference, name), column_of(current, name)
        if kind == "numeric":
            matrix[:, place] = _scaled([as_column(side).to_numpy(zero_copy_only=False) for side in sides])
            continue
        texts = [texts_of(side) for side in sides]
        common = HeavyHitters.of(texts[0]).merge(HeavyHitters.of(texts[1])).ranked()[:MOST_CATEGORIES]
        categories = pa.array(sorted(text for text, _ in common), pa.string())
        codes = np.concatenate([codes_of(side, categories) for side in texts])
        matrix[:, place] = np.where(codes < 0, np.nan, codes)
    return matrix, ["q" if kind == "numeric" else "c" for kind in kinds.values()]


def _scaled(sides: list[Any]) -> FloatArray:
    values = np.concatenate(sides).astype(np.float64)
    known = sides[0][np.isfinite(sides[0])]
    scale = float(np.abs(known).max()) if known.size else 1.0
    return np.asarray(np.where(np.isfinite(values), values / (scale or 1.0), np.nan))
