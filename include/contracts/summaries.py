"""What each column of a partition holds, from the files' own statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import types
from include.contracts.validation import ColumnSummary

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def of_table(rows: pa.Table, hidden: Collection[str]) -> tuple[ColumnSummary, ...]:
    """Return the summary of each column of a table.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows.
    hidden : collection of str
        Columns with personal data: they and texts show no values.

    Examples
    --------
    >>> of_table(pa.table({"a": [1, None, 3], "who": [7, 8, 9]}), {"who"})[0]
    ColumnSummary(name='a', type='int64', nulls=1, minimum=1, maximum=3)
    """
    found = []
    for field in _shown_fields(rows.schema):
        column = rows.column(field.name)
        low = high = None
        if _is_ordered(field.type) and field.name not in hidden:
            extremes = pc.min_max(column).as_py()
            low, high = _plain(extremes["min"]), _plain(extremes["max"])
        found.append(ColumnSummary(field.name, types.name_of(field.type), column.null_count, low, high))
    return tuple(found)


def of_footers(schema: pa.Schema, footers: Sequence[Any], hidden: Collection[str]) -> tuple[ColumnSummary, ...]:
    """Return the summary of each column of Parquet files, without reading their rows.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the files.
    footers : sequence of pyarrow.parquet.FileMetaData
        One for each file.
    hidden : collection of str
        Columns with personal data: they and texts show no values.

    Notes
    -----
    A number that a file does not state is None.
    """
    found = []
    for field in _shown_fields(schema):
        nulls, low, high = _stated(footers, field.name)
        if not _is_ordered(field.type) or field.name in hidden:
            low = high = None
        found.append(ColumnSummary(field.name, types.name_of(field.type), nulls, _plain(low), _plain(high)))
    return tuple(found)


def _shown_fields(schema: pa.Schema) -> list[pa.Field]:
    return [field for field in schema if not field.name.startswith("_")]


def _stated(footers: Sequence[Any], column: str) -> tuple[int | None, Any, Any]:
    nulls, lows, highs = 0, [], []
    for footer in footers:
        places = {footer.schema.column(i).path: i for i in range(footer.num_columns)}
        for group in range(footer.num_row_groups):
            told = footer.row_group(group).column(places[column]).statistics if column in places else None
            if told is None or told.null_count is None:
                return None, None, None
            nulls += told.null_count
            if told.has_min_max:
                lows.append(told.min)
                highs.append(told.max)
    return nulls, min(lows, default=None), max(highs, default=None)


def _is_ordered(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
