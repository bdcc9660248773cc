from __future__ import annotations

import math

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from include.signals.moments import Moments

VALUES = arrays.arrays(np.float64, st.integers(0, 40), elements=st.floats(-1e3, 1e3))


def close(left: Moments, right: Moments) -> bool:
    return left.count == right.count and all(
        math.isclose(getattr(left, name), getattr(right, name), rel_tol=1e-6, abs_tol=tolerance)
        for name, tolerance in (("mean", 1e-9), ("m2", 1e-5), ("m3", 1e-1), ("m4", 1e2))
    )


@given(VALUES, VALUES, VALUES)
def test_merge_is_associative(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    x, y, z = Moments.of(a), Moments.of(b), Moments.of(c)
    assert close(x.merge(y).merge(z), x.merge(y.merge(z)))


@given(VALUES, VALUES)
def test_merge_is_commutative(a: np.ndarray, b: np.ndarray) -> None:
    assert close(Moments.of(a).merge(Moments.of(b)), Moments.of(b).merge(Moments.of(a)))


@given(VALUES, VALUES)
def test_merged_equals_moments_of_all(a: np.ndarray, b: np.ndarray) -> None:
    assert close(Moments.of(a).merge(Moments.of(b)), Moments.of(np.concatenate([a, b])))


def test_large_offset_keeps_digits() -> None:
    values = 1e9 + np.arange(1000.0)
    parts = [Moments.of(values[start : start + 100]) for start in range(0, 1000, 100)]
    merged = Moments()
    for part in parts:
        merged = merged.merge(part)
    assert merged.variance == pytest.approx(83333.25, rel=1e-12)


def test_shape_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=500)
    moments = Moments.of(values)
    assert moments.standard_deviation == pytest.approx(values.std())
    assert moments.skewness == pytest.approx(scipy.stats.skew(values))
    assert moments.kurtosis == pytest.approx(scipy.stats.kurtosis(values, fisher=False))


def test_nothing_and_constants_have_no_shape() -> None:
    assert math.isnan(Moments().variance)
    assert math.isnan(Moments.of(np.ones(3)).skewness)
    assert math.isnan(Moments.of(np.ones(3)).kurtosis)


def test_overflow_is_not_an_error() -> None:
    huge = Moments.of(np.array([-1e200, 1e200])).merge(Moments.of(np.array([1e200])))
    assert huge.count == 3
    assert not math.isfinite(huge.m4)


def test_underflow_is_not_an_error() -> None:
    tiny = Moments.of(np.array([1e-130, 2e-130, 5e-130]))
    assert tiny.standard_deviation == pytest.approx(np.std([1.0, 2.0, 5.0]) * 1e-130)
    assert math.isnan(tiny.skewness)
    assert math.isnan(tiny.kurtosis)
