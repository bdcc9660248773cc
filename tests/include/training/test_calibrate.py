from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from include.registry.manifest import Calibration
from include.training.calibrate import MAX_POINTS, calibrated, isotonic

SCORES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1), st.integers(1, 4)), min_size=2, max_size=80)


@settings(max_examples=60, deadline=None)
@given(rows=SCORES)
def test_table_agrees_with_scikit_learn(rows):
    raw, label, weight = (np.array(column, float) for column in zip(*rows, strict=True))
    found = calibrated(raw, [isotonic(raw, label, weight, share=False)])
    expected = IsotonicRegression().fit(raw, label, weight).predict(raw)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@settings(deadline=None)
@given(rows=SCORES)
def test_table_never_falls(rows):
    raw, label, _ = (np.array(column, float) for column in zip(*rows, strict=True))
    table = isotonic(raw, label)
    assert list(table.calibrated) == sorted(table.calibrated)
    assert len(set(table.raw)) == len(table.raw)


def test_shares_stay_away_from_certainty():
    table = isotonic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert table.calibrated == (0.1, 0.1, 0.9, 0.9)


def test_constant_score_becomes_the_mean():
    assert isotonic(np.full(4, 0.3), np.array([0.0, 1.0, 1.0, 1.0])).calibrated == (0.75,)


def test_scores_beyond_the_table_take_its_ends():
    table = Calibration(raw=(0.2, 0.8), calibrated=(0.1, 0.9))
    np.testing.assert_allclose(calibrated(np.array([0.0, 0.5, 1.0]), [table]), [0.1, 0.5, 0.9])


def test_long_tables_are_thinned():
    raw = np.arange(5000.0)
    table = isotonic(raw, raw, share=False)
    assert len(table.raw) == MAX_POINTS
    assert (table.raw[0], table.raw[-1]) == (0.0, 4999.0)


def test_class_scores_sum_to_one():
    tables = [Calibration(raw=(0.0, 1.0), calibrated=(0.2, 0.4)), Calibration(raw=(0.0, 1.0), calibrated=(0.0, 0.8))]
    found = calibrated(np.array([[0.5, 0.5], [1.0, 0.0]]), tables)
    np.testing.assert_allclose(found, [[3 / 7, 4 / 7], [1.0, 0.0]])


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_without_table_scores_come_back(shape):
    score = np.ones(shape)
    assert calibrated(score, []) is score
