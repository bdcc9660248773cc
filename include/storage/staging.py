"""Write Parquet data files that no reader sees yet, batch by batch, in bounded memory."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.errors import StorageError
from include.storage.locations import Location, quoted
from include.storage.objects import sync_file
from include.storage.specs import Staged, TableSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

GROUP_ROWS = 262_144
_COUNTED = 32  # columns whose statistics the log keeps


def stage_file(
    location: Location, spec: TableSpec, batches: Iterable[pa.RecordBatch], values: Mapping[str, str]
) -> Staged:
    """Return a data file of the rows, durable but invisible.

    Parameters
    ----------
    location : Location
        Of the table.
    spec : TableSpec
        The rows are cast to its columns, safely.
    batches : iterable of pyarrow.RecordBatch
        With the table's columns, in any order; partition columns may be absent and are not stored.
    values : mapping
        Value of each partition column.

    Raises
    ------
    StorageError
        When columns are missing or unknown, or a value does not fit its type. Nothing is left behind.
    """
    body = pa.schema([field for field in spec.schema if field.name not in spec.partition_by])
    folder = "/".join(f"{name}={quoted(values[name])}" for name in spec.partition_by)
    relative = f"{folder}/part-{uuid.uuid4().hex}.parquet"
    system, base = location.filesystem()
    target = f"{base}/{relative}"
    system.create_dir(target.rsplit("/", 1)[0], recursive=True)
    try:
        metadata, digest, size = _write(system, target, body, _fitted(batches, body, spec))
    except BaseException:
        _discard(system, target)
        raise
    if location.is_local:
        sync_file(Path(target))
    ordered = tuple((name, values[name]) for name in spec.partition_by)
    return Staged(
        relative, metadata.num_rows, size, digest, ordered, _statistics(metadata, body), int(time.time() * 1000)
    )


def _write(system: Any, target: str, body: pa.Schema, batches: Iterable[pa.RecordBatch]) -> tuple[Any, str, int]:
    digest = _Digest()
    collected: list[Any] = []
    with (
        system.open_output_stream(target) as stream,
        pa.PythonFile(_Tee(stream, digest), mode="w") as tee,
        pq.ParquetWriter(
            tee, body, compression="zstd", metadata_collector=collected, store_schema=True, write_page_index=False
        ) as writer,
    ):
        for batch in _regrouped(batches):
            writer.write_batch(batch, row_group_size=GROUP_ROWS)
    return collected[0], digest.hexdigest(), digest.size


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


def _fitted(batches: Iterable[pa.RecordBatch], body: pa.Schema, spec: TableSpec) -> Iterator[pa.RecordBatch]:
    expected = set(body.names)
    for batch in batches:
        found = set(batch.schema.names) - set(spec.partition_by)
        if found != expected:
            missing, unknown = sorted(expected - found), sorted(found - expected)
            raise StorageError.at(
                f"table {spec.name}",
                f"rows lack columns {missing} and have unknown columns {unknown}",
                f"columns {body.names}",
            )
        chosen = batch.select(body.names)
        yield chosen if chosen.schema.equals(body) else _cast(chosen, body, spec)


def _cast(batch: pa.RecordBatch, body: pa.Schema, spec: TableSpec) -> pa.RecordBatch:
    try:
        return batch.cast(body)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise StorageError.at(
            f"table {spec.name}", str(error).splitlines()[0], "values that fit the table's types without loss"
        ) from error


def _regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the rows in batches of the size of a row group, whatever sizes they came in."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, min(GROUP_ROWS - count, batch.num_rows - start))
            start += piece.num_rows
            count += piece.num_rows
            held.append(piece)
            if count == GROUP_ROWS:
                yield _joined(held)
                held, count = [], 0
    if held:
        yield _joined(held)


def _joined(held: list[pa.RecordBatch]) -> pa.RecordBatch:
    return held[0] if len(held) == 1 else pa.concat_batches(held)


def _discard(system: Any, target: str) -> None:
    from pyarrow.fs import FileType

    if system.get_file_info(target).type == FileType.File:
        system.delete_file(target)


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
