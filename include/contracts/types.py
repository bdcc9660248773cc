"""Arrow types behind the type names of contracts."""

from __future__ import annotations

import pyarrow as pa

_ARROW: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "category": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type of a contract's type name.

    Examples
    --------
    >>> arrow_type("timestamp"), arrow_type("decimal")
    (TimestampType(timestamp[us, tz=UTC]), Decimal128Type(decimal128(38, 9)))
    """
    return pa.decimal128(38, 9) if name == "decimal" else _ARROW[name]


def name_of(found: pa.DataType) -> str:
    """Return the contract's name of an Arrow type (Arrow's own where contracts have none).

    Examples
    --------
    >>> name_of(pa.timestamp("ms", tz="UTC")), name_of(pa.large_string()), name_of(pa.decimal128(9, 2))
    ('timestamp', 'string', 'decimal')
    """
    if pa.types.is_dictionary(found):
        found = found.value_type
    if pa.types.is_decimal(found):
        return "decimal"
    if pa.types.is_timestamp(found) and found.tz:
        return "timestamp"
    if pa.types.is_large_string(found) or pa.types.is_string_view(found):
        return "string"
    for name, arrow in _ARROW.items():
        if arrow == found:
            return name
    return str(found)


def feature_types(schema: pa.Schema) -> dict[str, str]:
    """Return the contract's type name of each feature of a table: what `Checker.check_features` holds later nights to.

    Examples
    --------
    >>> feature_types(pa.schema({"_key": pa.string(), "temp": pa.float32(), "carrier": pa.string()}))
    {'temp': 'float32', 'carrier': 'string'}
    """
    return {field.name: name_of(field.type) for field in schema if not field.name.startswith("_")}


def matches(expected: str, found: pa.DataType) -> bool:
    """Tell whether an Arrow type is the one that a contract names.

    Examples
    --------
    >>> matches("int64", pa.int32()), matches("category", pa.string())
    (False, True)
    """
    return name_of(found) == ("string" if expected == "category" else expected)
