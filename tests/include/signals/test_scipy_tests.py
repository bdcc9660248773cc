"""scipy's tests by other tools' names: what they give, and what has no answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from include.signals.catalogue import exact_values
from include.signals.scipy_tests import MOST_ROWS, TESTS

NUMERIC = [name for name, (kinds, _) in TESTS.items() if kinds == ("numeric",)]
CATEGORICAL = [name for name, (kinds, _) in TESTS.items() if kinds == ("categorical",)]


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize(("left", "right"), [([], [1.0, 2.0]), ([None, None], [1.0]), ([math.nan], [math.inf, 1.0])])
def test_sides_without_values_cannot_be_told(name, left, right):
    assert math.isnan(TESTS[name][1](np.array(left, float), np.array(right, float)))


@pytest.mark.parametrize("name", NUMERIC)
def test_constants_never_raise(name):
    found = TESTS[name][1](np.ones(10), np.ones(12))
    assert math.isnan(found) or 0.0 <= found <= 1.0


@pytest.mark.parametrize("name", [name for name in NUMERIC if name.endswith("pvalue")])
def test_p_values_fall_when_the_law_changes(name):
    rng = np.random.default_rng(1)
    calm, other, moved = rng.normal(size=200), rng.normal(size=200), rng.normal(1.5, 2.0, size=200)
    assert TESTS[name][1](calm, other) > 0.01 >= TESTS[name][1](calm, moved)


@pytest.mark.parametrize("name", CATEGORICAL)
def test_p_values_of_shares_fall_when_they_change(name):
    same, other = ["a"] * 50 + ["b"] * 50, ["a"] * 80 + ["b"] * 20
    assert TESTS[name][1](same, same) == pytest.approx(1.0)
    assert TESTS[name][1](same, other) < 0.001


@pytest.mark.parametrize("name", CATEGORICAL)
def test_one_category_cannot_be_told(name):
    assert math.isnan(TESTS[name][1](["a", None], ["a", "a"]))


def test_unseen_category_refutes_the_shares():
    assert TESTS["g_test_pvalue"][1](["a", "b"], ["a", "c"]) == 0.0
    assert math.isnan(TESTS["fisher_exact_pvalue"][1](["a", "b"], ["a", "c"]))


def test_many_rows_are_left_untold():
    many = np.arange(MOST_ROWS + 1.0)
    found = exact_values("numeric", many[:50], many)
    assert math.isnan(found["t_test_pvalue"])
    assert not math.isnan(found["ks_statistic"])


def test_nulls_do_not_make_many_rows():
    gappy = np.r_[np.arange(50.0), np.full(MOST_ROWS, np.nan)]
    assert exact_values("numeric", gappy, gappy)["t_test_pvalue"] == 1.0
