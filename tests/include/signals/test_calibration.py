"""Scores become probabilities by isotonic regression, each class against the rest."""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import IsotonicRegression

from include.signals.calibration import fit_calibration


def test_calibration_is_isotonic_regression():
    random = np.random.default_rng(0)
    score = random.random(500)
    label = (random.random(500) < score**2).astype(float)
    wanted = IsotonicRegression(out_of_bounds="clip").fit(score, label).predict(np.linspace(0, 1, 50))
    np.testing.assert_allclose(fit_calibration(label, score).apply(np.linspace(0, 1, 50)), wanted, atol=1e-12)


def test_classes_are_calibrated_apart_and_sum_to_one():
    random = np.random.default_rng(1)
    score = random.dirichlet([1, 1, 1], 500)
    label = np.array([random.choice(3, p=row) for row in score], float)
    found = fit_calibration(label, score).apply(score)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert np.abs(found - score).mean() < 0.1
