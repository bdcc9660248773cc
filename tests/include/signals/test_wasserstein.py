from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from include.signals.moments import Moments
from include.signals.statistic import as_column, profiles_of
from include.signals.wasserstein import (
    WASSERSTEIN,
    WASSERSTEIN_RANGE_NORMALISED,
    WASSERSTEIN_STANDARDISED,
    area,
    deviation_of,
    unresolved,
)

VALUES = st.lists(st.floats(-100, 100), min_size=1, max_size=60)


@given(VALUES, VALUES)
def test_binned_is_wrong_by_at_most_the_unresolved(left: list[float], right: list[float]) -> None:
    before, after = profiles_of(as_column(left), as_column(right))
    exact, binned = WASSERSTEIN.exact(left, right), WASSERSTEIN.binned(before, after)
    assert exact == pytest.approx(scipy.stats.wasserstein_distance(left, right))
    assert abs(exact - binned) <= unresolved(before, after) + 1e-6


@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0, 50.0])
@pytest.mark.parametrize("draw", ["normal", "standard_t", "lognormal"])
def test_binned_is_within_a_hundredth_of_a_deviation(draw: str, shift: float) -> None:
    random = np.random.default_rng(7)
    options = {"df": 3} if draw == "standard_t" else {}
    left, right = (getattr(random, draw)(size=n, **options) for n in (100_000, 20_000))
    before, after = profiles_of(as_column(left), as_column(right + shift))
    exact = WASSERSTEIN_STANDARDISED.exact(left, right + shift)
    assert WASSERSTEIN_STANDARDISED.binned(before, after) == pytest.approx(exact, abs=0.01)


def test_rows_outside_the_range_count_exactly() -> None:
    before, after = profiles_of(as_column([0.0, 1.0, 2.0]), as_column([10.0, -3.0, 100.0]))
    assert WASSERSTEIN.binned(before, after) == pytest.approx(WASSERSTEIN.exact([0.0, 1.0, 2.0], [10.0, -3.0, 100.0]))


def test_units_scale_the_same_distance() -> None:
    left, right = [0.0, 2.0], [4.0, 6.0]
    assert WASSERSTEIN.exact(left, right) == 4.0
    assert WASSERSTEIN_STANDARDISED.exact(left, right) == 4.0
    assert WASSERSTEIN_RANGE_NORMALISED.exact(left, right) == pytest.approx(4 / 6)
    before, after = profiles_of(as_column(left), as_column(right))
    raw, standardised = WASSERSTEIN.measure(before, after), WASSERSTEIN_RANGE_NORMALISED.measure(before, after)
    assert raw.studentised() == pytest.approx(standardised.studentised())


def test_mean_and_scale_do_not_change_the_standardised() -> None:
    random = np.random.default_rng(0)
    left, right = random.normal(size=500), random.normal(0.2, 1.0, 300)
    plain = WASSERSTEIN_STANDARDISED.measure(left, right)
    moved = WASSERSTEIN_STANDARDISED.measure(left * 1e6 + 5e8, right * 1e6 + 5e8)
    assert moved.value == pytest.approx(plain.value, rel=1e-6)
    assert moved.studentised() == pytest.approx(plain.studentised(), rel=1e-5)


def test_crossing_lines_leave_two_triangles() -> None:
    assert area(np.array([2.0, 1.0]), np.array([0.5, -0.5, -0.5]), discrete=False) == 1.0
    assert area(np.array([2.0, 1.0]), np.array([0.5, -0.5, -0.5]), discrete=True) == 1.5


def test_unit_of_a_constant_is_its_size() -> None:
    assert deviation_of(Moments(3, -4.0)) == 4.0
    assert deviation_of(Moments(3, 0.0)) == 1.0
    assert math.isnan(deviation_of(Moments(3, 0.0, math.inf)))


def test_no_values_have_no_bound() -> None:
    assert math.isnan(unresolved(*profiles_of(as_column([1.0]), as_column([None]))))


def test_texts_have_no_distance() -> None:
    with pytest.raises(TypeError, match="numeric profiles"):
        WASSERSTEIN.binned(*profiles_of(as_column(["a"]), as_column(["a"])))
