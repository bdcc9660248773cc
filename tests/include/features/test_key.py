from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import FeatureError
from include.features.key import key_columns, keys_of

TEXT = st.one_of(st.none(), st.text(alphabet="ab|\\N", max_size=4))


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8, unique=True))
def test_different_keys_never_meet(pairs):
    table = pa.table(
        {"a": pa.array([one for one, _ in pairs], pa.string()), "b": pa.array([two for _, two in pairs], pa.string())}
    )
    assert len(set(keys_of(table, ["a", "b"]).to_pylist())) == len(pairs)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array([7], pa.int16()), "7"),
        (pa.array([7], pa.int64()), "7"),
        (pa.array([True]), "true"),
        (pa.array([date(2013, 3, 1)]), "2013-03-01"),
        (pa.array([datetime(2013, 3, 1, 5, tzinfo=UTC)], pa.timestamp("ms", tz="UTC")), "2013-03-01 05:00:00.000000Z"),
        (
            pa.array(
                [datetime(2013, 3, 1, tzinfo=timezone(timedelta(hours=-5)))], pa.timestamp("ns", tz="America/New_York")
            ),
            "2013-03-01 05:00:00.000000Z",
        ),
        (pa.array(["JFK"]).dictionary_encode(), "JFK"),
        (pa.array(["a|b\\"], pa.large_string()), "a\\|b\\\\"),
        (pa.array([None], pa.int64()), "\\N"),
        (pa.array([""]), ""),
    ],
)
def test_value_has_one_text(values, text):
    assert keys_of(pa.table({"x": values}), ["x"]).to_pylist() == [text]


def test_batches_and_tables_give_the_same_keys():
    table = pa.table({"a": pa.chunked_array([[1], [2, None]]), "b": pa.chunked_array([["x", "y"], ["z"]])})
    batches = table.combine_chunks().to_batches()
    assert (
        keys_of(table, ["b", "a"]).to_pylist() == keys_of(batches[0], ["b", "a"]).to_pylist() == ["x|1", "y|2", "z|\\N"]
    )


def test_row_number_is_the_key_without_one():
    assert key_columns([]) == ("_row",)
    assert keys_of(pa.table({"_row": [0, 1], "x": [5, 5]}), []).to_pylist() == ["0", "1"]


def test_missing_key_column_is_named():
    with pytest.raises(
        FeatureError, match=r"key: the rows have no column id\. Expected id\. To do: correct the dataset's key"
    ):
        keys_of(pa.table({"x": [1]}), ["id"])


def test_column_without_text_is_named():
    with pytest.raises(FeatureError, match="key column x: type list<item: int64> has no text form"):
        keys_of(pa.table({"x": [[1]]}), ["x"])
