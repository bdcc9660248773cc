"""What one pass keeps of a partition for its diagnosis: enough to tell an upstream fault from a changed world."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.evidence.strength import label_strength
from include.signals.sample import RowSample

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

LEVELS = np.array([0.01, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.99])
_SAMPLE_ROWS = 20_000
_SKETCH = 512
_KEPT_HASHES = 1 << 20
_COMMON_VALUES = 500


@dataclass(frozen=True)
class ColumnSummary:
    """What is kept of one column, from a bounded sample of the rows.

    Attributes
    ----------
    numeric : bool
        Whether the column holds numbers.
    sampled : int
        Rows looked at, nulls included.
    null_share : float
        Share of nulls among them.
    quantiles : numpy.ndarray of shape (13,)
        At `LEVELS`, in the unit of the column; NaN unless numeric with at least one value.
    shares : mapping of float or str to float
        Share of the values that each of the 500 commonest has.
    distinct : int
        Different values among those looked at.
    label_strength : float
        How well the column alone tells the label, 0 (not at all) to 1; NaN without a label.
    """

    numeric: bool
    sampled: int
    null_share: float
    quantiles: Floats
    shares: Mapping[Any, float]
    distinct: int
    label_strength: float


@dataclass(frozen=True)
class Summary:
    """What is kept of one partition.

    Attributes
    ----------
    rows : int
        All of them.
    duplicate_share : float
        Share of rows whose key (or whole row, without a key) came before, in [0, 1].
    sketch : numpy.ndarray of shape (at most 512,)
        The smallest hashes of the rows' content without times and key, sorted: similar partitions share many.
    hours : numpy.ndarray of shape (24,) or None
        Rows by hour of event time; None without event time.
    span_hours : float
        From the first to the last event time, in hours; 0 without event time.
    columns : mapping of str to ColumnSummary
        All but times, the label and identifiers (parts of the key that hardly repeat).
    """

    rows: int
    duplicate_share: float
    sketch: Hashes
    hours: NDArray[np.int64] | None
    columns: Mapping[str, ColumnSummary]
    span_hours: float = 0.0


def summarise(
    batches: Iterable[pa.RecordBatch],
    *,
    key: Sequence[str] = (),
    event_time: str | None = None,
    label: str | None = None,
    timezone: str = "UTC",
    seed: int = 0,
) -> Summary:
    """Return the summary of a partition in one pass over its batches.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Rows of one schema.
    key : sequence of str
        Columns that make a row unique.
    event_time : str, optional
        Timestamp column whose local hours are counted; without zone it is read as local already.
    label : str, optional
        Column that no other should tell by itself; it is not summarised.
    timezone : str
        IANA zone of the hours.
    seed : int
        Of the sample of rows from which columns are summarised (all rows up to 20,000).

    Notes
    -----
    Memory is bounded: 20,000 rows, one million hashes of 8 bytes (beyond that a random subset of keys is followed) and
    a batch.
    """
    rows, hours, span = 0, np.zeros(24, dtype=np.int64), _Span()
    keys, contents = _Hashes(), _Hashes()
    sample = RowSample(_SAMPLE_ROWS, seed)
    for batch in batches:
        rows += batch.num_rows
        table = pa.Table.from_batches([batch])
        sample.add(table)
        content = _content_columns(table.schema, key)
        keys.add(_row_hashes(table, list(key) or table.column_names))
        contents.add(_row_hashes(table, content))
        if event_time is not None:
            hours += _hour_counts(table.column(event_time), timezone)
            span.add(table.column(event_time))
    kept = sample.table()
    columns = {} if kept is None else _columns(kept, set(key), label)
    counted = hours if event_time is not None else None
    return Summary(rows, keys.duplicate_share(), contents.sketch(), counted, columns, span.hours())


def _columns(sample: pa.Table, key: set[str], label: str | None) -> dict[str, ColumnSummary]:
    labels = _numbers(sample.column(label)) if label is not None else None
    columns = {
        field.name: _summarise_column(sample.column(field.name), labels)
        for field in sample.schema
        if field.name != label and not pa.types.is_temporal(field.type)
    }
    # A part of the key that hardly repeats is an identifier: its values say nothing about the rows.
    return {name: one for name, one in columns.items() if name not in key or 2 * one.distinct <= one.sampled}


def _summarise_column(column: pa.ChunkedArray, labels: Floats | None) -> ColumnSummary:
    numeric = _is_number(column.type)
    values: NDArray[Any]
    if numeric:
        values = _numbers(column)
        told = np.isfinite(values)
    else:
        values = np.array(column.cast(pa.string()).to_pylist(), dtype=object)
        told = np.array([value is not None for value in values], dtype=bool)
    kept = values[told]
    distinct, member, counts = np.unique(kept, return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:_COMMON_VALUES]
    shares = {distinct[i].item() if numeric else distinct[i]: counts[i] / kept.size for i in common}
    quantiles = np.quantile(kept, LEVELS) if numeric and kept.size else np.full(LEVELS.size, np.nan)
    strength = label_strength(kept if numeric else member, labels[told], numeric) if labels is not None else np.nan
    null_share = 1.0 - kept.size / values.size if values.size else 0.0
    return ColumnSummary(numeric, values.size, null_share, quantiles, shares, distinct.size, strength)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _numbers(column: pa.ChunkedArray) -> Floats:
    """Return a column as float64, nulls as NaN, shape (n_rows,)."""
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _hour_counts(column: pa.ChunkedArray, timezone: str) -> NDArray[np.int64]:
    if column.type.tz is not None:
        column = pc.local_timestamp(column.cast(pa.timestamp("us", timezone)))
    hours = pc.hour(column.drop_null()).to_numpy().astype(np.int64)
    return np.bincount(hours, minlength=24)


class _Span:
    """The first and the last of the times added."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last: int | None = None

    def add(self, column: pa.ChunkedArray) -> None:
        found = pc.min_max(column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())).as_py()
        if found["min"] is not None:
            self._first = found["min"] if self._first is None else min(self._first, found["min"])
            self._last = found["max"] if self._last is None else max(self._last, found["max"])

    def hours(self) -> float:
        return 0.0 if self._first is None or self._last is None else (self._last - self._first) / 3.6e9


def _content_columns(schema: pa.Schema, key: Sequence[str]) -> list[str]:
    """Return the columns that a stale copy of an earlier partition repeats: neither times nor, if possible, the key."""
    timeless = [field.name for field in schema if not pa.types.is_temporal(field.type)]
    return [name for name in timeless if name not in key] or timeless


def _row_hashes(table: pa.Table, names: Sequence[str]) -> Hashes:
    """Return a stable 64-bit hash of each row's values in some columns, shape (n_rows,)."""
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for name in names:
        total = _mixed(total * np.uint64(31) + _value_hashes(table.column(name)))
    return total


def _value_hashes(column: pa.ChunkedArray) -> Hashes:
    if _is_number(column.type):
        return _mixed(_numbers(column).view(np.uint64))
    if pa.types.is_temporal(column.type):
        return _mixed(column.cast(pa.int64(), safe=False).fill_null(-1).to_numpy().astype(np.int64).view(np.uint64))
    encoded = column.cast(pa.string()).fill_null("\x00").combine_chunks().dictionary_encode()
    words = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in encoded.dictionary.to_pylist()]
    table = np.frombuffer(b"".join(words), dtype="<u8").astype(np.uint64)
    return table[encoded.indices.to_numpy()] if table.size else np.zeros(len(column), dtype=np.uint64)


def _mixed(values: Hashes) -> Hashes:
    """Return the finalising permutation of splitmix64, so that close values land far apart."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class _Hashes:
    """Hashes of rows, thinned by value when too many, so that all rows of one key are kept or dropped together."""

    def __init__(self) -> None:
        self._parts: list[Hashes] = []
        self._size = 0
        self._limit = np.uint64(2**64 - 1)

    def add(self, hashes: Hashes) -> None:
        self._parts.append(hashes[hashes <= self._limit])
        self._size += self._parts[-1].size
        while self._size > _KEPT_HASHES and self._limit > 1:
            self._limit = self._limit >> np.uint64(1)
            self._parts = [part[part <= self._limit] for part in self._parts]
            self._size = sum(part.size for part in self._parts)

    def _all(self) -> Hashes:
        return np.concatenate(self._parts) if self._parts else np.empty(0, dtype=np.uint64)

    def duplicate_share(self) -> float:
        return 1.0 - np.unique(self._all()).size / self._size if self._size else 0.0

    def sketch(self) -> Hashes:
        return np.unique(self._all())[:_SKETCH]
