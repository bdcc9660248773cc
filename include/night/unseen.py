"""Labelled rows that the champion was not trained on: what estimates and its own streams are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.night.labels import labelled_with_features
from include.night.rows import feature_columns, labelled_rows, labels_table
from include.night.score import artifact_of
from include.scoring.batch import scores
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact

MOST_ROWS = 15_000
"""Rows that an estimate learns from, the newest."""
MOST_PARTITIONS = 60


@dataclass(frozen=True)
class Scored:
    """Rows of some partitions with the champion's scores.

    Attributes
    ----------
    features : pyarrow.Table
        The features of all rows.
    label : numpy.ndarray of shape (n_rows,)
        Realised.
    score : numpy.ndarray of shape (n_rows,) or (n_rows, n_classes)
        The champion's.
    partition : numpy.ndarray of shape (n_rows,)
        Key of the partition of each row.
    """

    features: pa.Table
    label: NDArray[np.float64]
    score: NDArray[np.float64]
    partition: NDArray[np.str_]


class Unseen:
    """The labelled partitions after the champion's training cut, as known at the end of a night.

    Parameters
    ----------
    project, found
        The installation and the night; it must have a champion.
    """

    def __init__(self, project: Project, found: Begun) -> None:
        self._project, self._found = project, found

    @cached_property
    def artifact(self) -> Artifact:
        """Return the champion, verified."""
        assert self._found.champion is not None  # noqa: S101 (the caller has looked)
        return artifact_of(self._project, self._found.model.name, self._found.champion)

    @cached_property
    def keys(self) -> list[str]:
        """Return the keys of the partitions, oldest first; tonight's is never among them."""
        last = max(self.artifact.manifest.lineage.train, default="")
        found = labelled_with_features(self._project, self._found)
        return [p.key for p in found if last < p.key < self._found.night.key]

    @cached_property
    def before_service(self) -> list[str]:
        """Return those before the first night that the champion served: its held-out nights, the same on every night."""
        records = self._found.ledger.records("night_start")
        served = [str(r.body["partition"]) for r in records if r.body["champion"] == self._found.champion]
        first = min(served, default=self._found.night.key)
        return [key for key in self.keys if key < first]

    def newest(self) -> Scored:
        """Return the newest rows: as many of at most 60 partitions as make at most 15,000, but one at least."""
        contents = labels_table(self._project, self._found.model.name).contents()
        rows = {row[PARTITION]: int(row["rows"]) for row in contents}
        newest = list(reversed(self.keys[-MOST_PARTITIONS:]))
        total = np.cumsum([rows[key] for key in newest])
        kept = max(1, int(np.searchsorted(total, MOST_ROWS, side="right")))
        return self.of(newest[:kept][::-1])

    def of(self, keys: Sequence[str]) -> Scored:
        """Return the rows of some partitions that have a label."""
        names = feature_columns(self._project, self._found.model.name)
        name, version = self._found.model.name, self._found.feature_version
        classes = self.artifact.manifest.classes
        batches = list(labelled_rows(self._project, name, keys, version, classes=classes))
        if not batches:
            return Scored(pa.table({}), np.empty(0), np.empty(0), np.empty(0, dtype=np.str_))
        rows = pa.Table.from_batches(batches)
        return Scored(
            features=rows.select(names),
            label=rows.column("label").to_numpy(zero_copy_only=False),
            score=np.concatenate([scores(self.artifact, batch) for batch in batches]),
            partition=rows.column(PARTITION).to_numpy(zero_copy_only=False).astype(np.str_),
        )
