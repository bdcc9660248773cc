"""Direct loss estimation: a second model that learns how wrong the first one is on each row (regression without labels).

References
----------
NannyML, Direct loss estimation, https://nannyml.readthedocs.io (there with LightGBM); Quenouille (1956), the jackknife.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.metrics import Metric, metric
from include.signals.errors import SignalError
from include.signals.estimate import Estimate
from include.signals.importance import encoded
from include.signals.performance import limits

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = NDArray[np.float64]
FOLDS = 5
ROUNDS = 60
MOST_ROWS = 50_000
LEAST_ROWS = 100
BINS = 10
PARAMETERS = {
    "objective": "reg:squarederror",
    "max_depth": 4,
    "eta": 0.1,
    "min_child_weight": 20.0,
    "subsample": 0.8,
    "max_bin": 64,
    "tree_method": "hist",
    "device": "cpu",
    "verbosity": 0,
}
_ROOTS = {"rmse": "mse", "rmsle": "msle"}
"""Metrics that are the root of a mean over rows, and that mean."""


class DirectLoss:
    """Estimates losses of chunks without labels from a reference of labelled rows that the model was not trained on.

    Parameters
    ----------
    label, score : arrays of shape (n_rows,)
        NaN rows are left out.
    features : pyarrow.Table
        The rows' features.
    seed : int
        Of the sample (at most 50,000 rows), the folds and the trees.

    Raises
    ------
    SignalError
        Less than 100 labelled rows.
    """

    def __init__(
        self, label: NDArray[Any], score: NDArray[Any], features: pa.Table, *, seed: int = 0, threads: int = 1
    ) -> None:
        import pyarrow as pa

        label, score = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
        known = np.flatnonzero(np.isfinite(label) & np.isfinite(score))
        if len(known) < LEAST_ROWS:
            raise SignalError.at(
                "reference", f"{len(known)} labelled rows", f"at least {LEAST_ROWS}", "take more partitions"
            )
        random = np.random.default_rng(seed)
        kept = np.sort(random.permutation(known)[:MOST_ROWS])
        self._label, self._score = label[kept], score[kept]
        self._features = features.take(pa.array(kept))
        self._fold = random.permutation(np.arange(len(kept)) % FOLDS)
        self._seed, self._threads = seed, threads

    def estimate(
        self, metrics: Sequence[Metric], score: NDArray[Any], features: pa.Table, *, level: float = 0.95
    ) -> list[Estimate]:
        """Return the losses of a chunk of rows.

        Parameters
        ----------
        metrics : sequence of Metric
            Means over rows, or rmse and rmsle.
        level : float
            Nominal level of the intervals, for this chunk's number of rows.

        Notes
        -----
        Five models, each without one fold of the reference, predict each row's loss; their own fold corrects them by the
        mean error in ten bins of predicted loss. Variance of the interval: that of the rows' losses around their
        prediction (by bin, from the folds) over the chunk, plus the jackknife's variance between the five models.
        Less than 100 scored rows: `cannot_tell`.
        """
        score = np.asarray(score, dtype=np.float64)
        fine = np.flatnonzero(np.isfinite(score))
        if len(fine) < LEAST_ROWS:
            reason = f"{len(fine)} of at least {LEAST_ROWS} scored rows"
            return [
                Estimate(m.name, None, None, None, None, len(fine), level, 0.0, "cannot_tell", reason) for m in metrics
            ]
        import pyarrow as pa

        matrix, types = encoded(self._features, features.take(pa.array(fine)))
        scale = float(np.abs(self._score).max()) or 1.0
        both = np.concatenate([self._score, score[fine]]) / scale
        matrix = np.column_stack([matrix, both.astype(np.float32)])
        return [self._one(each, matrix, [*types, "q"], len(fine), level) for each in metrics]

    def _one(self, wanted: Metric, matrix: NDArray[np.float32], types: list[str], rows: int, level: float) -> Estimate:
        additive = metric(_ROOTS[wanted.name]) if wanted.name in _ROOTS else wanted
        loss = additive.rows(self._label, self._score)
        fine = np.isfinite(loss)
        worth = float(fine.sum())
        if not fine.all():
            reason = "it is not defined on some reference rows"
            return Estimate(wanted.name, None, None, None, None, rows, level, worth, "cannot_tell", reason)
        value, variance = self._mean_loss(loss, matrix, types)
        if wanted.name in _ROOTS:
            value, variance = float(np.sqrt(max(value, 0.0))), variance / (4 * max(value, 1e-300))
        spread = float(np.sqrt(variance))
        low, high = limits(wanted, value, spread, level)
        return Estimate(wanted.name, value, low, high, spread, rows, level, worth, "pass")

    def _mean_loss(self, loss: FloatArray, matrix: NDArray[np.float32], types: list[str]) -> tuple[float, float]:
        """Return the mean loss of the current rows and the variance of the realised mean around it."""
        import xgboost as xgb

        size = len(loss)
        current = xgb.DMatrix(matrix[size:], feature_types=types, enable_categorical=True, nthread=self._threads)
        own, predictions = np.empty(size), []
        scale = float(loss.std()) or 1.0
        for fold in range(FOLDS):
            out = self._fold == fold
            taught = self._matrix(matrix[:size][~out], types, loss[~out] / scale)
            booster = xgb.train({**PARAMETERS, "seed": self._seed % 2**31, "nthread": self._threads}, taught, ROUNDS)
            own[out] = booster.predict(self._matrix(matrix[:size][out], types)) * scale
            predictions.append(booster.predict(current).astype(np.float64) * scale)
        edges = np.unique(np.quantile(own, np.linspace(0, 1, BINS + 1)[1:-1]))
        place = np.searchsorted(edges, own)
        rows = np.maximum(np.bincount(place, minlength=len(edges) + 1), 1)
        error = loss - own
        shift = np.bincount(place, error, minlength=len(edges) + 1) / rows
        noise = np.bincount(place, (error - shift[place]) ** 2, minlength=len(edges) + 1) / rows
        places = [np.searchsorted(edges, each) for each in predictions]
        means = np.array([float((each + shift[at]).mean()) for each, at in zip(predictions, places, strict=True)])
        of_rows = float(np.mean([noise[at].mean() for at in places])) / len(predictions[0])
        of_models = (FOLDS - 1) / FOLDS * float(((means - means.mean()) ** 2).sum())
        return float(means.mean()), of_rows + of_models

    def _matrix(self, rows: NDArray[np.float32], types: list[str], loss: FloatArray | None = None) -> Any:
        import xgboost as xgb

        return xgb.DMatrix(rows, loss, feature_types=types, enable_categorical=True, nthread=self._threads)
