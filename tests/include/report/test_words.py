from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.report.words import (
    count,
    day,
    interval,
    listed,
    number,
    plural,
    seconds,
    sentence,
    short,
    tone,
    with_interval,
    word,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4, "0.4000"),
        (0.00045, "0.00045"),
        (0.00004512, "0.000045"),
        (12.3456, "12.35"),
        (99999.9, "100,000"),
        (-3.0, "−3.000"),
        (0.0, "0"),
        (1e15, "1.000e+15"),
        (math.inf, "–"),
        (None, "–"),
    ],
)
def test_numbers_line_up(value: float | None, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=True))
def test_every_number_has_a_text(value: float) -> None:
    assert number(value)
    assert short(value)
    assert count(value)
    assert seconds(value)


@pytest.mark.parametrize(("value", "text"), [(1200.0, "1,200"), (100.0, "100"), (0.5, "0.5"), (-2.50, "−2.5")])
def test_numbers_in_sentences_lose_their_zeros(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize("ends", [(None, 1.0), (0.0, None), (math.nan, 1.0), (0.0, math.inf)])
def test_half_an_interval_is_none(ends: tuple[float | None, float | None]) -> None:
    assert interval(*ends) == ""
    assert with_interval(0.5, *ends) == "0.5000"


@pytest.mark.parametrize(
    ("key", "text"),
    [("2013-02-30", "2013-02-30"), ("static", "static"), ("2013-03-01T25Zx", "2013-03-01T25Zx"), ("", "")],
)
def test_keys_that_are_no_days_stay_as_they_are(key: str, text: str) -> None:
    assert day(key) == text


def test_states_have_a_word_and_a_tone() -> None:
    assert (word("cannot_tell"), tone("cannot_tell")) == ("cannot tell", "fair")
    assert (word("roll_back"), tone("roll_back")) == ("roll back", "plain")
    assert (word(None), tone(None)) == ("–", "plain")


def test_lists_read_as_people_write_them() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"])] == ["", "a", "a and b"]


def test_amounts_agree_with_their_nouns() -> None:
    assert [plural(n, "night") for n in (0, 1, 2)] == ["0 nights", "1 night", "2 nights"]


@pytest.mark.parametrize("text", ["It is.", "Is it?", "Run `make`"])
def test_sentences_that_end_stay(text: str) -> None:
    assert sentence(text) == text
