"""What the gate looks at beside the loss: costs, leakage, behaviour; each only where the YAML asks for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.evaluation.behaviour import behaviour_part
from include.evaluation.gate import Costs
from include.evaluation.leakage import leakage_part
from include.night.rows import labelled_rows
from include.scoring.batch import scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.evaluation.verdict import Part
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact

_SAMPLE_ROWS = 20_000
_BYTES_PER_MEGABYTE = 1e6


def costs_of(project: Project, found: Begun, candidate: Artifact, held_out: Sequence[str]) -> Costs:
    """Return what the candidate costs to use: size of its file, and time to score held-out rows on one thread."""
    size = candidate.manifest.model_bytes / _BYTES_PER_MEGABYTE
    if found.model.gate.max_microseconds_per_row is None or not held_out:
        return Costs(megabytes=size)
    rows = _sample(project, found, candidate, held_out)
    scores(candidate, rows.slice(0, 1), 1)  # the first call loads the model
    began = time.perf_counter()
    scores(candidate, rows, 1)
    return Costs((time.perf_counter() - began) * 1e6 / max(1, rows.num_rows), size)


def parts_of(project: Project, found: Begun, candidate: Artifact, held_out: Sequence[str]) -> list[Part]:
    """Return the parts of the gate that look at rows and predictions, where the YAML asks for them."""
    settings, parts = found.model.gate, []
    if settings.max_single_feature_auc is not None:
        rows = _sample(project, found, candidate, candidate.manifest.lineage.train[::-1])
        features = pa.Table.from_batches([rows]).select(list(candidate.manifest.feature_names))
        label = rows.column("label").to_numpy(zero_copy_only=False)
        parts.append(leakage_part(features, label, settings.max_single_feature_auc))
    if settings.behaviour and held_out:
        rows = _sample(project, found, candidate, held_out[::-1])

        def predict(table: pa.Table) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
            batches = table.combine_chunks().to_batches()
            return np.concatenate([scores(candidate, batch, project.threads) for batch in batches])

        parts.append(behaviour_part(predict, pa.Table.from_batches([rows]), settings.behaviour))
    return parts


def _sample(project: Project, found: Begun, candidate: Artifact, keys: Sequence[str]) -> pa.RecordBatch:
    """Return labelled rows of some partitions, taken in their order until there are enough."""
    rows, count = [], 0
    classes = candidate.manifest.classes
    for batch in labelled_rows(project, found.model.name, keys, found.feature_version, classes=classes):
        rows.append(batch)
        count += batch.num_rows
        if count >= _SAMPLE_ROWS:
            break
    return pa.concat_batches(rows)
