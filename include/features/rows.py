"""Feature rows: exactly one for each row, of types that a learner takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError

if TYPE_CHECKING:
    from collections.abc import Collection


def check_columns(schema: pa.Schema, hidden: Collection[str], where: str) -> None:
    """Refuse a result without `_key`, with an outcome, with reserved names, or without any feature.

    Raises
    ------
    FeatureError
        Naming the column.
    """
    names = schema.names
    if "_key" not in names:
        raise FeatureError.at(where, "the result has no column _key", "_key of the rows", "select it first")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FeatureError.at(where, f"the result has two columns {twice[0]}", "each name once", "rename one with AS")
    outcomes = sorted(set(names) & set(hidden))
    if outcomes:
        raise FeatureError.at(
            where, f"a feature is named {outcomes[0]}, as the target or an outcome", "another name", "leave it out"
        )
    reserved = [name for name in names if name.startswith("_") and name != "_key"]
    if reserved:
        raise FeatureError.at(
            where,
            f"the result has {reserved[0]}",
            "no names that start with _ beside _key",
            "leave it out or rename it",
        )
    if len(names) < 2:
        raise FeatureError.at(where, "the result has no features", "at least one column beside _key", "select some")


def typed(result: pa.Table, where: str, *, untyped: bool = False) -> pa.Table:
    """Return the result with types that tables and learners take: integers, float32, float64, booleans, texts.

    Parameters
    ----------
    result, where
        What the SQL gave, and its name in messages.
    untyped : bool
        Whether a column of the inputs has no type yet: a feature that is one is missing, as a number.

    Raises
    ------
    FeatureError
        When a column is anything else, or holds infinite numbers.

    Notes
    -----
    Decimals and 128-bit integers (what `sum` gives) become float64; NaN becomes missing.
    """
    columns = {}
    for field in result.schema:
        values = result.column(field.name)
        if untyped and pa.types.is_null(field.type):
            columns[field.name] = values.cast(pa.float64())
        else:
            columns[field.name] = _column(values, field, where)
    return pa.table(columns)


def matched(result: pa.Table, rows: pa.Table, where: str) -> pa.Table:
    """Return the result in the order of the rows, with their event and prediction times.

    Raises
    ------
    FeatureError
        When a row has no feature row, more than one, or a feature row belongs to no row.
    """
    keys, wanted = result.column("_key").combine_chunks(), rows.column("_key").combine_chunks()
    _once(wanted, where, "the rows hold the key {key} more than once", "correct the dataset's key")
    _once(keys, where, "the result has the key {key} more than once", "make each join find at most one row")
    _all_in(keys, wanted, where, "the result has the key {key}, which no row has", "select _key from the rows")
    _all_in(wanted, keys, where, "the row {key} has no feature row", "use LEFT joins, so that no row is lost")
    ordered = result.take(pc.index_in(wanted, value_set=keys))
    for name in ("_event_time", "_prediction_time"):
        ordered = ordered.append_column(name, rows.column(name))
    return ordered


def _column(values: pa.ChunkedArray, field: pa.Field, where: str) -> pa.ChunkedArray:
    kind = field.type
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_decimal(kind):
        return values.cast(pa.float64())
    if pa.types.is_floating(kind):
        return _finite(values, field.name, where)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return values
    raise FeatureError.at(
        where,
        f"the feature {field.name} is of type {kind}",
        "a number, a truth value or a text",
        "turn instants into numbers, for instance hours with epoch(…) / 3600",
    )


def _finite(values: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    infinite = pc.sum(pc.is_inf(values)).as_py() or 0
    if infinite:
        raise FeatureError.at(
            where,
            f"the feature {name} is infinite in {infinite} rows",
            "finite numbers or missing values",
            "guard its divisions with nullif(…, 0)",
        )
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _once(keys: pa.Array, where: str, found: str, do: str) -> None:
    encoded = keys.dictionary_encode()
    if len(encoded.dictionary) + (1 if encoded.null_count else 0) < len(keys) or encoded.null_count:
        codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes)
        worst = int(counts.argmax())
        key = encoded.dictionary[worst].as_py() if worst < len(encoded.dictionary) else "NULL"
        more = int((counts > 1).sum())
        raise FeatureError.at(where, found.format(key=key), f"each row once ({more} keys repeat)", do)


def _all_in(keys: pa.Array, among: pa.Array, where: str, found: str, do: str) -> None:
    lost = pc.invert(pc.is_in(keys, value_set=among))
    count = pc.sum(lost).as_py() or 0
    if count:
        key = keys.filter(lost)[0].as_py()
        raise FeatureError.at(where, found.format(key=key), f"one feature row for each row ({count} break it)", do)
