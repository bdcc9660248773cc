"""P-values are drawn once, from the pool as it is that night."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from include.evidence.conformal import (
    calendar_labels,
    distance_from_median,
    p_value,
    tie_breaker,
    upper_p_values,
    without_calendar,
)


def test_p_value_counts_larger_scores_and_splits_ties():
    assert p_value(np.array([1.0, 2.0, 3.0, 2.0]), 0.5) == (1 + 0.5 * 2) / 4


def test_strangest_night_gets_the_smallest_p_value():
    assert p_value(np.array([0.0, 1.0, 9.0]), 0.3) == pytest.approx(0.1)


def test_one_night_alone_gets_its_tie_breaker():
    assert p_value(np.array([7.0]), 0.25) == 0.25


@pytest.mark.parametrize("scores", [[], [1.0, float("nan")], [float("inf")]])
def test_p_value_refuses_what_it_cannot_rank(scores):
    with pytest.raises(ValueError, match="only finite ones"):
        p_value(np.array(scores), 0.5)


def test_tie_breaker_is_fixed_and_differs_between_streams():
    one = tie_breaker("m", "a", "2013-03-01")
    assert one == 0.9916628303913999
    assert one != tie_breaker("m", "b", "2013-03-01")
    assert 0.0 < one < 1.0


def test_tie_breakers_look_uniform():
    drawn = [tie_breaker("m", str(i), "2013-03-01") for i in range(2000)]
    assert kstest(drawn, "uniform").pvalue > 0.01


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=12), st.floats(0.01, 0.99))
def test_p_value_ignores_the_order_of_earlier_nights(values, tie):
    scores = np.array(values, dtype=float)
    shuffled = np.concatenate([scores[:-1][::-1], scores[-1:]])
    assert p_value(scores, tie) == p_value(shuffled, tie)


@pytest.mark.parametrize("law", ["normal", "heavy", "ties"])
def test_p_values_are_uniform_and_independent(law):
    rng = np.random.default_rng(3)
    values = {
        "normal": rng.normal(size=(40, 4000)),
        "heavy": rng.standard_cauchy(size=(40, 4000)),
        "ties": rng.integers(0, 3, size=(40, 4000)).astype(float),
    }[law]
    drawn = upper_p_values(values, 20, rng.random((20, 4000)))
    assert kstest(drawn.ravel(), "uniform").pvalue > 0.001
    assert abs(np.corrcoef(drawn[10], drawn[11])[0, 1]) < 0.06


def test_many_streams_agree_with_one_at_a_time():
    rng = np.random.default_rng(0)
    values, ties = rng.integers(0, 9, size=(60, 3)) + 0.01 * rng.normal(size=(60, 1)), rng.random((40, 3))
    labels = [night % 7 for night in range(60)]
    plain, cleaned = upper_p_values(values, 20, ties), upper_p_values(values, 20, ties, labels)
    for night in range(20, 60):
        for stream in range(3):
            seen = values[: night + 1, stream]
            assert plain[night - 20, stream] == p_value(seen, ties[night - 20, stream])
            score = without_calendar(seen, labels[: night + 1])
            assert cleaned[night - 20, stream] == pytest.approx(p_value(score, ties[night - 20, stream]))


def test_weekday_effect_is_removed():
    rng = np.random.default_rng(1)
    effect = np.tile([0, 0, 0, 0, 0, 8.0, 9.0], 12)
    cleaned = without_calendar(effect + rng.normal(size=84), list(np.arange(84) % 7))
    assert abs(cleaned[5::7].mean() - cleaned[0::7].mean()) < 0.5


def test_stream_without_weekday_effect_is_left_alone():
    values = np.random.default_rng(2).normal(size=70)
    moved = np.abs(without_calendar(values, list(np.arange(70) % 7)) - values)
    assert moved.max() < 0.25


def test_short_history_keeps_its_calendar():
    values = np.arange(7.0)
    assert without_calendar(values, list(range(7))).tolist() == values.tolist()


def test_distance_from_median_is_blind_to_direction():
    assert distance_from_median(np.array([-4.0, 0.0, 4.0])).tolist() == [4.0, 0.0, 4.0]


def test_weeks_and_months_have_no_calendar_label():
    assert calendar_labels(["2013-03-04", "2013-03-11"], 52.2) == ["", ""]
    assert calendar_labels(["2013-03-01"], float("nan")) == [""]
