from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from include.signals.binning import edges_from
from include.signals.ks import KS, pvalue, unresolved
from include.signals.profile import profile
from include.signals.statistic import as_column, profiles_of

VALUES = st.lists(st.floats(-10, 10).map(lambda x: round(x, 1)), min_size=1, max_size=60)


@given(VALUES, VALUES)
def test_agrees_with_scipy(left: list[float], right: list[float]) -> None:
    steps = [scipy.stats.ecdf(side).cdf.evaluate(np.array(left + right)) for side in (left, right)]
    assert KS.exact(left, right) == pytest.approx(np.abs(steps[0] - steps[1]).max())


@given(VALUES, VALUES)
def test_binned_is_low_by_at_most_the_unresolved(left: list[float], right: list[float]) -> None:
    before, after = profiles_of(as_column(left), as_column(right))
    exact, binned = KS.exact(left, right), KS.binned(before, after)
    assert binned <= exact + 1e-12
    assert exact <= binned + unresolved(before, after) + 1e-12


def test_binned_loses_little_on_many_rows() -> None:
    random = np.random.default_rng(0)
    left, right = random.normal(size=50_000), random.normal(0.1, 1.1, 20_000)
    before, after = profiles_of(as_column(left), as_column(right))
    assert unresolved(before, after) < 0.01
    assert KS.binned(before, after) == pytest.approx(KS.exact(left, right), abs=0.004)


def test_rows_outside_the_reference_count() -> None:
    before, after = profiles_of(as_column([0.0, 1.0]), as_column([-5.0, -4.0, 9.0, 1.0]))
    assert KS.binned(before, after) == 0.5


def test_pvalue_is_small_after_a_change() -> None:
    random = np.random.default_rng(1)
    left, right = random.normal(size=2_000), random.normal(0.3, 1.0, 2_000)
    assert pvalue(left, right) < 1e-9
    assert pvalue(*profiles_of(as_column(left), as_column(right))) < 1e-9
    assert 0.01 < pvalue(left[:1_000], left[1_000:]) < 0.99
    assert math.isnan(pvalue([], [1.0]))


def test_single_rows_have_a_pvalue() -> None:
    assert pvalue([0.0], [1.0]) == 1.0


def test_texts_have_no_distribution_function() -> None:
    with pytest.raises(TypeError, match="numeric profiles"):
        KS.binned(*profiles_of(as_column(["a"]), as_column(["a"])))


def test_columns_without_values_on_both_sides_have_no_pvalue() -> None:
    batch = pa.RecordBatch.from_pydict({"x": pa.array([None, None], pa.float64())})
    empty = profile([batch], edges_from([batch])).subjects["x"]
    assert math.isnan(pvalue(empty, empty))
