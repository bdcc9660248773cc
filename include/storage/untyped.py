"""Columns that no contract types: they have no type until they have a value."""

from __future__ import annotations

import pyarrow as pa


def valueless(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows with every column that has no value in them as one of type null.

    What a source says of the type of a column without values means nothing: files often say text, or a number.

    Examples
    --------
    >>> rows = pa.record_batch({"a": pa.array([None, None], pa.string()), "b": [1, None]})
    >>> [str(field.type) for field in valueless(rows).schema]
    ['null', 'int64']
    """
    columns = [
        pa.nulls(len(values)) if len(values) and values.null_count == len(values) else values
        for values in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def with_types(known: pa.Schema, found: pa.Schema) -> pa.Schema:
    """Return the known columns, those of type null with the type in which they are found.

    Examples
    --------
    >>> known = pa.schema({"a": pa.null(), "b": pa.int64()})
    >>> [str(field.type) for field in with_types(known, pa.schema({"a": pa.float64(), "b": pa.null()}))]
    ['double', 'int64']
    """
    types = {field.name: field.type for field in found}
    return pa.schema([pa.field(f.name, types.get(f.name, f.type)) if pa.types.is_null(f.type) else f for f in known])
