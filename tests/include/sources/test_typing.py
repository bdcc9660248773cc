from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.config.dataset import ColumnRule
from include.errors import SourceError
from include.sources.typing import ARROW_TYPES, arrow_schema, cast_column, cast_values, first_that_fails, type_in_words
from tests.include.sources.made import trips

NEW_YORK = "America/New_York"
AT = datetime(2013, 3, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", " 2 ", "3.0", None], "int8", [1, 2, 3, None]),
        (["1.5", "1e3", "-inf"], "float32", [1.5, 1000.0, float("-inf")]),
        (["true", "F", "yes", "0", " N ", None], "bool", [True, False, True, False, False, None]),
        (["2013-03-01"], "date", [date(2013, 3, 1)]),
        (["1.25"], "decimal", [Decimal("1.250000000")]),
        ([1.0, float("nan"), None], "int16", [1, None, None]),
        ([1, 0, None], "bool", [True, False, None]),
        ([1.0, 0.0], "bool", [True, False]),
        ([1, 2], "float32", [1.0, 2.0]),
        ([1, None], "string", ["1", None]),
        ([None, None], "int8", [None, None]),
        ([Decimal("1.5")], "float64", [1.5]),
        ([1.5], "decimal", [Decimal("1.500000000")]),
        ([date(2013, 3, 1)], "timestamp", [datetime(2013, 3, 1, 5, tzinfo=UTC)]),
        ([datetime(2013, 3, 2, 3, tzinfo=UTC)], "date", [date(2013, 3, 1)]),
        ([datetime(2013, 3, 1, 22)], "date", [date(2013, 3, 1)]),  # noqa: DTZ001
    ],
)
def test_values_are_cast_when_nothing_is_lost(values, kind, expected):
    found = cast_values(pa.array(values), kind, NEW_YORK)

    assert found.type == ARROW_TYPES[kind]
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5"], "int8"),
        (["300"], "int8"),
        (["-1"], "uint8"),
        (["x"], "float64"),
        (["9007199254740993.0"], "int64"),
        (["maybe"], "bool"),
        (["2013-02-30"], "date"),
        (["2013-03-01T10:00:00Z"], "date"),
        (["1.1234567891"], "decimal"),
        ([1.5], "int8"),
        ([2], "bool"),
        ([0.5], "bool"),
        ([1e300], "float32"),
        (["1e300"], "float32"),
        ([float("inf")], "int64"),
        ([2**60], "float64"),
        ([1], "timestamp"),
        ([1], "date"),
        (["soon"], "timestamp"),
        ([[1]], "string"),
        ([b"\xff"], "string"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(values, kind):
    with pytest.raises((pa.ArrowInvalid, pa.ArrowNotImplementedError)):
        cast_values(pa.array(values), kind, "UTC")


@pytest.mark.parametrize(
    "text",
    [
        "2013-03-01T06:00:00Z",
        "2013-03-01 06:00:00+00:00",
        "2013-03-01T06:00Z",
        "2013-03-01T01:00:00-0500",
        "2013-03-01 11:30:00+05:30",
        "2013-03-01T06:00:00.000000Z",
        "2013-03-01T06:00:00.000000999Z",
        "2013/03/01 06:00:00Z",
        "2013-03-01 01:00:00",
        "2013-03-01T01:00",
        "2013/03/01 01:00:00.000",
        " 2013-03-01T06:00:00Z ",
    ],
)
def test_instants_are_read_in_many_spellings(text):
    assert cast_values(pa.array([text]), "timestamp", NEW_YORK).to_pylist() == [AT]


def test_spellings_may_be_mixed_in_one_column():
    texts = ["2013-03-01T06:00:00Z", None, "2013-03-01 01:00:00", "2013-03-01"]

    assert cast_values(pa.array(texts), "timestamp", NEW_YORK).to_pylist() == [AT, None, AT, AT.replace(hour=5)]


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2013-11-03 01:30:00", datetime(2013, 11, 3, 5, 30, tzinfo=UTC)),  # occurs twice: the first
        ("2013-03-10 02:30:00", datetime(2013, 3, 10, 7, tzinfo=UTC)),  # left out: the next instant there is
    ],
)
def test_local_times_when_clocks_change(local, expected):
    assert cast_values(pa.array([local]), "timestamp", NEW_YORK).to_pylist() == [expected]


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp("s", "UTC"), pa.timestamp("ms", "Asia/Tokyo"), pa.timestamp("ns", "UTC"), pa.timestamp("us", "UTC")],
)
def test_instants_of_any_unit_and_zone_are_the_same_instants(kind):
    assert cast_values(pa.array([AT], kind), "timestamp", NEW_YORK).to_pylist() == [AT]


def test_nanoseconds_are_cut_to_microseconds():
    values = pa.array([1_999], pa.timestamp("ns"))

    assert cast_values(values, "timestamp", "UTC").cast(pa.int64()).to_pylist() == [1]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_of_any_kind_are_texts(kind):
    values = (
        pa.array(["a", None]).cast(kind)
        if kind != pa.dictionary(pa.int8(), pa.string())
        else pa.array(["a", None]).dictionary_encode()
    )

    found = cast_values(values, "string", "UTC")

    assert (found.type, found.to_pylist()) == (pa.string(), ["a", None])


@given(st.lists(st.sampled_from(["1", "2", None, "x"]), min_size=1, max_size=40).filter(lambda values: "x" in values))
def test_the_first_misfit_is_found(values):
    found = first_that_fails(pa.array(values, pa.string()), lambda part: cast_values(part, "int8", "UTC"))

    assert found == values.index("x")


@given(st.lists(st.one_of(st.none(), st.integers(-(2**15), 2**15 - 1))))
def test_integers_survive_text_and_floats(values):
    texts = pa.array([None if v is None else str(v) for v in values], pa.string())
    floats = pa.array([None if v is None else float(v) for v in values], pa.float64())

    assert cast_values(texts, "int16", "UTC").to_pylist() == values
    assert cast_values(floats, "int16", "UTC").to_pylist() == values


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("uint8", "a whole number from 0 to 255 (uint8)"),
        ("float32", "a number (float32)"),
        ("bool", "true or false (bool)"),
        ("timestamp", "an instant such as 2013-03-01T05:00:00Z (timestamp)"),
    ],
)
def test_types_are_said_in_words(kind, words):
    assert type_in_words(kind) == words


def test_a_misfit_names_its_row_and_a_long_value_is_cut():
    rule = ColumnRule(type="int8")

    with pytest.raises(SourceError) as caught:
        cast_column(pa.array(["1", "x" * 100]), "n", rule, "UTC", "a.csv", [7, 9])

    assert str(caught.value) == (
        f"a.csv, row 9, column 'n': found '{'x' * 56}…. Expected a whole number from -128 to 127 (int8). "
        "To do: correct the source, or contract.columns.n.type."
    )


def test_the_schema_follows_the_contract():
    assert arrow_schema(trips({"b": "uint8", "a": "decimal"}, event_time=None)) == pa.schema(
        {"b": pa.uint8(), "a": pa.decimal128(38, 9)}
    )
    assert arrow_schema(trips({})) is None
