"""What was served beside what came true: labels and scores of the rows that have both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from include.night.rows import label_numbers
from include.night.score import artifact_of
from include.scoring.batch import in_classes, score_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from include.project import Project

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Served:
    """The rows of one partition and one model version that were served and have a label.

    Attributes
    ----------
    label : ndarray, shape (n_rows,)
        0 or 1, a number, or the place of the class: of the version's classes first, then of those it does not know.
    score : ndarray, shape (n_rows,) or (n_rows, n_classes)
        As served; 0 for a class that the version does not know.
    unknown : mapping of str to int
        Rows by class that the version does not know.
    """

    label: Array
    score: Array
    unknown: Mapping[str, int]


def served_with_labels(project: Project, name: str, joined: pa.Table) -> Served:
    """Return labels and scores of rows of the prediction log joined with labels (``label``, ``label_text``).

    Parameters
    ----------
    project, name
        The installation and the model.
    joined : pyarrow.Table
        Rows of one model version; for a multiclass model its manifest says which column is which class.
    """
    if project.catalog.model(name).task != "multiclass" or not joined.num_rows:
        label = joined.column("label").to_numpy()
        score = joined.column("score").to_numpy() if "score" in joined.schema.names else np.empty(0)
        return Served(label, score, {})
    manifest = artifact_of(project, name, joined.column("model_version")[0].as_py()).manifest
    own = manifest.classes
    texts = joined.column("label_text").to_pylist()
    strange = sorted(set(texts) - set(own))
    every = (*own, *strange)
    columns = [joined.column(column).to_numpy() for column in score_columns(manifest)]
    label = label_numbers(joined, every).to_numpy(zero_copy_only=False)
    return Served(label, in_classes(np.column_stack(columns), own, every), {c: texts.count(c) for c in strange})
