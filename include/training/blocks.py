"""Encoded training rows, held in memory up to a limit and in a temporary folder beyond it."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from include.errors import ModelError
from include.training.encode import Codebook, regrouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    import pyarrow as pa

    from include.registry.manifest import Feature
    from include.training.encode import Matrix, Vector

LABEL = "label"
PARTITION = "_partition"
MEMORY_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Block:
    """Some consecutive training rows: `matrix` of shape (n_rows, n_features), labels and weights of shape (n_rows,)."""

    matrix: Matrix
    label: Vector
    weight: Vector | None

    def where(self, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Block:
        """Return the chosen rows."""
        if chosen.all():
            return self
        weight = None if self.weight is None else self.weight[chosen]
        return Block(self.matrix[chosen], self.label[chosen], weight)


@dataclass
class Blocks:
    """All training rows, encoded.

    Use it as a context: what went to disk is removed at its end.
    """

    features: tuple[Feature, ...] = ()
    blocks: list[Block] = field(default_factory=list)
    ages: list[np.ndarray[Any, Any]] = field(default_factory=list)
    spilled: bool = False
    _paths: int = 0
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.blocks.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def new_path(self, name: str) -> Path:
        """Return a path in a temporary folder on disk that lives as long as this object's context."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="nightshift-train-", ignore_cleanup_errors=True)
        self._paths += 1
        return Path(self._folder.name) / f"{name}-{self._paths}"

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return sum(len(block.label) for block in self.blocks)

    @property
    def labels(self) -> Vector:
        """Return all labels; shape (n_rows,)."""
        return np.concatenate([block.label for block in self.blocks]) if self.blocks else np.empty(0, np.float32)

    @property
    def weights(self) -> Vector | None:
        """Return all weights; shape (n_rows,); None when all rows weigh the same."""
        found = [block.weight for block in self.blocks if block.weight is not None]
        return np.concatenate(found) if found else None

    @property
    def sha256(self) -> str:
        """Return the digest of the rows, labels and weights in their order."""
        digest = hashlib.sha256()
        for block in self.blocks:
            for part in (block.matrix, block.label, block.weight):
                if part is not None:
                    digest.update(np.ascontiguousarray(part.T).data)
        return digest.hexdigest()

    def between(self, first: int, last: int) -> list[Block]:
        """Return the rows whose rank is in ``[first, last)``, ranked by partition, then by their order."""
        ages = np.concatenate(self.ages)
        rank = np.empty(len(ages), np.int64)
        rank[np.argsort(ages, kind="stable")] = np.arange(len(ages))
        chosen = (rank >= first) & (rank < last)
        found, start = [], 0
        for block in self.blocks:
            found.append(block.where(chosen[start : start + len(block.label)]))
            start += len(block.label)
        return [block for block in found if len(block.label)]

    def store(self, matrix: Matrix, on_disk: bool) -> Matrix:
        """Return the matrix, moved to a file when asked."""
        if not on_disk:
            return matrix
        self.spilled = True
        mapped: Matrix = np.lib.format.open_memmap(
            self.new_path("block"), mode="w+", dtype=np.float32, shape=matrix.shape, fortran_order=True
        )
        mapped[:] = matrix
        return mapped


def encode_rows(
    rows: Iterable[pa.RecordBatch],
    *,
    features: Sequence[str],
    categorical: Iterable[str] = (),
    max_categories: int = 1000,
    weights: Mapping[str, float] | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Blocks:
    """Return labelled rows as encoded blocks, in their order, whatever the batches they came in.

    Parameters
    ----------
    rows : iterable of pyarrow.RecordBatch
        Features, `label`, and `_partition` where weights are given.
    features : sequence of str
        Columns to learn from.
    categorical : iterable of str
        Columns taken as categories although they are not texts.
    weights : mapping of str to float, optional
        Weight of a row by its partition.
    memory_bytes : int
        Encoded rows beyond this size go to a temporary folder.

    Raises
    ------
    ModelError
        When a column is missing or cannot be encoded, or a label is missing or infinite.
    """
    book = Codebook(features, set(categorical), max_categories)
    found, held = Blocks(), 0
    for batch in regrouped(rows):
        label = _labels(batch)
        weight, age = _weights(batch, weights), _partitions(batch)
        matrix = book.matrix(batch)
        held += matrix.nbytes
        found.blocks.append(Block(found.store(matrix, held > memory_bytes), label, weight))
        found.ages.append(age)
    found.features = book.features()
    book.settle((block.matrix for block in found.blocks), found.features)
    return found


def _labels(batch: pa.RecordBatch) -> Vector:
    place = batch.schema.get_field_index(LABEL)
    if place < 0:
        raise ModelError.at("training rows", f"have no column {LABEL!r}", "features and label", "join the labels first")
    label = batch.column(place)
    values: Vector = label.cast("float32", safe=False).to_numpy(zero_copy_only=False)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise ModelError.at(
            "training rows",
            f"{bad} of {len(values)} labels of a batch are missing or infinite",
            "a finite label in each row",
            "train on rows with a mature label only",
        )
    return values


def _partitions(batch: pa.RecordBatch) -> np.ndarray[Any, Any]:
    place = batch.schema.get_field_index(PARTITION)
    if place < 0:
        return np.zeros(batch.num_rows, "<U1")
    texts = batch.column(place).dictionary_encode()
    names = np.array(texts.dictionary.to_pylist() or [""])
    found: np.ndarray[Any, Any] = names[texts.indices.to_numpy(zero_copy_only=False)]
    return found


def _weights(batch: pa.RecordBatch, weights: Mapping[str, float] | None) -> Vector | None:
    if weights is None:
        return None
    keys, places = np.unique(_partitions(batch), return_inverse=True)
    absent = [str(key) for key in keys if key not in weights]
    if absent:
        raise ModelError.at("training rows", f"partition {absent[0]!r} has no weight", "a weight for each partition")
    return np.array([weights[str(key)] for key in keys], np.float32)[places]
