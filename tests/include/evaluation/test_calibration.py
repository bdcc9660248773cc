from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.calibration import calibration_error


def test_error_is_the_mean_gap_of_bins():
    label = np.array([0.0, 0.0, 1.0, 1.0])
    score = np.array([0.1, 0.1, 0.6, 0.6])
    assert calibration_error(label, score, bins=2)[0] == pytest.approx((0.1 + 0.4) / 2)


def test_calibrated_scores_err_only_by_sampling():
    random = np.random.default_rng(0)
    score = random.random(20_000)
    label = (random.random(20_000) < score).astype(float)
    expected = np.sqrt(2 / np.pi) * np.sqrt(10 / 20_000) * np.sqrt(score * (1 - score)).mean()
    assert calibration_error(label, score)[0] == pytest.approx(expected, rel=0.5)


def test_several_classes_use_the_confidence():
    score = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]])
    assert calibration_error(np.array([0.0, 1.0]), score)[0] == pytest.approx(0.3)


def test_equal_scores_stay_in_one_bin():
    label = np.array([1.0] * 5 + [0.0] * 5)
    assert calibration_error(label, np.full(10, 0.5))[0] == pytest.approx(0.0)
