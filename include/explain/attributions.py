"""How much each feature moves the predictions of some rows: exact tree SHAP values, from xgboost itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.signals.sample import sampled
from include.training.encode import Encoder
from include.training.quantise import as_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.registry.artifact import Artifact

SAMPLE_ROWS = 5000


@dataclass(frozen=True)
class Contributions:
    """What each feature adds to the margin of each row.

    Attributes
    ----------
    features : tuple of str
        In the model's order.
    values : ndarray, shape (n_rows, n_features), or (n_rows, n_classes, n_features) for several classes
        In the unit of the margin: log odds for binary tasks, the label's unit for regression.
    base : ndarray, shape (n_rows,) or (n_rows, n_classes)
        The margin without any feature; with the values it adds up to the row's margin.
    """

    features: tuple[str, ...]
    values: np.ndarray[Any, np.dtype[np.float64]]
    base: np.ndarray[Any, np.dtype[np.float64]]

    @property
    def importance(self) -> dict[str, float]:
        """Return mean |value| by feature over the rows, summed over classes; the largest first; empty for no rows."""
        if not len(self.values):
            return {}
        moved = np.abs(self.values)
        if moved.ndim == 3:
            moved = moved.sum(axis=1)
        ranked = sorted(
            zip(self.features, moved.mean(axis=0).tolist(), strict=True), key=lambda item: (-item[1], item[0])
        )
        return dict(ranked)


def contributions(
    artifact: Artifact,
    batches: Iterable[pa.RecordBatch],
    *,
    rows: int = SAMPLE_ROWS,
    seed: int = 0,
    nthread: int = 1,
) -> Contributions:
    """Return what each feature adds to the predictions of a sample of rows.

    Parameters
    ----------
    artifact : Artifact
        The model. A constant model has no features to attribute to.
    batches : iterable of pyarrow.RecordBatch
        Feature rows; read once, in memory bounded by the sample.
    rows : int
        Most rows taken.
    seed : int
        Decides which; the cut into batches does not.
    nthread : int
        Threads.

    Raises
    ------
    ModelError
        When a feature is missing or has another type.

    References
    ----------
    Lundberg et al., *From local explanations to global understanding with explainable AI for trees*, 2020.
    """
    import xgboost as xgb

    manifest = artifact.manifest
    names = manifest.feature_names
    taken = sampled(batches, None, rows, seed).combine_chunks()
    if manifest.kind != "xgboost" or not taken.num_rows:
        count = taken.num_rows
        return Contributions(names, np.zeros((count, len(names))), np.zeros(count))
    matrix = Encoder(manifest.features).matrix(taken.to_batches()[0])
    table = xgb.DMatrix(as_table(matrix, manifest.features), enable_categorical=True, nthread=nthread)
    found = artifact.booster(nthread).predict(table, pred_contribs=True).astype(np.float64)
    return Contributions(names, found[..., :-1], found[..., -1])
