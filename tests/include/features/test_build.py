from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from include.config.dataset import Dataset
from include.contracts.check import Checker
from include.errors import FeatureError
from include.features import build as building
from include.partitions import partition_at, partition_from_key
from tests.include.features.worlds import (
    DATASETS,
    NIGHT,
    POINT_IN_TIME,
    READINGS,
    RIDES,
    features,
    inputs,
    model,
    readings,
    rides,
    with_reading,
)

DAYS = [NIGHT.preceding(), NIGHT]


def test_each_value_is_as_known_at_prediction_time():
    found = features().to_pylist()
    assert len(found) == 24
    # predicted at 11:00; the reading of 10:00 arrived at 10:20, that of 11:00 not before 11:20; 58 hours after 1 March
    assert found[12] == {
        "_key": "36",
        "length": 1.0,
        "temp": 58.0,
        "height": 10.0,
        "_event_time": NIGHT.start + timedelta(hours=12),
        "_prediction_time": NIGHT.start + timedelta(hours=11),
        "_partition": "2013-03-03",
    }


def test_reading_that_came_late_is_not_seen_early():
    late = with_reading(
        readings(DAYS), NIGHT.start + timedelta(hours=10, minutes=30), NIGHT.start + timedelta(hours=20), 99.0
    )
    temps = features(readings=late).column("temp").to_pylist()
    assert 99.0 not in temps[:21]
    by_event = POINT_IN_TIME.replace(
        "readings._known_at <= rides._prediction_time", "readings.taken <= rides._prediction_time"
    )
    with pytest.raises(
        FeatureError, match=r"the feature temp of the row .* uses rows of readings from after its prediction time"
    ):
        features(by_event, readings=late)


def test_future_rows_are_refused_by_name():
    with pytest.raises(FeatureError) as caught:
        features(
            POINT_IN_TIME.replace("readings._known_at <= rides._prediction_time", "readings.taken <= rides._event_time")
        )
    text = str(caught.value)
    assert text.startswith("late.sql: the feature temp of the row ")
    assert "uses rows of readings from after its prediction time: as of 2013-03-0" in text
    assert "rides and readings" not in text
    assert text.endswith("To do: add that condition to the join or window.")


def test_single_early_use_is_found_by_its_arrival():
    sql = """
    SELECT rides._key, readings.temp FROM rides
    LEFT JOIN readings ON readings.station = rides.station AND readings.temp > 1000 AND readings.taken <= rides._prediction_time
    """
    taken = NIGHT.start + timedelta(hours=8)
    few = readings(DAYS)
    soon = with_reading(few, taken, taken, 1001.0)
    assert features(sql, readings=soon).column("temp").to_pylist().count(1001.0) == 7
    for hours in (1.2, 5, 12):
        late = with_reading(few, taken, taken + timedelta(hours=hours), 1001.0)
        with pytest.raises(FeatureError, match="the feature temp"):
            features(sql, readings=late)


def test_without_the_audit_the_future_would_be_served(monkeypatch):
    sql = POINT_IN_TIME.replace("readings._known_at <= rides._prediction_time", "readings.taken <= rides._event_time")
    monkeypatch.setattr(building._Build, "_audit", lambda *_: None)
    assert features(sql).column("temp").to_pylist()[12] == 60.0


def test_large_nights_are_audited_by_sample(monkeypatch):
    monkeypatch.setattr(building, "_AUDITED_ROWS", 60)
    assert features(rides=rides(DAYS, 20)).num_rows == 480
    sql = POINT_IN_TIME.replace("readings._known_at", "readings.taken")
    with pytest.raises(FeatureError, match="the feature temp"):
        features(sql, rides=rides(DAYS, 20))


def test_rows_known_after_the_last_prediction_are_not_there(monkeypatch):
    monkeypatch.setattr(building._Build, "_audit", lambda *_: None)
    found = features(
        "SELECT _key, (SELECT max(temp) FROM readings) AS newest FROM rides", of=model(lead="23h"), first=NIGHT
    )
    assert set(found.column("newest").to_pylist()) == {47.0}


def test_rows_before_the_lookback_are_not_there():
    days = [NIGHT.shifted(-2), *DAYS]
    sql = "SELECT _key, (SELECT min(temp) FROM readings) AS oldest FROM rides"
    assert set(features(sql, readings=readings(days)).column("oldest").to_pylist()) == {24.0}


@pytest.mark.parametrize(
    "window",
    [
        "count(*) OVER ()",
        "count(*) OVER (ORDER BY _event_time ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)",
        "sum(length) OVER (PARTITION BY station)",
        "(SELECT count(*) FROM rides other WHERE other.station = rides.station)",
    ],
)
def test_later_rows_of_the_night_are_refused(window):
    with pytest.raises(
        FeatureError, match=r"the feature n of the row .* uses rows of rides from after its prediction time"
    ):
        features(f"SELECT _key, {window} AS n FROM rides")


def test_earlier_rows_of_the_night_may_be_used():
    found = features("SELECT _key, count(*) OVER (PARTITION BY station ORDER BY _prediction_time) AS n FROM rides")
    assert found.column("n").to_pylist() == [i // 2 + 1 for i in range(24)]


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELECT _key,\n  minutes FROM rides", "late.sql:2:3"),
        ("SELECT _key, length, late FROM rides", "late.sql:1:22"),
        ("SELECT _key, corrected FROM rides LEFT JOIN readings USING (station)", "late.sql:1:14"),
    ],
)
def test_outcomes_are_not_columns(sql, place):
    with pytest.raises(FeatureError) as caught:
        features(sql)
    assert str(caught.value).startswith(f"{place}: Referenced column")
    assert "rides(id, start, station, length, _key, _event_time, _prediction_time); readings(station, " in str(
        caught.value
    )


@pytest.mark.parametrize("name", ["late", "minutes", "corrected"])
def test_features_are_not_named_like_outcomes(name):
    with pytest.raises(FeatureError, match=f"a feature is named {name}, as the target or an outcome"):
        features(f"SELECT _key, length AS {name} FROM rides")


def test_range_gives_what_each_night_gives():
    days = [NIGHT.shifted(-i) for i in (3, 2, 1, 0)]
    tables = {"rides": rides(days, 2), "readings": readings(days)}
    whole = features(first=days[1], last=days[3], **tables)
    nights = [features(first=day, **tables) for day in days[1:]]
    assert whole.equals(pa.concat_tables(nights))
    assert whole.column("_partition").unique().to_pylist() == ["2013-03-01", "2013-03-02", "2013-03-03"]


def test_order_and_threads_do_not_matter():
    table = rides(DAYS, 20)
    shuffled = table.take(pa.array([(i * 7919) % table.num_rows for i in range(table.num_rows)]))
    assert features(rides=table).equals(features(rides=shuffled, threads=2))


def test_clock_change_days_hold_their_rows():
    zone = "America/New_York"
    night = partition_from_key("2013-03-10", "day", zone)
    local = Dataset(**(RIDES.model_dump() | {"timezone": zone}))
    table = rides([night])
    keys = [partition_at(start, "day", zone).key for start in table.column("start").to_pylist()]
    table = table.set_column(table.schema.get_field_index("_partition"), "_partition", pa.array(keys))
    found = features(first=night, rides=table, datasets=DATASETS | {"rides": local})
    assert (night.hours, found.num_rows) == (23.0, 23)


def test_night_without_rows_yields_nothing():
    assert list(building.build(model(), DATASETS, inputs(), NIGHT.following(), NIGHT.following(), POINT_IN_TIME)) == []


def test_dataset_without_rows_is_an_empty_relation():
    empty = readings(DAYS).slice(0, 0)
    assert features(readings=empty).column("temp").null_count == 24


def test_rows_without_batches_yield_nothing():
    given = dict(inputs()) | {"rides": list}
    assert list(building.build(model(), DATASETS, given, NIGHT, NIGHT, POINT_IN_TIME)) == []


def test_default_features_are_the_columns_known_in_time():
    found = features(None, of=model(features=None))
    assert found.schema.names == ["_key", "station", "length", "_event_time", "_prediction_time", "_partition"]


def test_default_features_need_a_column():
    bare = Dataset(**(RIDES.model_dump() | {"key": ("id", "station", "length")}))
    with pytest.raises(FeatureError, match="model late: no column of rides is left as a feature"):
        features(None, datasets=DATASETS | {"rides": bare})


def test_rows_without_key_are_numbered():
    bare = Dataset(**(RIDES.model_dump() | {"key": ()}))
    table = rides([NIGHT]).append_column("_row", pa.array(range(24), pa.int64()))
    found = features("SELECT _key, length FROM rides", rides=table, datasets=DATASETS | {"rides": bare})
    assert found.column("_key").to_pylist()[:3] == ["0", "1", "2"]


def test_periods_without_event_time_take_their_start():
    bare = Dataset(**(RIDES.model_dump() | {"event_time": None, "known_at": {"delay": "0s"}}))
    found = features("SELECT _key, length FROM rides", datasets=DATASETS | {"rides": bare})
    assert set(found.column("_event_time").to_pylist()) == {NIGHT.start}


def test_rows_without_event_time_are_named():
    table = rides([NIGHT])
    starts = [None, *table.column("start").to_pylist()[1:]]
    broken = table.set_column(1, "start", pa.array(starts, table.schema.field("start").type))
    with pytest.raises(FeatureError, match="dataset rides, 2013-03-03: 1 rows have no event time"):
        features("SELECT _key, length FROM rides", rides=broken)


def test_static_dataset_with_known_at_is_seen_in_time():
    dated = Dataset(**(READINGS.model_dump() | {"static": True, "event_time": None}))
    temps = features(datasets=DATASETS | {"readings": dated}).column("temp").to_pylist()
    assert temps == features().column("temp").to_pylist()


def test_memory_stays_within_its_limit():
    sql = "SELECT _key, (SELECT sum(a.id * b.id * c.id) FROM rides a, rides b, rides c) AS n FROM rides"
    with pytest.raises(FeatureError, match=r"needs more memory than it may have"):
        features(
            sql.replace("sum(a.id * b.id * c.id)", "list(a.id ORDER BY b.id, c.id)[1]"),
            rides=rides([NIGHT], 20),
            memory="20MB",
        )


def test_built_features_pass_their_own_contract():
    rule = model(feature_contract={"temp": {"type": "float64", "nullable_share": 0}, "length": {"range": [0, 6]}})
    made = features(of=rule)
    with Checker() as checker:
        assert checker.check_features(rule, made, NIGHT, expected_rows=24).health == "pass"
        broken = checker.check_features(rule, made.slice(1), NIGHT, expected_rows=24)
    assert (broken.health, broken.broken[0].name) == ("block", "rows")
