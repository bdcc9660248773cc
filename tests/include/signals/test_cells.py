from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.signals.cells import cells_of_arrays, cells_of_profiles, doane_edges, few_values
from include.signals.errors import SignalError
from include.signals.moments import Moments
from include.signals.statistic import as_column, profiles_of

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=40)


@pytest.mark.parametrize("n", [3, 10, 1_000])
@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_cauchy"])
def test_doane_agrees_with_numpy(draw: str, n: int) -> None:
    values = getattr(np.random.default_rng(n), draw)(size=n)
    found = doane_edges(Moments.of(values), values.min(), values.max())
    assert found == pytest.approx(np.histogram_bin_edges(values, "doane"))


def test_doane_of_few_or_equal_values_is_one_bin() -> None:
    assert doane_edges(Moments.of(np.array([2.0, 2.0])), 2.0, 2.0).tolist() == [1.5, 2.5]
    assert doane_edges(Moments.of(np.array([1.0, 2.0])), 1.0, 2.0).tolist() == [1.0, 2.0]


@given(TEXTS, TEXTS)
def test_categories_give_the_same_cells_either_way(left: list[str], right: list[str]) -> None:
    columns = as_column(left), as_column(right)
    arrays = cells_of_arrays(*columns, "doane")
    profiles = cells_of_profiles(*profiles_of(*columns), "doane")
    pairs = [sorted(zip(*pair, strict=True)) for pair in (arrays, profiles)]
    assert [pair for pair in pairs[0] if any(pair)] == [pair for pair in pairs[1] if any(pair)]


def test_few_whole_numbers_are_cells() -> None:
    left, right = cells_of_arrays(as_column([1, 4, 5]), as_column([1, 2, 3]), "deciles")
    assert (left.tolist(), right.tolist()) == ([1, 0, 0, 1, 1], [1, 1, 1, 0, 0])
    assert few_values(np.arange(50.0), 60)
    assert not few_values(np.arange(51.0), 600)
    assert not few_values(np.empty(0), 0)


def test_deciles_hold_a_tenth_each() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    columns = as_column(values), as_column(values + 10)
    for left, right in (cells_of_arrays(*columns, "deciles"), cells_of_profiles(*profiles_of(*columns), "deciles")):
        assert left.tolist() == [500] * 10
        assert right.tolist() == [0] * 9 + [5_000]


def test_interpolated_cells_are_close() -> None:
    random = np.random.default_rng(3)
    columns = as_column(random.normal(size=20_000)), as_column(random.normal(0.3, 1.2, size=5_000))
    exact, binned = (
        cells_of_arrays(*columns, "doane"),
        cells_of_profiles(*profiles_of(*columns), "doane"),
    )
    for side, rows in ((0, 20_000), (1, 5_000)):
        assert binned[side].sum() == rows
        assert np.abs(exact[side] - binned[side]).max() / rows < 0.012


def test_given_edges_have_a_cell_for_the_rest() -> None:
    left, right = cells_of_arrays(as_column([0.0, 1.0]), as_column([0.5, 7.0]), np.array([0.0, 0.5, 1.0]))
    assert (left.tolist(), right.tolist()) == ([1, 1, 0], [0, 1, 1])


def test_numbers_and_texts_do_not_compare() -> None:
    numbers, _ = profiles_of(as_column([1.0]), as_column([1.0]))
    texts, _ = profiles_of(as_column(["a"]), as_column(["a"]))
    with pytest.raises(SignalError, match="a categorical profile"):
        cells_of_profiles(numbers, texts, "doane")


def test_unseen_of_incomplete_edges_stay_together() -> None:
    from include.signals.categorical import CategoricalProfile
    from include.signals.edges import CategoricalEdges

    edges = CategoricalEdges("c", ("a",), False)
    before, after = (CategoricalProfile.of(pa.array(texts), edges) for texts in (["a", "x"], ["a", "y", "z"]))
    left, right = cells_of_profiles(before, after, "doane")
    assert (left.tolist(), right.tolist()) == ([1, 1], [1, 2])
