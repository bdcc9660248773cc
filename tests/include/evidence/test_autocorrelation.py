"""Persistence is fitted once on the reference and errs on the cautious side."""

from __future__ import annotations

import numpy as np
import pytest

from include.evidence.autocorrelation import fit_forecast, lag_one, persistence, residuals, spread_of


def ar1(coefficient: float, nights: int, series: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(nights, series))
    for night in range(1, nights):
        values[night] = coefficient * values[night - 1] + np.sqrt(1 - coefficient**2) * values[night]
    return values


@pytest.mark.parametrize("coefficient", [0.0, 0.3, 0.5, 0.8])
def test_upper_limit_is_rarely_below_the_truth(coefficient):
    upper = persistence(ar1(coefficient, 200, 500))
    assert (upper >= coefficient).mean() > 0.78


@pytest.mark.parametrize("coefficient", [0.0, 0.5])
@pytest.mark.parametrize("shift", [3.0, 20.0])
def test_a_change_is_no_wandering(coefficient, shift):
    values = ar1(coefficient, 100, 400)
    calm = persistence(values)
    values[60:] += shift
    assert np.median(persistence(values)) == pytest.approx(np.median(calm), abs=0.1)
    assert (persistence(values) >= coefficient).mean() > 0.72


def test_a_ramp_is_wandering():
    values = np.random.default_rng(1).normal(size=(200, 50)) + 10.0 * np.linspace(0.0, 1.0, 200)[:, np.newaxis]
    assert (persistence(values) > 0.6).all()


def test_coefficient_is_near_the_truth():
    assert lag_one(ar1(0.5, 400, 200)).mean() == pytest.approx(0.5, abs=0.03)


def test_heavy_tails_do_not_matter():
    values = ar1(0.5, 300, 1)
    assert persistence(np.sinh(3 * values)) == persistence(values)
    assert lag_one(np.sinh(3 * values)) == lag_one(values)


def test_swinging_nights_wander_less_than_their_first_lag():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(300, 50))
    for night in range(2, 300):
        values[night] += 1.0 * values[night - 1] - 0.4 * values[night - 2]
    assert lag_one(values).mean() > 0.65
    assert (np.arctanh(persistence(values)) < np.arctanh(lag_one(values)) + 0.2).all()


@pytest.mark.parametrize("nights", [4, 5, 40])
def test_constant_series_has_no_persistence(nights):
    values = np.full((nights, 1), 3.0)
    assert (lag_one(values)[0], persistence(values)[0]) == (0.0, 0.0)


def test_mostly_tied_series_is_told():
    values = np.zeros((40, 1))
    values[7] = 1.0
    assert 0.0 <= persistence(values)[0] < 1.0


def test_too_few_nights_are_refused():
    with pytest.raises(ValueError, match="at least four nights, got 3"):
        fit_forecast(np.arange(3.0))
    with pytest.raises(ValueError, match="at least four nights, got 3"):
        persistence(np.zeros((3, 1)))


def test_forecast_keeps_the_median():
    assert fit_forecast(np.array([1.0, 5.0, 2.0, 9.0, 4.0])).median == 4.0


def test_residuals_are_what_the_forecast_leaves():
    assert residuals(np.array([10.0, 14.0, 12.0]), 0.5, 10.0).tolist() == [4.0, 0.0]


def test_spread_ignores_one_wild_night():
    values = np.concatenate([np.random.default_rng(1).normal(size=200), [1e6]])
    assert spread_of(values) == pytest.approx(1.0, abs=0.15)
