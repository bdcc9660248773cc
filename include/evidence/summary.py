"""What one pass keeps of a partition for its diagnosis: enough to tell an upstream fault from a changed world."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.evidence.columns import is_number, numbers_of
from include.evidence.hashes import Hashes, RowHashes, row_hashes
from include.evidence.strength import label_strength
from include.signals.sample import RowSample

Floats = NDArray[np.float64]
LEVELS = np.array([0.01, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.99])
_SAMPLE_ROWS = 20_000
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
        Share of them without a finite value: null, NaN or infinite.
    quantiles : numpy.ndarray of shape (13,)
        At `LEVELS`, in the unit of the column; NaN unless numeric with at least one value.
    shares : mapping of float or str to float
        Share of the values that each of the 500 commonest has.
    distinct : int
        Different values among those looked at.
    label_strength : float
        How well the column alone tells the label, 0 (not at all) to 1; NaN without a label.
    infinite_share : float
        Share of infinities among the rows looked at, a part of `null_share`.
    """

    numeric: bool
    sampled: int
    null_share: float
    quantiles: Floats
    shares: Mapping[Any, float]
    distinct: int
    label_strength: float
    infinite_share: float = 0.0


@dataclass(frozen=True)
class Summary:
    """What is kept of one partition.

    Attributes
    ----------
    rows : int
        All of them.
    duplicate_share : float
        Share of rows whose key (or whole row, without a key) came before, in [0, 1].
    sketch : numpy.ndarray of shape (at most 2048,)
        The smallest hashes of the rows' content without times and key, sorted: similar partitions share many.
    hours : numpy.ndarray of shape (24,) or None
        Rows by hour of event time; None without event time.
    span_hours : float
        From the first to the last event time, in hours; 0 without event time.
    columns : mapping of str to ColumnSummary
        All but times, the label and identifiers (parts of the key that hardly repeat).
    name : str
        Of the partition, for sentences.
    repeated_share : float
        Share of rows that repeat another one of the same time under another key, in [0, 1]; NaN unless the key is one
        column, since keys of several name what the rows are about.
    """

    rows: int
    duplicate_share: float
    sketch: Hashes
    hours: NDArray[np.int64] | None
    columns: Mapping[str, ColumnSummary]
    span_hours: float = 0.0
    name: str = ""
    repeated_share: float = math.nan


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
    found = _Rows(key, event_time, timezone)
    sample = RowSample(_SAMPLE_ROWS, seed)
    for batch in batches:
        found.add(batch, _content_columns(batch.schema, key))
        sample.add(pa.Table.from_batches([batch]))
    kept = sample.table()
    return found.summary({} if kept is None else _columns(kept, set(key), label))


def summarise_rows(
    batches: Iterable[pa.RecordBatch],
    *,
    key: Sequence[str],
    content: Sequence[str],
    event_time: str | None,
    timezone: str = "UTC",
) -> Summary:
    """Return what `summarise` says of the rows as a whole, without columns.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Rows of one schema.
    key : sequence of str
        Columns that make a row unique; all when empty.
    content : sequence of str
        Columns that a copy of an earlier partition repeats; when empty, copies are not looked for.
    event_time, timezone
        As of `summarise`.
    """
    found = _Rows(key, event_time, timezone)
    for batch in batches:
        found.add(batch, content)
    return found.summary({})


def summarise_columns(batches: Iterable[pa.RecordBatch], *, seed: int = 0) -> dict[str, ColumnSummary]:
    """Return what `summarise` says of each column but times, from a sample of 20,000 rows."""
    sample = RowSample(_SAMPLE_ROWS, seed)
    for batch in batches:
        sample.add(pa.Table.from_batches([batch]))
    kept = sample.table()
    return {} if kept is None else _columns(kept, set(), None)


class _Rows:
    """The rows as a whole, collected batch by batch."""

    def __init__(self, key: Sequence[str], event_time: str | None, timezone: str) -> None:
        self._key, self._event_time, self._timezone = list(key), event_time, timezone
        self._count, self._hours, self._span = 0, np.zeros(24, dtype=np.int64), _Span()
        self._keys, self._contents, self._events = RowHashes(), RowHashes(), RowHashes()
        self._told_by_key = False

    def add(self, batch: pa.RecordBatch, content: Sequence[str]) -> None:
        self._count += batch.num_rows
        table = pa.Table.from_batches([batch])
        self._keys.add(row_hashes(table, self._key or table.column_names))
        if content:
            hashes = row_hashes(table, content)
            self._contents.add(hashes)
            self._told_by_key = len(self._key) == 1 and self._key[0] not in (*content, self._event_time)
            if self._told_by_key and self._event_time is not None:
                self._events.add(row_hashes(table, [self._event_time], hashes))
        if self._event_time is not None:
            self._hours += _hour_counts(table.column(self._event_time), self._timezone)
            self._span.add(table.column(self._event_time))

    def summary(self, columns: Mapping[str, ColumnSummary]) -> Summary:
        hours = self._hours if self._event_time is not None else None
        shared, span = self._keys.duplicate_share(), self._span.hours()
        return Summary(
            self._count, shared, self._contents.sketch(), hours, columns, span, repeated_share=self._repeated_share()
        )

    def _repeated_share(self) -> float:
        if not self._told_by_key:
            return math.nan
        rows = self._contents if self._event_time is None else self._events
        return max(rows.duplicate_share() - self._keys.duplicate_share(), 0.0)


def _columns(sample: pa.Table, key: set[str], label: str | None) -> dict[str, ColumnSummary]:
    labels = numbers_of(sample.column(label)) if label is not None else None
    columns = {
        field.name: _summarise_column(sample.column(field.name), labels)
        for field in sample.schema
        if field.name != label and not pa.types.is_temporal(field.type)
    }
    # A part of the key that hardly repeats is an identifier: its values say nothing about the rows.
    return {name: one for name, one in columns.items() if name not in key or 2 * one.distinct <= one.sampled}


def _summarise_column(column: pa.ChunkedArray, labels: Floats | None) -> ColumnSummary:
    numeric = is_number(column.type)
    values: NDArray[Any]
    if numeric:
        values = numbers_of(column)
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
    infinite = float(np.isinf(values).mean()) if numeric and values.size else 0.0
    return ColumnSummary(numeric, values.size, null_share, quantiles, shares, distinct.size, strength, infinite)


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
