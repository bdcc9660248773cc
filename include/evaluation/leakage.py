"""Single-feature leakage: a feature that predicts the label too well to be true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.evaluation.ranking import auc
from include.evaluation.verdict import Part, first_names

FloatArray = NDArray[np.float64]
BINS = 64
LEAST_ROWS = 100


def leakage_part(features: pa.Table, label: NDArray[Any], limit: float) -> Part:
    """Return whether no feature alone predicts the label better than a limit (area under the ROC curve).

    Parameters
    ----------
    features : pyarrow.Table
        Training rows (a sample of some ten thousand is enough).
    label : array of shape (n_rows,)
        0 and 1, classes, or numbers; NaN is left out.

    Notes
    -----
    Numbers fall into 64 bins with equally many rows, nulls into one of their own, categories are their own; each half of
    the rows is scored by the other half's mean label of the bin, so that a feature with a value a row does not look like
    leakage. A numeric label counts as 1 above its median, each of several classes is taken against the rest.
    """
    known = np.isfinite(label)
    if known.sum() < LEAST_ROWS:
        return Part(
            "leakage", "cannot_tell", f"{int(known.sum())} of at least {LEAST_ROWS} labelled rows", {"limit": limit}
        )
    targets = _binary_targets(np.asarray(label, dtype=np.float64)[known])
    if not targets:
        return Part("leakage", "cannot_tell", "the label does not vary", {"limit": limit})
    found = {name: _best_auc(places(features[name])[known], targets) for name in features.column_names}
    suspects = sorted((name for name, value in found.items() if value > limit), key=lambda name: -found[name])
    numbers = {"limit": limit, "auc": dict(sorted(found.items(), key=lambda item: -item[1])[:10])}
    if suspects:
        named = first_names([f"{name} ({found[name]:.4f})" for name in suspects], between=", ")
        return Part(
            "leakage", "fail", f"alone, {named} predicts better than {limit:.4g}: it may know the outcome", numbers
        )
    most = max(found, key=lambda name: found[name], default="")
    reason = (
        f"no feature alone is above {limit:.4g}; the most is {most} with {found[most]:.4f}" if most else "no features"
    )
    return Part("leakage", "pass", reason, numbers)


def places(column: pa.ChunkedArray) -> NDArray[np.intp]:
    """Return the bin of each value, (n_rows,); null is the last one.

    >>> places(pa.chunked_array([["a", None, "b", "a"]])).tolist()
    [0, 2, 1, 0]
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.cast(pa.float64()).to_numpy()
        fine = np.isfinite(values)
        edges = np.unique(np.quantile(values[fine], np.linspace(0, 1, BINS + 1)[1:-1])) if fine.any() else np.empty(0)
        return np.where(fine, np.searchsorted(edges, values, side="left"), len(edges) + 1)
    encoded = pc.dictionary_encode(column).combine_chunks()
    size = len(encoded.dictionary)
    return np.asarray(pc.fill_null(encoded.indices, size).to_numpy(zero_copy_only=False), dtype=np.intp)


def _binary_targets(label: FloatArray) -> list[FloatArray]:
    values = np.unique(label)
    if len(values) < 2:
        return []
    if len(values) == 2:
        return [(label == values[1]).astype(np.float64)]
    if len(values) <= 20 and np.all(values == np.round(values)):
        return [(label == value).astype(np.float64) for value in values]
    return [(label > np.median(label)).astype(np.float64)]


def _best_auc(place: NDArray[np.intp], targets: list[FloatArray]) -> float:
    half = np.arange(len(place)) % 2
    size = int(place.max()) + 1
    best = 0.5
    for target in targets:
        score = np.empty(len(place))
        for fold in (0, 1):
            other = half != fold
            count = np.bincount(place[other], minlength=size)
            hits = np.bincount(place[other], target[other], minlength=size)
            score[~other] = ((hits + target[other].mean()) / (count + 1))[place[~other]]
        # Within each half, so that the halves' different base rates do not count.
        aucs = [
            auc(target[half == fold], score[half == fold])[0] for fold in (0, 1) if 0 < target[half == fold].mean() < 1
        ]
        best = max(best, float(np.mean(aucs)) if aucs else 0.5)
    return best
