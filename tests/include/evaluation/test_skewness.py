"""Rare bad nights are taken from the evidence before they come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.evaluation.looks import log_bar
from include.evaluation.sequence import log_evidence, night_sums, running_sums
from include.evaluation.skewness import running_moments

NIGHTS = st.lists(st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 3)), min_size=3, max_size=30)


def shortfall(*values):
    return float(running_moments(np.array([values])).shortfall[0, -1, 0])


def test_moments_are_those_of_each_prefix():
    nights = np.array([[1.0, 4.0, -2.0, 0.5]])
    found = running_moments(nights)
    for n in (1, 2, 3, 4):
        head = nights[0, :n]
        away = head - head.mean()
        told = [float(each[0, n - 1, 0]) for each in (found.mean, found.variance, found.third)]
        assert told == pytest.approx([head.mean(), (away**2).mean(), (away**3).mean()])


@pytest.mark.parametrize("values", [(1.0, 2.0, 3.0), (1.0, 1.0, 5.0), (2.0, 2.0, 2.0), (1.0, -4.0)])
def test_nothing_is_taken_without_bad_nights(values):
    assert shortfall(*values) == pytest.approx(0, abs=1e-12)


def test_a_bad_night_among_good_ones_is_taken_for_the_first_of_its_kind():
    assert shortfall(1.0, 1.2, 0.8, 1.1, 0.2) == pytest.approx(0.389, abs=1e-3)


@settings(max_examples=60)
@given(values=NIGHTS, shift=st.floats(0.01, 5))
def test_what_is_left_rises_with_the_series(values, shift):
    nights = np.array(values)
    assert (nights + shift).mean() - shortfall(*(nights + shift)) >= nights.mean() - shortfall(*nights) - 1e-9


@settings(max_examples=60)
@given(values=NIGHTS)
def test_evidence_of_a_symmetric_series_is_untouched(values):
    nights = np.array([*values, *(-x for x in values)])
    plain = night_sums(nights).about(0.0)
    assert float(plain.moments.shortfall[0]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("phi", [0.0, 0.3])
def test_heavily_skewed_nights_keep_the_promise(phi):
    random = np.random.default_rng(int(10 * phi))
    shocks = -(np.exp(0.8 * random.standard_normal((1500, 28))) - np.exp(0.32)) / 1.308
    values = np.empty_like(shocks)
    values[:, 0] = shocks[:, 0]
    for night in range(1, 28):
        values[:, night] = phi * values[:, night - 1] + np.sqrt(1 - phi**2) * shocks[:, night]
    crossed = (log_evidence(running_sums(values))[:, 13:] >= log_bar(0.05, 14, 14)).any(axis=1)
    assert crossed.mean() <= 0.05
