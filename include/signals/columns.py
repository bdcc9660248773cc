"""What a column of an Arrow batch means to a signal: numbers, categories, or nothing that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.errors import SignalError
from include.signals.moments import FloatArray

Kind = Literal["numeric", "categorical"]

_TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def kind_of(arrow_type: pa.DataType) -> Kind | None:
    """Return whether a column of this type is compared as numbers or as categories; None when it cannot be compared.

    Notes
    -----
    Integers, floats and decimals are numbers. Timestamps, dates, times and durations are numbers of seconds (since
    1970-01-01 UTC, or since midnight). Strings and booleans are categories. A dictionary is what its values are. A
    column of type null (all of it null) counts as numbers, of which none is there. Lists, structs, maps and binaries
    cannot be compared.

    Examples
    --------
    >>> kind_of(pa.int8()), kind_of(pa.dictionary(pa.int32(), pa.string())), kind_of(pa.list_(pa.int8()))
    ('numeric', 'categorical', None)
    """
    types = pa.types
    if types.is_dictionary(arrow_type):
        return kind_of(arrow_type.value_type)
    if _is_text(arrow_type) or types.is_boolean(arrow_type):
        return "categorical"
    if types.is_integer(arrow_type) or types.is_floating(arrow_type) or types.is_decimal(arrow_type):
        return "numeric"
    if types.is_temporal(arrow_type) and not types.is_interval(arrow_type):
        return "numeric"
    return "numeric" if types.is_null(arrow_type) else None


def _is_text(arrow_type: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type))


def numbers_of(column: pa.Array) -> tuple[FloatArray, int]:
    """Return the values of a numeric column as float64 without its nulls, and the number of its nulls.

    Parameters
    ----------
    column : pyarrow.Array of shape (n_rows,)
        Any type whose `kind_of` is ``"numeric"``. NaN and infinities are kept.

    Notes
    -----
    Integers beyond 2⁵³ lose their last digits, like in every float64.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    nulls = int(column.null_count)
    if pa.types.is_null(column.type):
        return np.empty(0), nulls
    if nulls:
        column = column.drop_null()
    per_second = _ticks_per_second(column.type)
    if per_second is not None:
        ticks = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
        return _to_float64(ticks) / per_second, nulls
    return _to_float64(column), nulls


def _to_float64(column: pa.Array) -> FloatArray:
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.float64(), safe=False)
    values: FloatArray = column.to_numpy(zero_copy_only=False)
    return values


def _ticks_per_second(arrow_type: pa.DataType) -> float | None:
    """Return how many ticks of a temporal type are one second; None for a type that is not temporal."""
    if pa.types.is_date32(arrow_type):
        return 1 / 86_400
    if pa.types.is_date64(arrow_type):
        return 1_000
    return _TICKS_PER_SECOND[arrow_type.unit] if pa.types.is_temporal(arrow_type) else None


def texts_of(column: pa.Array) -> pa.Array:
    """Return a column as text, or as a dictionary of text: what categories are compared by.

    Examples
    --------
    >>> texts_of(pa.array([True, None])).to_pylist(), texts_of(pa.array([1, 20])).to_pylist()
    (['true', None], ['1', '20'])
    """
    if pa.types.is_dictionary(column.type):
        if column.dictionary.null_count:  # a null may hide in the dictionary instead of the indices
            return texts_of(column.dictionary_decode())
        return pa.DictionaryArray.from_arrays(column.indices, texts_of(column.dictionary))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    return column.cast(pa.string())


def codes_of(column: pa.Array, categories: pa.Array) -> npt.NDArray[np.int32]:
    """Return for every row the index of its category, the number of categories where it is none of them, −1 for null.

    Parameters
    ----------
    column : pyarrow.Array of shape (n_rows,)
        As `texts_of` returns it.
    categories : pyarrow.Array of shape (n_categories,)
        Distinct texts.
    """
    if pa.types.is_dictionary(column.type):
        by_index = codes_of(column.dictionary, categories)
        indices = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        codes = by_index[indices] if len(by_index) else np.zeros(len(column), np.int32)
    else:
        found = pc.index_in(column, value_set=categories.cast(column.type))
        codes = found.fill_null(len(categories)).to_numpy()
    if column.null_count:
        codes = np.where(column.is_null().to_numpy(zero_copy_only=False), np.int32(-1), codes)
    result: npt.NDArray[np.int32] = codes
    return result


def column_of(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    """Return one column as a contiguous array.

    Raises
    ------
    SignalError
        When the batch has no such column.
    """
    position = batch.schema.get_field_index(name)
    if position < 0:
        names = ", ".join(batch.schema.names)
        raise SignalError.at(
            f"column {name}", "it is missing", f"the reference's columns; found: {names}", "restore or rename it"
        )
    column: Any = batch.column(position)
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def kinds_of(
    schema: pa.Schema, categorical: Iterable[str] = (), columns: Sequence[str] | None = None
) -> dict[str, Kind]:
    """Return the kind of every column that can be compared, in the order of the schema or of `columns`.

    Raises
    ------
    SignalError
        When a column named in `columns` or `categorical` is missing or cannot be compared.
    """
    wanted = list(schema.names if columns is None else columns)
    forced = set(categorical)
    kinds: dict[str, Kind] = {}
    for name in [*wanted, *sorted(forced - set(wanted))]:
        position = schema.get_field_index(name)
        found = kind_of(schema.field(position).type) if position >= 0 else None
        if found is not None:
            kinds[name] = "categorical" if name in forced else found
        elif columns is not None or name in forced or position < 0:
            what = "it is missing" if position < 0 else f"type {schema.field(position).type} cannot be compared"
            raise SignalError.at(f"column {name}", what, "numbers, times, texts or booleans", "leave it out or cast it")
    return kinds
