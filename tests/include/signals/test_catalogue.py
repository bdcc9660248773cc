"""One contract for all statistics of a column."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.signals.catalogue import P_VALUES, STATISTICS, binned_values, exact_values
from include.signals.edges import NumericEdges
from include.signals.numeric import NumericProfile
from include.signals.scipy_tests import TESTS
from include.signals.statistic import Statistic, as_column, profiles_of

NUMERIC = [one for one in STATISTICS if "numeric" in one.kinds]
CATEGORICAL = [one for one in STATISTICS if "categorical" in one.kinds]
NAMES = {
    "ks_statistic", "wasserstein", "wasserstein_standardised", "wasserstein_range_normalised", "mean_shift", "psi",
    "js_distance", "js_divergence", "hellinger", "linf", "tvd", "chi2_contingency_statistic", "cramers_v", "null_share",
    "infinite_share", "unseen_share",
}  # fmt: skip
OF_ALL_ROWS = ("null_share", "infinite_share")
BOUNDED = {"ks_statistic", "js_distance", "js_divergence", "hellinger", "linf", "tvd", "cramers_v", "null_share"}


def name(one: Statistic) -> str:
    return one.name


def test_names_are_the_known_ones() -> None:
    assert {one.name for one in STATISTICS} == NAMES
    assert set(P_VALUES) == {"ks_pvalue", "chi2_contingency_pvalue", "chi2_gof_pvalue"}


@pytest.mark.parametrize("one", NUMERIC, ids=name)
def test_equal_numbers_have_no_distance(one: Statistic) -> None:
    values = np.random.default_rng(0).normal(size=3_000)
    assert one.exact(values, values) == pytest.approx(0.0, abs=1e-12)
    assert one.measure(*profiles_of(as_column(values), as_column(values))).value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("one", CATEGORICAL, ids=name)
def test_equal_categories_have_no_distance(one: Statistic) -> None:
    values = ["a", "b", "b", "c"] * 10
    assert one.exact(values, values) == pytest.approx(0.0, abs=1e-12)


SHIFTED = {
    "texts": (["a"] * 60 + ["b"] * 40, ["a"] * 20 + ["b"] * 70 + ["z"] * 10),
    "numbers": (np.arange(2_000.0) % 997 / 7, np.arange(800.0) % 991 / 9 + 90),
}


@pytest.mark.parametrize("one", [s for s in STATISTICS if s.name not in OF_ALL_ROWS], ids=name)
def test_a_change_is_far_from_no_change(one: Statistic) -> None:
    for kind, sides in (("categorical", SHIFTED["texts"]), ("numeric", SHIFTED["numbers"])):
        if kind in one.kinds:
            for measured in (one.measure(*sides), one.measure(*profiles_of(*map(as_column, sides)))):
                assert measured.studentised() > 4
                assert measured.standard_error > 0
                assert measured.health == "pass"


@pytest.mark.parametrize("one", STATISTICS, ids=name)
@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([None], [1.0]), ([1.0], [None]), ([], [])])
def test_no_values_cannot_be_told(one: Statistic, sides: tuple[list[float], list[float]]) -> None:
    numbers = [np.array(side, dtype=float) for side in sides]
    texts = [np.array([None if x is None else "a" for x in side], dtype=object) for side in sides]
    for arrays in ([numbers] if "numeric" in one.kinds else []) + ([texts] if "categorical" in one.kinds else []):
        measured = one.measure(*arrays)
        if one.name in OF_ALL_ROWS and all(len(side) for side in sides):
            assert measured.health == "pass"
        else:
            assert math.isnan(measured.value)
            assert math.isnan(measured.studentised())
            assert measured.health == "cannot_tell"


@pytest.mark.parametrize("one", NUMERIC, ids=name)
def test_one_row_can_be_told(one: Statistic) -> None:
    measured = one.measure(np.arange(1_000.0), [500.0])
    assert math.isfinite(measured.value)
    assert math.isfinite(measured.studentised())


@pytest.mark.parametrize("one", NUMERIC, ids=name)
def test_constants_can_be_told(one: Statistic) -> None:
    same = one.measure(np.full(500, 3.0), np.full(100, 3.0))
    assert same.studentised() == 0.0
    other = one.measure(np.full(500, 3.0), np.full(100, 4.0))
    assert math.isfinite(other.value)
    if one.name not in OF_ALL_ROWS:
        assert other.studentised() > 5


@pytest.mark.parametrize("one", NUMERIC, ids=name)
def test_infinities_and_huge_values_do_not_fail(one: Statistic) -> None:
    wild = np.array([1e308, -1e308, np.inf, np.nan, 0.0] * 20)
    for measured in (one.measure(wild, wild[::-1]), one.measure(np.arange(100.0), wild)):
        assert measured.health in ("pass", "cannot_tell")
        assert math.isnan(measured.value) == (measured.health == "cannot_tell")


@given(st.lists(st.sampled_from("abcd"), min_size=1), st.lists(st.sampled_from("abxy"), min_size=1))
@settings(max_examples=40, deadline=None)
def test_binned_categories_are_exact(left: list[str], right: list[str]) -> None:
    exact = exact_values("categorical", left, right)
    binned = binned_values(*profiles_of(as_column(left), as_column(right)))
    assert binned == pytest.approx({one: exact[one] for one in exact if one not in TESTS}, abs=1e-9)
    assert set(binned) == NAMES - {n.name for n in STATISTICS if n.kinds == ("numeric",)} | {
        "chi2_contingency_pvalue",
        "chi2_gof_pvalue",
    }


@given(st.lists(st.integers(0, 8), min_size=1), st.lists(st.integers(0, 8), min_size=1))
@settings(max_examples=40, deadline=None)
def test_binned_is_exact_where_values_are_known(left: list[int], right: list[int]) -> None:
    known = NumericEdges("x", tuple(float(x) for x in range(9)), True)
    sides = [NumericProfile.of(np.array(side, dtype=float), known) for side in (left, right)]
    exact, binned = exact_values("numeric", left, right), binned_values(*sides)
    for one in (
        "ks_statistic",
        "wasserstein",
        "wasserstein_standardised",
        "mean_shift",
        "psi",
        "js_distance",
        "tvd",
        "linf",
    ):
        assert binned[one] == pytest.approx(exact[one], abs=1e-9), one


@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_t"])
def test_binned_is_close_to_exact(draw: str) -> None:
    random = np.random.default_rng(5)
    options = {"df": 3} if draw == "standard_t" else {}
    left, right = (
        getattr(random, draw)(size=50_000, **options),
        getattr(random, draw)(size=8_000, **options) * 1.2 + 0.1,
    )
    exact, binned = exact_values("numeric", left, right), binned_values(*profiles_of(as_column(left), as_column(right)))
    for one in NAMES - {"unseen_share"}:
        assert binned[one] == pytest.approx(exact[one], rel=0.06, abs=0.004), one


@pytest.mark.parametrize("one", [s for s in STATISTICS if s.name in BOUNDED], ids=name)
def test_distances_stay_between_zero_and_one(one: Statistic) -> None:
    apart = (["a"] * 9, ["b"] * 7) if "categorical" in one.kinds else ([1.0, 2.0], [8.0, 9.0])
    assert 0.0 <= one.exact(*apart) <= 1.0
    if one.name != "null_share":
        assert one.exact(*apart) == pytest.approx(1.0)


SMOOTH = [s for s in NUMERIC if s.name not in (*OF_ALL_ROWS, "linf")]  # at two nearly equal maxima linf has a kink


@pytest.mark.parametrize("one", SMOOTH, ids=name)
def test_standard_error_is_of_the_right_size(one: Statistic) -> None:
    random = np.random.default_rng(2)
    left = random.normal(size=20_000)
    before, _ = profiles_of(as_column(left), as_column(left))
    found = [one.measure(before, NumericProfile.of(random.normal(0.5, 1.3, 1_000), before.edges)) for _ in range(60)]
    assert np.mean([each.standard_error for each in found]) == pytest.approx(
        np.std([each.value for each in found]), rel=0.4
    )
