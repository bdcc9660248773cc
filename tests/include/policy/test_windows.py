from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import PolicyError
from include.partitions import partition_from_key
from include.policy.windows import Window, parse_window, usual_windows
from include.training.window import training_window


@pytest.mark.parametrize("text", ["all", "last(6)", "decay(4)", "decay(2.5)"])
def test_text_of_window_parses_back(text: str) -> None:
    assert parse_window(text).text == text


@pytest.mark.parametrize("text", ["", "last(0)", "last(2.5)", "decay(0)", "last", "first(3)", "last(6) "])
def test_wrong_windows_are_explained(text: str) -> None:
    with pytest.raises(PolicyError, match="count in partitions"):
        parse_window(text)


def test_fading_rows_are_left_out_when_negligible() -> None:
    window = parse_window("decay(4)")
    assert window.reach(100) == 24
    weights = window.weights(range(25))
    assert weights is not None
    assert weights[24] == 0.015625


def test_only_fading_windows_have_weights() -> None:
    assert Window(last=3).weights([0, 1]) is None
    assert Window().weights([0, 1]) is None


@given(st.integers(1, 20), st.sampled_from(["day", "week", "month", "quarter", "year", "hour"]), st.integers(0, 30))
def test_settings_keep_the_count(count: int, grain: str, offset: int) -> None:
    first = {"hour": "2015-01-01T00Z", "week": "2015-01-05"}.get(grain, "2015-01-01")
    zone = "UTC" if grain == "hour" else "America/New_York"
    start = partition_from_key(first, grain, zone).shifted(offset)
    labelled = [start.shifted(i) for i in range(count + 3)]
    settings = Window(last=count).settings(grain)
    assert len(training_window(labelled, settings)) == count


def test_decay_becomes_length_of_time() -> None:
    assert Window(half_life=4).settings("week").decay == timedelta(days=28)


def test_delay_lengthens_recent_window() -> None:
    assert usual_windows((), "month", delay=4) == ("all", "last(8)", "decay(4)")


@pytest.mark.parametrize("grain", ["hour", "day", "week", "month", "quarter", "year"])
def test_every_grain_has_three_windows(grain: str) -> None:
    assert len(usual_windows((), grain)) == 3
