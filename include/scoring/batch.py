"""Scores of rows, batch by batch, in memory bounded by the batch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.training.calibrate import calibrated
from include.training.encode import Encoder, Tally, regrouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from include.registry.artifact import Artifact
    from include.registry.manifest import Manifest

Scores = np.ndarray[Any, np.dtype[np.float64]]
PASSED = ("_key", "_partition")
BATCH_ROWS = 65_536


def score(
    artifact: Artifact,
    batches: Iterable[pa.RecordBatch],
    nthread: int = 1,
    *,
    passed: Sequence[str] = PASSED,
    tally: Tally | None = None,
) -> Iterator[pa.RecordBatch]:
    """Return the rows' scores.

    Parameters
    ----------
    artifact : Artifact
        The model.
    batches : iterable of pyarrow.RecordBatch
        Feature rows; columns are found by name, others are ignored.
    nthread : int
        Threads.
    passed : sequence of str
        Columns that come back unchanged, as far as the rows have them.
    tally : Tally, optional
        Counts rows and values that the model does not know.

    Yields
    ------
    pyarrow.RecordBatch
        The passed columns, then `score` (float64; the probability of 1 for binary tasks), or one column a class
        (`score_columns`).

    Raises
    ------
    ModelError
        When a feature is missing, has another type, or is infinite.
    """
    names = score_columns(artifact.manifest)
    for batch in regrouped(batches, BATCH_ROWS):
        found = scores(artifact, batch, nthread, tally)
        kept = [name for name in passed if name in batch.schema.names]
        columns = [batch.column(name) for name in kept]
        columns += [pa.array(found if found.ndim == 1 else found[:, i]) for i in range(len(names))]
        yield pa.record_batch(columns, names=[*kept, *names])


def scores(
    artifact: Artifact,
    batch: pa.RecordBatch,
    nthread: int = 1,
    tally: Tally | None = None,
    *,
    classes: Sequence[str] = (),
) -> Scores:
    """Return the scores of one batch; shape (n_rows,), or (n_rows, n_classes) for several classes.

    `classes` asks for these, in this order, in the place of the model's own; one that it does not know scores 0.
    """
    found = _scores(artifact, batch, nthread, tally)
    own = artifact.manifest.classes
    return found if not classes or tuple(classes) == own else in_classes(found, own, classes)


def in_classes(found: Scores, own: Sequence[str], classes: Sequence[str]) -> Scores:
    """Return scores by class in another order of classes, 0 for those that are not among its own.

    Examples
    --------
    >>> in_classes(np.array([[0.2, 0.8]]), ("a", "b"), ("b", "c", "a")).tolist()
    [[0.8, 0.0, 0.2]]
    """
    places = {name: place for place, name in enumerate(own)}
    columns = [found[:, places[name]] if name in places else np.zeros(len(found)) for name in classes]
    return np.column_stack(columns)


def known_classes(*artifacts: Artifact) -> tuple[str, ...]:
    """Return the classes that any of some models knows, in the order of their names; none for other tasks."""
    return tuple(sorted({name for artifact in artifacts for name in artifact.manifest.classes}))


def _scores(artifact: Artifact, batch: pa.RecordBatch, nthread: int, tally: Tally | None) -> Scores:
    manifest = artifact.manifest
    if manifest.kind == "constant":
        if tally is not None:
            tally.rows += batch.num_rows
        constant = manifest.constant if len(manifest.constant) > 1 else manifest.constant[0]
        shape = (batch.num_rows, len(manifest.constant)) if len(manifest.constant) > 1 else (batch.num_rows,)
        return np.broadcast_to(np.asarray(constant, np.float64), shape).copy()
    matrix = Encoder(manifest.features).matrix(batch, tally)
    raw = artifact.booster(nthread).inplace_predict(matrix, validate_features=False)
    found: Scores = calibrated(raw.astype(np.float64), manifest.calibration)
    return found


def score_columns(manifest: Manifest) -> list[str]:
    """Return the names of the score columns: `score`, or `score_<class>` with anything but letters and digits as `_`.

    Names that would coincide get the class's place behind them.
    """
    if manifest.task != "multiclass":
        return ["score"]
    plain = [
        f"score_{re.sub(r'[^0-9a-z]+', '_', name.lower()).strip('_') or i}" for i, name in enumerate(manifest.classes)
    ]
    return [name if plain.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(plain)]
