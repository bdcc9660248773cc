"""Write Parquet data files that no reader sees yet, batch by batch, in bounded memory."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.errors import StorageError
from include.storage.locations import Location, quoted
from include.storage.objects import sync_file
from include.storage.reading import file_batches
from include.storage.specs import Staged, TableSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUP_ROWS = 131_072
_COUNTED = 32  # columns whose statistics the log keeps


def stage_file(
    location: Location, spec: TableSpec, batches: Iterable[pa.RecordBatch], values: Mapping[str, str]
) -> Staged:
    """Return a data file of the rows, durable but invisible; see `Stager` for parameters and errors."""
    stager = Stager(location, spec, values)
    try:
        for batch in batches:
            stager.write(batch)
        return stager.finish()
    except BaseException:
        stager.discard()
        raise


class Stager:
    """A data file in the making: rows are pushed, and nobody sees them.

    Parameters
    ----------
    location : Location
        Of the table.
    spec : TableSpec
        The rows are cast to its columns, safely.
    values : mapping
        Value of each partition column.
    """

    def __init__(self, location: Location, spec: TableSpec, values: Mapping[str, str]) -> None:
        self._location, self._spec = location, spec
        self._values = tuple((name, values[name]) for name in spec.partition_by)
        self._body = pa.schema([field for field in spec.stored if field.name not in spec.partition_by])
        folder = "/".join(f"{name}={quoted(value)}" for name, value in self._values)
        self._relative = f"{folder}/part-{uuid.uuid4().hex}.parquet"
        self._system, base = location.filesystem()
        self._target = f"{base}/{self._relative}"
        self._system.create_dir(self._target.rsplit("/", 1)[0], recursive=True)
        self._digest = _Digest()
        self._metadata: list[Any] = []
        self._stream = self._system.open_output_stream(self._target)
        self._tee = pa.PythonFile(_Tee(self._stream, self._digest), mode="w")
        self._writer = pq.ParquetWriter(
            self._tee, self._body, compression="zstd", metadata_collector=self._metadata, store_schema=True
        )
        self._held: list[pa.RecordBatch] = []
        self.held_rows = 0

    @property
    def names(self) -> set[str]:
        """Return the names of the columns that the file has."""
        return set(self._body.names)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows: the table's columns in any order; those of partitions, and those without a type, are not stored.

        Raises
        ------
        StorageError
            When columns are missing or unknown, or a value does not fit its type.
        """
        fitted = _fitted(batch, self._body, self._spec)
        start = 0
        while start < fitted.num_rows:
            piece = fitted.slice(start, min(GROUP_ROWS - self.held_rows, fitted.num_rows - start))
            start += piece.num_rows
            self._held.append(piece)
            self.held_rows += piece.num_rows
            if self.held_rows == GROUP_ROWS:
                self.flush()

    def flush(self) -> None:
        """Write what is held as one row group, to free its memory."""
        if self._held:
            joined = self._held[0] if len(self._held) == 1 else pa.concat_batches(self._held)
            self._held, self.held_rows = [], 0
            self._writer.write_batch(joined, row_group_size=GROUP_ROWS)

    def finish(self) -> Staged:
        """Return the finished, durable file."""
        self.flush()
        self._writer.close()
        self._tee.close()
        self._stream.close()
        if self._location.is_local:
            sync_file(Path(self._target))
        metadata = self._metadata[0]
        return Staged(
            path=self._relative,
            rows=metadata.num_rows,
            bytes=self._digest.size,
            sha256=self._digest.hexdigest(),
            values=self._values,
            statistics=_statistics(metadata, self._body),
            modified_ms=int(time.time() * 1000),
        )

    def moved_into(self, wider: Stager) -> Stager:
        """Return a file of more columns with the rows so far, which have no value of those, in the place of this one."""
        self.finish()
        try:
            for batch in file_batches(self._system, self._target, {}, wider._body):
                wider.write(batch)
        except BaseException:
            wider.discard()
            raise
        self._system.delete_file(self._target)
        return wider

    def discard(self) -> None:
        """Leave nothing behind."""
        from pyarrow.fs import FileType

        with suppress(OSError, pa.ArrowException):  # what made us discard may also stop the file from being closed well
            self._writer.close()
            self._tee.close()
            self._stream.close()
        if self._system.get_file_info(self._target).type == FileType.File:
            self._system.delete_file(self._target)


class _Digest:
    """SHA-256 and length of what passes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    def update(self, data: Any) -> None:
        self._hash.update(data)
        self.size += len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class _Tee:
    """A stream that hashes what it writes, so that the file is not read again."""

    closed = False

    def __init__(self, stream: Any, digest: _Digest) -> None:
        self._stream, self._digest = stream, digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self._stream.write(data)
        return len(data)

    def tell(self) -> int:
        return self._digest.size

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        self.closed = True


def _fitted(batch: pa.RecordBatch, body: pa.Schema, spec: TableSpec) -> pa.RecordBatch:
    expected = set(body.names)
    valueless = {field.name for field in batch.schema if pa.types.is_null(field.type)} - expected
    found = set(batch.schema.names) - set(spec.partition_by) - valueless
    if found != expected:
        missing, unknown = sorted(expected - found), sorted(found - expected)
        raise StorageError.at(
            f"table {spec.name}",
            f"rows lack columns {missing} and have unknown columns {unknown}",
            f"columns {body.names}",
        )
    chosen = batch.select(body.names)
    return chosen if chosen.schema.equals(body) else _cast(chosen, body, spec)


def _cast(batch: pa.RecordBatch, body: pa.Schema, spec: TableSpec) -> pa.RecordBatch:
    try:
        return batch.cast(body)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise StorageError.at(
            f"table {spec.name}", str(error).splitlines()[0], "values that fit the table's types without loss"
        ) from error


def _statistics(metadata: Any, body: pa.Schema) -> str:
    """Return the log's statistics: rows, nulls, and the extremes of whole numbers (others are not worth their risks)."""
    nulls: dict[str, int] = {}
    low: dict[str, int] = {}
    high: dict[str, int] = {}
    for index, field in enumerate(body):
        if index >= _COUNTED or metadata.num_columns != len(body):
            break
        found = [metadata.row_group(g).column(index).statistics for g in range(metadata.num_row_groups)]
        if not found or any(s is None or not s.has_null_count for s in found):
            continue
        nulls[field.name] = sum(s.null_count for s in found)
        if pa.types.is_integer(field.type) and all(s.has_min_max for s in found):
            low[field.name], high[field.name] = min(s.min for s in found), max(s.max for s in found)
    return json.dumps({"numRecords": metadata.num_rows, "nullCount": nulls, "minValues": low, "maxValues": high})
