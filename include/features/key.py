"""The one text that names a row in features, labels and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW_NUMBER = "_row"
MISSING = "\\N"


def key_columns(declared: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that make the key: the declared ones, else the row number within the partition."""
    return tuple(declared) or (ROW_NUMBER,)


def keys_of(rows: pa.RecordBatch | pa.Table, declared: Sequence[str]) -> pa.Array:
    r"""Return the key of each row.

    Parameters
    ----------
    rows : pyarrow.RecordBatch or pyarrow.Table, ``n_rows`` rows
        With the key's columns, or `_row` where none is declared.
    declared : sequence of str
        The dataset's `key`.

    Returns
    -------
    pyarrow.Array of string, shape (n_rows,)
        The values joined by ``|``. In texts a backslash and a bar are escaped by a backslash, and a missing value reads
        ``\N``, so that different keys never give the same text. Instants are in UTC with microseconds.

    Raises
    ------
    FeatureError
        When a column is not there or has no text form.

    Examples
    --------
    >>> keys_of(pa.table({"a": ["x|y", None], "b": [1, 2]}), ["a", "b"]).to_pylist()
    ['x\\|y|1', '\\N|2']
    """
    columns = key_columns(declared)
    missing = [column for column in columns if column not in rows.schema.names]
    if missing:
        raise FeatureError.at(
            "key", f"the rows have no column {missing[0]}", ", ".join(columns), "correct the dataset's key"
        )
    texts = [_text(rows.column(column), column) for column in columns]
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "|")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _text(values: pa.Array | pa.ChunkedArray, column: str) -> pa.Array | pa.ChunkedArray:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("us", tz="UTC"), safe=False)
    try:
        texts = values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        raise FeatureError.at(
            f"key column {column}", f"type {kind} has no text form", "texts, numbers or instants", "choose another key"
        ) from None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), "|", "\\|")
    return pc.fill_null(texts, MISSING)
