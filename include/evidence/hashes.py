"""Hashes of rows that tell repeated ones and copies, the same in every run and on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.evidence.columns import is_number, numbers_of

Hashes = NDArray[np.uint64]

SKETCH = 2048
_KEPT_HASHES = 1 << 20


def row_hashes(table: pa.Table, names: Sequence[str], before: Hashes | None = None) -> Hashes:
    """Return a stable 64-bit hash of each row's values in some columns, behind those of `before`, shape (n_rows,)."""
    total = np.zeros(table.num_rows, dtype=np.uint64) if before is None else before
    for name in names:
        total = _mixed(total * np.uint64(31) + _value_hashes(table.column(name)))
    return total


def _value_hashes(column: pa.ChunkedArray) -> Hashes:
    if is_number(column.type):
        return _mixed(numbers_of(column).view(np.uint64))
    if pa.types.is_temporal(column.type):
        short = pa.types.is_date32(column.type) or pa.types.is_time32(column.type)
        whole = column.cast(pa.int32()).cast(pa.int64()) if short else column.cast(pa.int64(), safe=False)
        return _mixed(whole.fill_null(-1).to_numpy().astype(np.int64).view(np.uint64))
    encoded = pc.dictionary_encode(_texts(column).combine_chunks())
    table = np.append(_text_hashes(encoded.dictionary), np.uint64(0))  # the last is that of a null
    found: Hashes = table[encoded.indices.fill_null(table.size - 1).to_numpy()]
    return found


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        return pa.chunked_array([[None if value is None else repr(value) for value in column.to_pylist()]], pa.string())
    return column if pa.types.is_binary(column.type) else column.cast(pa.string())


def _text_hashes(texts: pa.StringArray) -> Hashes:
    """Return a hash of each text: its bytes weighed by place, modulo 2**64, and its length."""
    texts = pa.concat_arrays([texts.cast(pa.large_binary())])  # from offset 0
    if not len(texts):
        return np.empty(0, dtype=np.uint64)
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64, count=len(texts) + 1)
    letters = np.frombuffer(data or b"", dtype=np.uint8, count=ends[-1]).astype(np.uint64)
    lengths = np.diff(ends)
    place = (np.arange(ends[-1]) - np.repeat(ends[:-1], lengths)).astype(np.uint64)
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum((letters + np.uint64(1)) * _mixed(place + np.uint64(1)))])
    return _mixed(total[ends[1:]] - total[ends[:-1]] + _mixed(lengths.astype(np.uint64) + np.uint64(1)))


def _mixed(values: Hashes) -> Hashes:
    """Return the finalising permutation of splitmix64, so that close values land far apart."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class RowHashes:
    """Hashes of rows, thinned by value when too many, so that all rows of one key are kept or dropped together."""

    def __init__(self) -> None:
        self._parts: list[Hashes] = []
        self._size = 0
        self._limit = np.uint64(2**64 - 1)

    def add(self, hashes: Hashes) -> None:
        """Add the hashes of some rows."""
        self._parts.append(hashes[hashes <= self._limit])
        self._size += self._parts[-1].size
        while self._size > _KEPT_HASHES and self._limit > 1:
            self._limit = self._limit >> np.uint64(1)
            self._parts = [part[part <= self._limit] for part in self._parts]
            self._size = sum(part.size for part in self._parts)

    def _sorted(self) -> Hashes:
        # sorting numbers takes a tenth of the time in which `numpy.unique` hashes them
        return np.sort(np.concatenate(self._parts)) if self._parts else np.empty(0, dtype=np.uint64)

    def duplicate_share(self) -> float:
        """Return the share of rows whose hash came before."""
        ordered = self._sorted()
        return float((ordered[1:] == ordered[:-1]).sum()) / self._size if self._size else 0.0

    def sketch(self) -> Hashes:
        """Return the smallest different hashes, at most 2,048, sorted."""
        ordered = self._sorted()
        found: Hashes = ordered[np.append(True, ordered[1:] != ordered[:-1])[: ordered.size]][:SKETCH].copy()
        return found
