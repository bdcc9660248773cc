from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import ConfigError
from include.partitions import (
    GRAINS,
    outside_range,
    partition_at,
    partition_from_key,
    partitions_between,
    partitions_per_year,
    typical_hours,
)

NEW_YORK = "America/New_York"
ZONES = ["UTC", NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
INSTANTS = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("grain", "key", "start", "end"),
    [
        ("hour", "2013-03-10T12Z", "2013-03-10T12:00", "2013-03-10T13:00"),
        ("day", "2013-03-10", "2013-03-10T05:00", "2013-03-11T04:00"),
        ("week", "2013-03-04", "2013-03-04T05:00", "2013-03-11T04:00"),
        ("month", "2013-03-01", "2013-03-01T05:00", "2013-04-01T04:00"),
        ("quarter", "2013-01-01", "2013-01-01T05:00", "2013-04-01T04:00"),
        ("year", "2013-01-01", "2013-01-01T05:00", "2014-01-01T05:00"),
    ],
)
def test_boundaries_are_local_and_stored_as_utc(grain, key, start, end):
    partition = partition_at(datetime(2013, 3, 10, 12, 30, tzinfo=UTC), grain, NEW_YORK)

    assert partition.key == key
    assert partition.start.isoformat() == f"{start}:00+00:00"
    assert partition.end.isoformat() == f"{end}:00+00:00"


@pytest.mark.parametrize(("day", "hours"), [("2013-03-10", 23.0), ("2013-11-03", 25.0), ("2013-06-01", 24.0)])
def test_days_when_clocks_change(day, hours):
    assert partition_from_key(day, "day", NEW_YORK).hours == hours


def test_hours_never_collide_when_clocks_change():
    first = partition_from_key("2013-11-03T05Z", "hour", NEW_YORK)

    assert [p.key for p in partitions_between(first, first.shifted(2))] == [
        "2013-11-03T05Z",
        "2013-11-03T06Z",
        "2013-11-03T07Z",
    ]


@pytest.mark.parametrize(
    ("key", "grain", "expected"),
    [
        ("2013-03-05", "week", "the first day of a week, 2013-03-04"),
        ("2013-03-02", "month", "the first day of a month, 2013-03-01"),
        ("2013-02-30", "day", "a date such as 2013-03-01"),
        ("2013-3-1", "day", "a date such as 2013-03-01"),
        ("2013-03-01", "hour", "a UTC hour such as 2013-03-01T05Z"),
        ("2013-03-01T25Z", "hour", "a UTC hour such as 2013-03-01T05Z"),
    ],
)
def test_wrong_keys_say_what_is_expected(key, grain, expected):
    with pytest.raises(ConfigError) as caught:
        partition_from_key(key, grain, "UTC")

    assert str(caught.value) == (
        f"partition {key!r}: is not the key of a {grain}. Expected {expected}. To do: name the partition by its start."
    )


@given(INSTANTS, st.sampled_from(GRAINS), st.sampled_from(ZONES))
def test_a_partition_contains_its_instant_and_is_named_by_its_key(instant, grain, zone):
    partition = partition_at(instant, grain, zone)

    assert partition.start <= instant < partition.end
    assert partition_from_key(partition.key, grain, zone) == partition


@given(INSTANTS, st.sampled_from(GRAINS), st.sampled_from(ZONES))
def test_partitions_follow_without_gap_or_overlap(instant, grain, zone):
    partition = partition_at(instant, grain, zone)

    assert partition.following().start == partition.end
    assert partition.preceding().end == partition.start
    assert partition.following().preceding() == partition


def test_shifting_walks_in_both_directions():
    march = partition_from_key("2013-03-01", "month", NEW_YORK)

    assert march.shifted(11).key == "2014-02-01"
    assert march.shifted(-3).key == "2012-12-01"
    assert march.shifted(0) == march


def test_a_range_backwards_is_empty():
    first = partition_from_key("2013-03-02", "day", "UTC")

    assert partitions_between(first, first.preceding()) == []


def test_a_day_lies_within_its_week():
    week = partition_from_key("2013-03-04", "week", NEW_YORK)
    sunday = partition_from_key("2013-03-10", "day", NEW_YORK)

    assert sunday.within(week)
    assert not sunday.following().within(week)


@pytest.mark.parametrize(("grain", "count"), [("hour", 8766), ("day", 365.25), ("month", 12), ("year", 1)])
def test_partitions_of_a_year(grain, count):
    assert partitions_per_year(grain) == pytest.approx(count, abs=0.01)
    assert timedelta(hours=typical_hours(grain)) > timedelta(0)


@pytest.mark.parametrize(
    ("key", "outside"),
    [("2013-02-28", True), ("2013-03-01", False), ("2013-03-31", False), ("2013-04-01", True)],
)
def test_range_holds_its_first_and_last(key, outside):
    day = partition_from_key(key, "day", NEW_YORK)

    assert outside_range(day, "2013-03-01", "2013-03-31") is outside
    assert outside_range(day, None, None) is False
