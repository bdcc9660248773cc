from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.config.model import GateSettings, Model, WindowSettings
from include.errors import ModelError
from include.partitions import partition_at, partition_from_key, partitions_between
from include.training.window import cut, described, training_window, weights, window_from

MODEL = Model.model_validate(
    {
        "name": "m",
        "description": "d",
        "owner": {"name": "o"},
        "task": "binary",
        "rows": "r",
        "target": {"dataset": "r", "column": "y"},
    }
)


def parts(count, grain="day", first="2013-01-01", zone="America/New_York"):
    start = partition_from_key(first, grain, zone)
    return partitions_between(start, start.shifted(count - 1))


@pytest.mark.parametrize(
    ("count", "grain", "first", "kept"),
    [
        (100, "day", "2013-01-01", 14),
        (59, "day", "2013-01-01", 11),
        (400, "day", "2013-01-01", 14),
        (2, "day", "2013-01-01", 1),
        (9, "day", "2013-01-01", 1),
        (53, "week", "2012-12-31", 2),
        (12, "month", "2013-01-01", 1),
        (2000, "hour", "2013-01-01T05Z", 72),
    ],
)
def test_holdout_is_two_weeks_worth_or_three_days_of_hours(count, grain, first, kept):
    found = cut(parts(count, grain, first), MODEL)
    assert (len(found.train), len(found.holdout)) == (count - kept, kept)


def test_holdout_is_the_newest():
    labelled = parts(20)
    found = cut(labelled[::-1], MODEL)
    assert found.train[0] == "2013-01-01"
    assert found.holdout == ("2013-01-17", "2013-01-18", "2013-01-19", "2013-01-20")
    assert found.cut_at == datetime(2013, 1, 17, 5, tzinfo=UTC)
    assert (found.weights, found.window) == (None, "expanding")


def test_clock_change_keeps_fourteen_days():
    assert len(cut(parts(100, first="2012-08-01"), MODEL).holdout) == 14  # the last of them has 25 hours


def test_holdout_length_is_configured():
    model = MODEL.model_copy(update={"gate": GateSettings(holdout=timedelta(days=3))})
    assert len(cut(parts(100), model).holdout) == 3


@pytest.mark.parametrize("count", [0, 1])
def test_too_little_history_is_refused(count):
    with pytest.raises(ModelError, match=rf"model m: has {count} labelled partitions. Expected at least 2"):
        cut(parts(count), MODEL)


def test_last_window_drops_old_partitions():
    model = MODEL.model_copy(update={"window": WindowSettings(last=timedelta(days=30))})
    found = cut(parts(100), model)
    assert (len(found.train), found.train[-1], found.window) == (30, "2013-03-27", "last 30d")


def test_chosen_window_wins_over_configured():
    model = MODEL.model_copy(update={"window": "auto"})
    assert len(cut(parts(100), model).train) == 86
    assert len(cut(parts(100), model, WindowSettings(last=timedelta(days=7))).train) == 7


def test_window_shorter_than_a_partition_keeps_the_newest():
    months = parts(12, "month")
    assert [p.key for p in training_window(months, WindowSettings(last=timedelta(days=7)))] == ["2013-12-01"]


def test_weight_halves_with_each_decay():
    week = parts(8, zone="UTC")
    found = weights(week, timedelta(days=7))
    assert found["2013-01-08"] == 1.0
    assert found["2013-01-01"] == 0.5


def test_cut_carries_decay_weights():
    model = MODEL.model_copy(update={"window": WindowSettings(decay=timedelta(days=1))})
    found = cut(parts(10, zone="UTC"), model)
    assert found.weights[found.train[-2]] == 0.5
    assert found.window == "decay 1d"


def test_unknown_window_words_are_refused():
    with pytest.raises(ModelError, match="window 'newest': is not known"):
        window_from("newest")


durations = st.none() | st.integers(1, 10_000).map(lambda hours: timedelta(hours=hours))


@settings(deadline=None)
@given(last=durations, decay=durations)
def test_window_words_read_back(last, decay):
    window = WindowSettings(last=last, decay=decay)
    assert window_from(described(window)) == window


@settings(deadline=None)
@given(count=st.integers(2, 400), day=st.integers(0, 10_000))
def test_holdout_follows_training_without_overlap(count, day):
    first = partition_at(datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=day), "day", "Europe/Berlin")
    labelled = partitions_between(first, first.shifted(count - 1))
    found = cut(labelled, MODEL)
    assert found.train + found.holdout == tuple(p.key for p in labelled)
    assert 1 <= len(found.holdout) <= max(1, count // 5)
