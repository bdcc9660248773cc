from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "hours"), [("15m", 0.25), ("36h", 36), ("90d", 2160), ("2w", 336), ("30s", 1 / 120), ("2 h", 2)]
)
def test_lengths_of_time_have_units(text, hours):
    assert parse_duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "3 days", "h", "1.5h", "-1h", 3, None, "1h30m"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="not a length of time; write a whole number and a unit, such as 15m"):
        parse_duration(text)


@given(st.integers(0, 9_999_999))
def test_formatting_is_read_back(seconds):
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
