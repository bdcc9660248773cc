from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.evaluation.looks import log_bar
from include.evaluation.sequence import belief, interval, log_evidence, night_sums, nights_needed, running_sums

NIGHTS = st.lists(st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 3)), min_size=3, max_size=30)


def noise(phi, lives, nights, seed):
    random = np.random.default_rng(seed)
    shocks = random.standard_normal((lives, nights))
    values = np.empty_like(shocks)
    values[:, 0] = shocks[:, 0]
    for night in range(1, nights):
        values[:, night] = phi * values[:, night - 1] + np.sqrt(1 - phi**2) * shocks[:, night]
    return values


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.5, 0.7])
def test_evidence_rarely_reaches_the_planned_bar(phi):
    evidence = log_evidence(running_sums(noise(phi, 1500, 28, seed=int(10 * phi))))
    crossed = (evidence[:, 13:] >= log_bar(0.05, first=14, further=14)).any(axis=1)
    assert crossed.mean() <= 0.065


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_evidence_at_every_look_stays_below_ville(phi):
    evidence = log_evidence(running_sums(noise(phi, 1500, 60, seed=7)))
    assert (evidence >= np.log(20)).any(axis=1).mean() <= 0.04


def test_true_effect_is_found():
    evidence = log_evidence(running_sums(noise(0.3, 500, 28, seed=3) + 1.0))
    assert (evidence[:, 13:] >= log_bar(0.05, 14, 14)).any(axis=1).mean() >= 0.6


@settings(max_examples=60)
@given(values=NIGHTS, scale=st.floats(0.01, 100))
def test_evidence_does_not_depend_on_the_unit(values, scale):
    nights = np.array(values)
    once, scaled = (float(log_evidence(night_sums(each))) for each in (nights, nights * scale))
    assert scaled == pytest.approx(once, abs=1e-6)


@settings(max_examples=60)
@given(values=NIGHTS, shift=st.floats(0.01, 5))
def test_evidence_rises_with_the_series(values, shift):
    nights = np.array(values)
    assert log_evidence(night_sums(nights + shift)) >= log_evidence(night_sums(nights)) - 1e-9


def test_running_evidence_equals_that_of_each_prefix():
    nights = noise(0.3, 1, 12, seed=5)
    running = log_evidence(running_sums(nights))[0]
    prefixes = [float(log_evidence(night_sums(nights[0, : n + 1]))) for n in range(12)]
    assert running == pytest.approx(prefixes)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [0.0] * 6, [2.0] * 6])
def test_too_little_or_constant_gives_no_evidence(values):
    assert float(log_evidence(night_sums(np.array(values)))) == 0.0


def test_interval_is_symmetric_under_mirroring():
    nights = noise(0.0, 1, 20, seed=6)[0] + 0.7
    there, back = interval(nights, np.log(20)), interval(-nights, np.log(20))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_interval_narrows_with_nights():
    nights = noise(0.0, 1, 60, seed=8)[0]
    widths = [interval(nights[:n], np.log(20)).high - interval(nights[:n], np.log(20)).low for n in (14, 28, 60)]
    assert widths[0] > widths[1] > widths[2] > 0


def test_ends_are_where_the_evidence_crosses():
    nights = noise(0.3, 1, 20, seed=9)[0]
    found = interval(nights, np.log(20))
    assert float(log_evidence(night_sums(nights).about(found.low))) == pytest.approx(np.log(20), abs=1e-6)
    assert float(log_evidence(night_sums(nights).about(found.high).mirrored())) == pytest.approx(np.log(20), abs=1e-6)


def test_two_nights_say_nothing():
    assert interval(np.array([1.0, 2.0]), np.log(20)).low == -np.inf


def test_constant_series_is_its_own_interval():
    found = interval(np.full(5, 0.3), np.log(20))
    assert (found.low, found.high) == (0.3, 0.3)


def test_belief_shrinks_little_data_to_no_gain():
    few, many = (float(belief(np.tile([0.0, 2.0], n)).mean) for n in (2, 30))
    assert 0 < few < many < 1.0


def test_belief_agrees_with_a_large_sample():
    nights = noise(0.0, 1, 400, seed=10)[0] + 0.5
    found = belief(nights)
    assert float(found.mean) == pytest.approx(nights.mean(), abs=0.02)
    assert float(found.chance_below(0.0)) < 1e-6
    assert float(found.autocorrelation) < 0.15


def test_belief_sees_autocorrelation():
    assert float(belief(noise(0.6, 1, 400, seed=11)[0]).autocorrelation) == pytest.approx(0.6, abs=0.1)


def test_needed_nights_follow_from_the_effect():
    nights = np.array([1.0, -0.5, 1.4, 0.2, -0.3, 1.2, 0.9, -0.1])
    wanted = nights_needed(nights, 0.0, np.log(20))
    assert wanted is not None
    assert 3 <= wanted <= 60
    assert nights_needed(nights + 0.5, 0.0, np.log(20)) < wanted


def test_no_number_of_nights_proves_what_is_not_there():
    assert nights_needed(np.array([-1.0, 0.5, -0.4, 0.3]), 0.0, np.log(20)) is None
    assert nights_needed(np.array([1.0, 2.0]), 0.0, np.log(20)) is None
