"""Turn the data files of a table into record batches of its declared columns."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.errors import StorageError
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BATCH_ROWS = 65_536
_LAYERS = re.compile(r"^(?:[\w ]+ error: )+")  # who passed it on, as in "C Data interface error: External error: "


@contextmanager
def damage_told(where: str) -> Iterator[None]:
    """Turn what the libraries raise on a damaged or missing data file into an error that says so.

    Parameters
    ----------
    where : str
        The file, or the table that it is one of.

    Raises
    ------
    StorageError
        When a data file cannot be read. One that is not there where a caller looks elsewhere stays ``FileNotFoundError``.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a place without room, or without permission
        cause = _LAYERS.sub("", str(error).strip().splitlines()[0]).rstrip(".")
        raise StorageError.at(
            where,
            f"a data file cannot be read ({cause})",
            "whole Parquet files, as they were written",
            "restore the file from a copy of the store, then run this again",
        ) from error


def file_batches(system: Any, path: str, values: Mapping[str, Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one data file as they were written; columns it lacks come from its partition's values."""
    with damage_told(path), system.open_input_file(path) as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        there = set(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=[n for n in schema.names if n in there]):
            columns = [
                batch.column(f.name).cast(f.type)
                if f.name in there
                else pa.repeat(pa.scalar(values.get(f.name), f.type), batch.num_rows)
                for f in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def stored_names(system: Any, path: str) -> frozenset[str]:
    """Return the names of the columns that a data file holds."""
    with damage_told(path), system.open_input_file(path) as stream:
        return frozenset(pq.read_schema(stream).names)


def predicate_of(partitions: Sequence[str] | None, equal: Mapping[str, str]) -> str | None:
    """Return the condition that chooses partitions and other partition columns' values; None for all rows."""
    terms = [f"{name} = {_text(value)}" for name, value in equal.items()]
    if partitions is not None:
        terms.append(f"{PARTITION} IN ({', '.join(_text(p) for p in partitions)})")
    return " AND ".join(terms) or None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def readable(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a table's files; a file that cannot be read is told as one of the table."""
    told = iter(batches)
    while True:
        with damage_told(where):
            batch = next(told, None)
        if batch is None:
            return
        yield batch


def conformed(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Give every batch exactly the declared columns; those an older file lacks are null."""
    for batch in batches:
        there = set(batch.schema.names)
        columns = [
            batch.column(field.name).cast(field.type) if field.name in there else pa.nulls(batch.num_rows, field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
