from __future__ import annotations

import pyarrow as pa
import pytest

from include.errors import FeatureError
from include.features.rows import matched, typed
from tests.include.features.worlds import DATASETS, RIDES, STATIONS_TABLE, features, model


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT length FROM rides", "late.sql: the result has no column _key"),
        ("SELECT _key FROM rides", "late.sql: the result has no features"),
        ("SELECT _key, length AS _length FROM rides", "the result has _length. Expected no names that start with _"),
        ("SELECT * FROM rides", "the result has _event_time"),
        ("SELECT _key, length FROM rides WHERE length > 0", "late.sql, 2013-03-03: the row 28 has no feature row"),
        (
            "SELECT _key, length FROM rides UNION ALL SELECT _key, length FROM rides",
            "the result has the key 24 more than once",
        ),
        ("SELECT _key || 'x' AS _key, length FROM rides", "the result has the key 24x, which no row has"),
        ("SELECT NULL::VARCHAR AS _key, length FROM rides", "the result has the key NULL more than once"),
        ("SELECT _key, length / 0 AS x FROM rides", "the feature x is infinite in 21 rows"),
        ("SELECT _key, start AS x FROM rides", "the feature x is of type timestamp[us, tz=UTC]"),
        ("SELECT _key, [length] AS x FROM rides", "the feature x is of type list<"),
        ("SELECT _key, start - start AS x FROM rides", "the feature x is of type"),
    ],
)
def test_result_must_be_feature_rows(sql, message):
    with pytest.raises(FeatureError) as caught:
        features(sql)
    assert message in str(caught.value)
    assert "To do: " in str(caught.value)


def test_join_that_repeats_rows_says_how_often():
    twice = pa.concat_tables([STATIONS_TABLE, STATIONS_TABLE])
    with pytest.raises(
        FeatureError, match=r"more than once\. Expected each row once \(24 keys repeat\).*at most one row"
    ):
        features(stations=twice)


def test_rows_with_the_same_key_are_named():
    station = RIDES.model_copy(update={"key": ("station",)})
    with pytest.raises(FeatureError, match="the rows hold the key A more than once"):
        features("SELECT _key, length FROM rides", datasets=DATASETS | {"rides": station})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("sum(id) OVER (PARTITION BY id)", pa.float64()),
        ("1.50::DECIMAL(9, 2)", pa.float64()),
        ("length::FLOAT", pa.float32()),
        ("id::TINYINT", pa.int8()),
        ("length > 3", pa.bool_()),
        ("station", pa.string()),
        ("CASE WHEN length > 3 THEN 'far' END", pa.string()),
        ("NULL::DOUBLE", pa.float64()),
    ],
)
def test_feature_types_are_what_learners_take(expression, kind):
    assert features(f"SELECT _key, {expression} AS x FROM rides").schema.field("x").type == kind


def test_nan_becomes_missing():
    made = typed(pa.table({"_key": ["a", "b"], "x": [float("nan"), 1.0]}), "late.sql")
    assert made.column("x").to_pylist() == [None, 1.0]


def test_result_takes_the_order_of_the_rows():
    times = pa.array([1, 2], pa.timestamp("us", tz="UTC"))
    rows = pa.table({"_key": ["b", "a"], "_event_time": times, "_prediction_time": times})
    made = matched(pa.table({"_key": ["a", "b"], "x": [1, 2]}), rows, "late.sql")
    assert (made.column("_key").to_pylist(), made.column("x").to_pylist()) == (["b", "a"], [2, 1])


def test_features_may_have_the_names_of_columns():
    assert features("SELECT _key, id, station FROM rides", of=model()).schema.names[:3] == ["_key", "id", "station"]
