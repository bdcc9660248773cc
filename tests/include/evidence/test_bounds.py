"""Bounds rise with autocorrelation and fall with the share of the rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from include.evidence.bounds import (
    COEFFICIENTS,
    doob_log_bound,
    left_coefficient,
    left_coefficients,
    log_bound,
    log_bounds,
)


def test_doob_bound_is_the_reciprocal_rate():
    assert doob_log_bound(0.05 / 365 / 30) == pytest.approx(math.log(365 * 30 / 0.05))


def test_simulated_bound_is_below_doob_for_independent_nights():
    rate = 0.002 / 365
    assert log_bound(rate, 0.0) < doob_log_bound(rate) - 0.5


@pytest.mark.parametrize(("coefficient", "expected"), [(0.0, 9.56), (0.3, 15.5), (0.5, 24.0), (0.8, 64.0)])
def test_one_percent_of_years_reaches_the_table(coefficient, expected):
    assert log_bound(0.01 / 365, coefficient) == pytest.approx(expected)


def test_bound_rises_with_the_coefficient():
    found = log_bounds(1e-6, np.linspace(0, 0.95, 50))
    assert (np.diff(found) > 0).all()


def test_smaller_share_needs_more_evidence():
    assert log_bound(1e-7, 0.3) > log_bound(1e-6, 0.3)


def test_wandering_stream_never_alarms():
    assert log_bound(1e-3, COEFFICIENTS[-1] + 0.01) == math.inf


def test_no_forecast_leaves_everything():
    assert left_coefficient(0.0, 0.4) == pytest.approx(0.4)


def test_exact_forecast_leaves_nothing():
    assert left_coefficient(0.6, 0.6) == 0.0


def test_weak_forecast_leaves_a_part():
    assert left_coefficient(0.3, 0.46) == pytest.approx(0.24, abs=0.01)


def test_left_coefficients_are_those_of_each_pair():
    pairs = np.array([[0.0, 0.2], [0.3, 0.46], [0.72, 0.84]])
    expected = [left_coefficient(*pair) for pair in pairs]
    assert left_coefficients(pairs[:, 0], pairs[:, 1]) == pytest.approx(expected)
