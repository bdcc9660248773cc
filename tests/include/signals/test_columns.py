from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from include.signals.columns import codes_of, column_of, kind_of, kinds_of, numbers_of, texts_of
from include.signals.errors import SignalError


@pytest.mark.parametrize(
    ("arrow_type", "kind"),
    [
        (pa.uint64(), "numeric"),
        (pa.float16(), "numeric"),
        (pa.decimal128(9, 2), "numeric"),
        (pa.timestamp("us", "UTC"), "numeric"),
        (pa.date32(), "numeric"),
        (pa.time64("us"), "numeric"),
        (pa.duration("ms"), "numeric"),
        (pa.null(), "numeric"),
        (pa.bool_(), "categorical"),
        (pa.string(), "categorical"),
        (pa.large_string(), "categorical"),
        (pa.string_view(), "categorical"),
        (pa.dictionary(pa.int8(), pa.large_string()), "categorical"),
        (pa.dictionary(pa.int8(), pa.float64()), "numeric"),
        (pa.binary(), None),
        (pa.list_(pa.int8()), None),
        (pa.struct([("a", pa.int8())]), None),
        (pa.month_day_nano_interval(), None),
    ],
)
def test_kind_follows_the_type(arrow_type: pa.DataType, kind: str | None) -> None:
    assert kind_of(arrow_type) == kind


DAY = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None, 3], pa.int8()), [1.0, 3.0]),
        (pa.array([2**63], pa.uint64()), [2.0**63]),
        (pa.array([0.5], pa.float16()), [0.5]),
        (pa.array([Decimal("1.25"), None]), [1.25]),
        (pa.array([DAY], pa.timestamp("ns", "UTC")), [86400.0]),
        (pa.array([DAY], pa.timestamp("s", "America/New_York")), [86400.0]),
        (pa.array([DAY.date()], pa.date32()), [86400.0]),
        (pa.array([DAY.date()], pa.date64()), [86400.0]),
        (pa.array([dt.time(0, 1)], pa.time32("s")), [60.0]),
        (pa.array([dt.timedelta(seconds=1.5)], pa.duration("us")), [1.5]),
        (pa.array([3, None, 3]).dictionary_encode(), [3.0, 3.0]),
        (pa.nulls(2), []),
    ],
)
def test_numbers_come_without_nulls(column: pa.Array, expected: list[float]) -> None:
    values, nulls = numbers_of(column)
    assert values.tolist() == expected
    assert values.dtype == np.float64
    assert nulls == len(column) - len(expected)


def test_nan_and_infinity_are_kept() -> None:
    values, nulls = numbers_of(pa.array([np.nan, np.inf, None]))
    assert np.isnan(values[0])
    assert values[1] == np.inf
    assert nulls == 1


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", None, "x", "a"]),
        pa.array(["b", None, "x", "a"], pa.large_string()),
        pa.array(["b", None, "x", "a"], pa.string_view()),
        pa.array(["b", None, "x", "a"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([1, 0, 2, 3]), pa.array([None, "b", "x", "a"])),
        pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 2]), pa.array(["b", "x", "a"])),
    ],
)
def test_codes_do_not_depend_on_the_encoding(column: pa.Array) -> None:
    assert codes_of(texts_of(column), pa.array(["a", "b"])).tolist() == [1, -1, 2, 0]


def test_codes_of_an_empty_dictionary_are_null() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int32()), pa.array([], pa.string()))
    assert codes_of(texts_of(column), pa.array(["a"])).tolist() == [-1, -1]


def test_missing_column_is_named() -> None:
    with pytest.raises(SignalError, match=r"column speed: it is missing.*found: x, y.*To do: restore or rename it"):
        column_of(pa.record_batch({"x": [1], "y": [2]}), "speed")


def test_chunks_are_joined() -> None:
    table = pa.table({"x": pa.chunked_array([[1], [2, 3]])})
    assert column_of(table, "x").to_pylist() == [1, 2, 3]


def test_kinds_take_what_can_be_compared() -> None:
    schema = pa.schema([("x", pa.int8()), ("l", pa.list_(pa.int8())), ("c", pa.string())])
    assert kinds_of(schema) == {"x": "numeric", "c": "categorical"}
    assert kinds_of(schema, categorical=["x"], columns=["x"]) == {"x": "categorical"}


@pytest.mark.parametrize(
    ("columns", "categorical", "message"),
    [
        (["z"], [], "column z: it is missing"),
        (["l"], [], r"column l: type list<.*> cannot be compared"),
        (None, ["z"], "column z: it is missing"),
    ],
)
def test_named_columns_must_be_comparable(columns: list[str] | None, categorical: list[str], message: str) -> None:
    schema = pa.schema([("x", pa.int8()), ("l", pa.list_(pa.int8()))])
    with pytest.raises(SignalError, match=message):
        kinds_of(schema, categorical, columns)
