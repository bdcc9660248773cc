from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.signals.edges import NumericEdges
from include.signals.errors import SignalError
from include.signals.moments import Moments
from include.signals.numeric import NumericCounter, NumericProfile

EDGES = NumericEdges("x", (0.0, 1.0, 2.5, 4.0), False)
VALUES = arrays.arrays(
    np.float64, st.integers(0, 30), elements=st.sampled_from([-3.0, 0.0, 0.5, 1.0, 2.5, 3.0, 4.0, 9.0, np.nan, np.inf])
)


def numbers(profile: NumericProfile) -> dict[str, float]:
    return {name: -1.0 if value is None else value for name, value in profile.to_row().items() if name != "counts"}


def test_every_value_is_counted_once() -> None:
    values = np.array([-np.inf, -3.0, -1.0, 0.0, 0.5, 1.0, 1.5, 4.0, 9.0, np.inf, np.inf, np.nan])
    profile = NumericProfile.of(values, EDGES, nulls=2)
    assert profile.rows == 14
    assert profile.nulls == 3
    assert profile.non_finite == 3
    assert (profile.below, profile.counts.tolist(), profile.above) == (2, [1, 2, 1, 1], 1)
    assert (profile.below_excess, profile.above_excess) == (4.0, 5.0)
    assert (profile.minimum, profile.maximum) == (-3.0, 9.0)
    assert profile.n == 8
    assert profile.distribution.tolist() == [2 / 8, 3 / 8, 5 / 8, 6 / 8, 7 / 8]


@given(VALUES)
def test_counts_agree_with_a_loop(values: np.ndarray) -> None:
    profile = NumericProfile.of(values, EDGES)
    finite = values[np.isfinite(values)]
    lower = [-np.inf, *EDGES.bounds[:-1]]
    inside = finite[finite >= 0.0]
    expected = [int(np.sum((inside > low) & (inside <= high))) for low, high in zip(lower, EDGES.bounds, strict=True)]
    assert profile.counts.tolist() == expected
    assert profile.below + sum(expected) + profile.above == len(finite)
    assert profile.rows == profile.nulls + profile.non_finite + profile.n


@given(VALUES, VALUES, VALUES)
def test_merge_is_associative(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    x, y, z = (NumericProfile.of(side, EDGES) for side in (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    assert left.counts.tolist() == right.counts.tolist()
    assert numbers(left) == pytest.approx(numbers(right), rel=1e-9, abs=1e-6)


@given(VALUES, VALUES)
def test_merge_equals_profile_of_all(a: np.ndarray, b: np.ndarray) -> None:
    merged = NumericProfile.of(a, EDGES).merge(NumericProfile.of(b, EDGES))
    whole = NumericProfile.of(np.concatenate([a, b]), EDGES)
    assert numbers(merged) == pytest.approx(numbers(whole), rel=1e-9, abs=1e-6)
    assert merged.counts.tolist() == whole.counts.tolist()


@given(VALUES)
def test_empty_profile_changes_nothing(values: np.ndarray) -> None:
    profile = NumericProfile.of(values, EDGES)
    assert profile.merge(NumericProfile(EDGES)) == profile == NumericProfile(EDGES).merge(profile)


@given(VALUES)
def test_row_gives_the_same_profile(values: np.ndarray) -> None:
    profile = NumericProfile.of(values, EDGES)
    again = NumericProfile.from_row(profile.to_row(), EDGES)
    assert again == profile
    assert hash(again) == hash(profile)


def test_reference_without_values_counts_all_above() -> None:
    profile = NumericProfile.of(np.array([1.0, 2.0, np.nan]), NumericEdges("x", (), True))
    assert (profile.above, profile.below, profile.nulls, profile.above_excess) == (2, 0, 1, 0.0)


def test_wrong_number_of_counts_is_refused() -> None:
    with pytest.raises(SignalError, match=r"column x: 1 counts\. Expected 4, one for each bin"):
        NumericProfile(EDGES, counts=np.array([1]))


def test_text_is_refused() -> None:
    with pytest.raises(SignalError, match=r"column x: type string\. Expected numbers, like in the reference"):
        NumericCounter(EDGES).add(pa.array(["a"]))


def test_counter_adds_batches_of_any_width() -> None:
    counter = NumericCounter(EDGES)
    for column in (pa.array([1, None], pa.int8()), pa.array([2.0], pa.float32()), pa.nulls(3)):
        counter.add(column)
    assert counter.profile.rows == 6
    assert counter.profile.nulls == 4
    assert counter.profile.moments == Moments(2, 1.5, 0.5, 0.0, 0.125)


def test_huge_values_overflow_quietly() -> None:
    profile = NumericProfile.of(np.array([-1e308, 1e308, 1e308]), EDGES)
    assert (profile.below, profile.above) == (1, 2)
    assert profile.above_excess == np.inf
