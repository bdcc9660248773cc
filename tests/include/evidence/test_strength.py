"""A column that gives the label away is told from one that helps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from include.evidence.strength import label_strength

LABELS = np.tile([0.0, 1.0], 50)


def test_copy_of_the_label_has_full_strength():
    assert label_strength(LABELS * 3 - 1, LABELS, numeric=True) == 1.0


def test_reversed_label_has_full_strength_too():
    assert label_strength(-LABELS, LABELS, numeric=True) == 1.0


def test_noise_has_hardly_any():
    assert label_strength(np.random.default_rng(1).normal(size=100), LABELS, numeric=True) < 0.25


def test_known_area_under_the_curve():
    """Positives 3, 4 against negatives 1, 2, 4 (ten times each): AUC 0.75 with the tie counted half."""
    values = np.repeat([1.0, 2.0, 4.0, 3.0, 4.0], 10)
    labels = np.repeat([0.0, 0.0, 0.0, 1.0, 1.0], 10)
    assert label_strength(values, labels, numeric=True) == pytest.approx(2 * 0.75 - 1)


def test_regression_label_uses_ranks():
    values = np.linspace(1, 9, 100)
    assert label_strength(values, np.exp(values), numeric=True) == pytest.approx(1.0)


def test_category_tells_by_its_mean_label():
    assert label_strength(np.tile([0, 1], 50), LABELS, numeric=False) == 1.0


@pytest.mark.parametrize(
    ("values", "labels", "numeric"),
    [
        (np.arange(10.0), np.tile([0.0, 1.0], 5), True),
        (np.arange(100.0), np.zeros(100), True),
        (np.arange(100.0), np.full(100, np.nan), True),
        (np.arange(100), LABELS, False),
        (np.arange(100) % 30, LABELS, False),
        (np.arange(21.0), np.repeat([0.0, 1.0], [16, 5]), True),
    ],
)
def test_what_cannot_be_told_is_not_a_number(values, labels, numeric):
    assert math.isnan(label_strength(values, labels, numeric))
