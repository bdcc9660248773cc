"""From the types that a contract names to Arrow, and the safe casts between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.config.dataset import ColumnRule, Dataset

INSTANT = pa.timestamp("us", tz="UTC")
ARROW_TYPES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": INSTANT,
    "decimal": pa.decimal128(38, 9),
}
_WIDER = {
    pa.uint8(): pa.int16(),  # tables have no unsigned integers
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
}
_TRUE, _FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
_ZONED = r":\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"
_EXACT_IN_FLOAT = 2**53


def arrow_schema(dataset: Dataset) -> pa.Schema | None:
    """Return the columns of a dataset's rows in the order of its contract, None when the contract names none."""
    columns = dataset.contract.columns
    return pa.schema([(name, ARROW_TYPES[rule.type]) for name, rule in columns.items()]) if columns else None


def cast_column(
    values: pa.Array, column: str, rule: ColumnRule, timezone: str, where: str, numbers: Sequence[int]
) -> pa.Array:
    """Return a column in the type of its rule.

    Parameters
    ----------
    values : pa.Array of length n_rows
        The column as the source typed it.
    column, rule, timezone
        Its name and rule, and the IANA zone of timestamps without one.
    where, numbers : str, sequence of int of length n_rows
        File or query, and the number of each row in it, for the message.

    Raises
    ------
    SourceError
        Naming the first row whose value does not fit, the value (hidden when `pii`) and the type expected.
    """
    try:
        return cast_values(values, rule.type, timezone)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
        position = first_that_fails(values, lambda part: cast_values(part, rule.type, timezone))
    raise SourceError.at(
        f"{where}, row {numbers[position]:,}, column {column!r}",
        f"found {shown_value(values[position], rule.pii)}",
        type_in_words(rule.type),
        f"correct the source, or contract.columns.{column}.type",
    )


def cast_values(values: pa.Array, name: str, timezone: str) -> pa.Array:
    """Return values in the type that a contract names; `pa.ArrowInvalid` when one does not fit.

    Notes
    -----
    Nothing is lost silently: a fraction does not become an integer, 2 is no truth value, a number too large for float32
    is an error. Missing values and NaN become null in integers. Texts are read with blanks around them cut. A timestamp
    without a zone is local to `timezone` (an hour that occurs twice: the first; one that is left out: the next instant
    there is); nanoseconds are cut to microseconds.
    """
    values = plain(values, timezone)
    target = ARROW_TYPES[name]
    kind = values.type
    if kind == target:
        return values
    if pa.types.is_null(kind):
        return pa.nulls(len(values), target)
    if pa.types.is_string(kind):
        return _from_text(values, name, timezone)
    if name in ("timestamp", "date"):
        return _to_calendar(values, name, timezone)
    if name == "bool":
        return _only_if(values, pc.is_in(values, pa.array([0, 1]).cast(kind)), "0 or 1").cast(target)
    if pa.types.is_floating(kind) and pa.types.is_integer(target):
        return _whole_numbers(values).cast(target)
    if name == "float32":
        return _narrowed(values.cast(pa.float64()))
    return values.cast(target)


def plain(values: pa.Array, timezone: str) -> pa.Array:
    """Return values in one of the types that tables keep: no dictionaries, one kind of text, instants in UTC."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_timestamp(kind) and kind != INSTANT:
        return _instants(values, timezone)
    wider = _WIDER.get(kind)
    return values.cast(wider) if wider else values


def storable(values: pa.Array, column: str, timezone: str, where: str) -> pa.Array:
    """Return a column without a rule in a type that tables keep; one that its source gives no type has none.

    Raises
    ------
    SourceError
        When they keep nothing like it (times of day, lengths of time, unions).
    """
    values = plain(values, timezone)
    kind = values.type
    if pa.types.is_date64(kind):
        return values.cast(pa.date32())
    if pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_union(kind):
        raise SourceError.at(
            f"{where}, column {column!r}",
            f"is of type {kind}, which tables do not keep",
            f"one of: {', '.join(ARROW_TYPES)}",
            f"derive a column from it, and leave {column!r} out of contract.columns",
        )
    return values


def first_that_fails(values: pa.Array, cast: Callable[[pa.Array], pa.Array]) -> int:
    """Return the position of the first value that a cast refuses, by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            cast(values.slice(low, middle - low))
            low = middle
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
            high = middle
    return low


def shown_value(value: pa.Scalar, pii: bool) -> str:
    """Return a value as it may stand in a message: at most 60 characters, hidden when it is personal."""
    if pii:
        return "a value that is hidden, since the column is pii"
    text = repr(value.as_py())
    return text if len(text) <= 60 else f"{text[:57]}…"


def type_in_words(name: str) -> str:
    """Return what a value of a contract's type looks like.

    Examples
    --------
    >>> type_in_words("int8")
    'a whole number from -128 to 127 (int8)'
    """
    kind = ARROW_TYPES[name]
    if pa.types.is_integer(kind):
        low = 0 if name.startswith("u") else -(2 ** (kind.bit_width - 1))
        return f"a whole number from {low:,} to {low + 2**kind.bit_width - 1:,} ({name})"
    words = {
        "bool": "true or false",
        "date": "a date such as 2013-03-01",
        "timestamp": "an instant such as 2013-03-01T05:00:00Z",
        "decimal": "a number with at most 29 digits before the point and 9 after it",
        "string": "a text",
    }
    return f"{words.get(name, 'a number')} ({name})"


def _from_text(values: pa.Array, name: str, timezone: str) -> pa.Array:
    if name == "string":
        return values
    try:
        return _from_tidy_text(values, name, timezone)
    except pa.ArrowInvalid:
        return _from_tidy_text(_tidied(values, name), name, timezone)


def _tidied(values: pa.Array, name: str) -> pa.Array:
    values = pc.utf8_trim_whitespace(values)
    if name == "timestamp":
        values = pc.replace_substring_regex(values, r"^(\d{4})/(\d{2})/(\d{2})", r"\1-\2-\3")
        return pc.replace_substring_regex(values, r"(\.\d{6})\d+", r"\1")
    if pa.types.is_integer(ARROW_TYPES[name]):  # 3.0 is a whole number too
        return _whole_numbers(values.cast(pa.float64())).cast(pa.string())
    return pc.utf8_lower(values) if name == "bool" else values


def _from_tidy_text(values: pa.Array, name: str, timezone: str) -> pa.Array:
    if name == "bool":
        known = _only_if(values, pc.is_in(values, pa.array(_TRUE + _FALSE)), "true or false")
        return pc.if_else(pc.is_null(known), None, pc.is_in(known, pa.array(_TRUE)))
    if name == "timestamp":
        return _instants_of_text(values, timezone)
    return _narrowed(values.cast(pa.float64())) if name == "float32" else values.cast(ARROW_TYPES[name])


def _instants_of_text(values: pa.Array, timezone: str) -> pa.Array:
    try:
        return values.cast(INSTANT)
    except pa.ArrowInvalid:  # some say no zone
        zoned = pc.match_substring_regex(values, _ZONED)
    local = _instants(pc.if_else(zoned, None, values).cast(pa.timestamp("us")), timezone)
    return pc.coalesce(pc.if_else(zoned, values, None).cast(INSTANT), local)


def _instants(values: pa.Array, timezone: str) -> pa.Array:
    kind = values.type
    if kind.tz is None:
        values = values.cast(pa.timestamp("us"), safe=False)  # finer than a microsecond is cut
        return pc.assume_timezone(values, timezone, ambiguous="earliest", nonexistent="latest").cast(INSTANT)
    return values.cast(INSTANT, safe=kind.unit != "ns")


def _to_calendar(values: pa.Array, name: str, timezone: str) -> pa.Array:
    kind = values.type
    if pa.types.is_date(kind) and name == "timestamp":
        return _instants(values.cast(pa.timestamp("us")), timezone)
    if pa.types.is_timestamp(kind) and name == "date":
        return pc.local_timestamp(values.cast(pa.timestamp("us", tz=timezone))).cast(pa.date32())
    if pa.types.is_date(kind):
        return values.cast(pa.date32())
    message = f"{kind} has no calendar"
    raise pa.ArrowInvalid(message)


def _whole_numbers(values: pa.Array) -> pa.Array:
    values = pc.if_else(pc.is_nan(values), None, values)
    return _only_if(values, pc.less(pc.abs(values), _EXACT_IN_FLOAT), "an exact whole number").cast(pa.int64())


def _narrowed(values: pa.Array) -> pa.Array:
    narrow = values.cast(pa.float32())
    lost = pc.and_(pc.is_inf(narrow), pc.is_finite(values))
    _only_if(values, pc.invert(lost), "a number that float32 holds")
    return narrow


def _only_if(values: pa.Array, holds: pa.Array, expected: str) -> pa.Array:
    if pc.all(pc.or_(holds, pc.is_null(values))).as_py() is False:
        message = f"expected {expected}"
        raise pa.ArrowInvalid(message)
    return values
