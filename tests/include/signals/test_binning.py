from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.signals.binning import bounds_of, edges_from
from include.signals.edges import CategoricalEdges, NumericEdges
from include.signals.errors import SignalError
from include.signals.numeric import NumericProfile


def numeric(values: object, **options: object) -> NumericEdges:
    edges = edges_from([pa.record_batch({"x": values})], **options).subjects["x"]
    assert isinstance(edges, NumericEdges)
    return edges


def categorical(values: object, **options: object) -> CategoricalEdges:
    edges = edges_from([pa.record_batch({"x": values})], **options).subjects["x"]
    assert isinstance(edges, CategoricalEdges)
    return edges


def test_bounds_are_reference_quantiles() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    edges = numeric(values)
    assert edges.bounds[0] == values.min()
    assert edges.bounds[-1] == values.max()
    assert not edges.discrete
    shares = NumericProfile.of(values, edges).counts / 20_000
    assert shares.max() <= 0.0051
    assert shares[-1] < 0.0002  # a tail's last bin is thin


def test_few_values_get_a_bin_each() -> None:
    edges = numeric([3, 1, 1, None, 2])
    assert edges.bounds == (1.0, 2.0, 3.0)
    assert edges.discrete


def test_an_atom_gets_a_bin_of_its_own() -> None:
    random = np.random.default_rng(0)
    values = np.where(random.random(10_000) < 0.3, 0.5, random.random(10_000))
    edges = numeric(values)
    profile = NumericProfile.of(values, edges)
    at = edges.bounds.index(0.5)
    assert profile.counts[at] == np.sum(values == 0.5)


@pytest.mark.parametrize("values", [[None, None], [np.nan, np.inf], []])
def test_nothing_finite_gives_no_bounds(values: list[float | None]) -> None:
    assert numeric(pa.array(values, pa.float64())).bounds == ()


def test_extremes_are_exact_beyond_the_sample() -> None:
    values = np.append(np.zeros(5000), [1e6, -1e6])
    edges = numeric(values, sample_rows=10)
    assert edges.bounds == (-1e6, 0.0, 1e6)


def test_overflowing_sums_do_not_hide_extremes() -> None:
    assert numeric([1e308, 1e308, -1.0]).bounds == (-1.0, 1e308)


def test_negative_zero_is_zero() -> None:
    assert numeric([-0.0, 1.0]).to_json() == numeric([0.0, 1.0]).to_json()


def test_categories_are_sorted_and_complete() -> None:
    assert categorical(["b", "a", None, "b"]) == CategoricalEdges("x", ("a", "b"), True)
    assert categorical([True, None, False]) == CategoricalEdges("x", ("false", "true"), True)
    assert categorical([10, 9, 10], categorical=["x"]) == CategoricalEdges("x", ("10", "9"), True)


def test_too_many_categories_keep_the_frequent() -> None:
    values = [f"rare {i}" for i in range(5000)] + ["often"] * 50 + ["seldom"] * 20
    assert categorical(values, most_categories=2) == CategoricalEdges("x", ("often", "seldom"), False)


def test_a_million_categories_stay_bounded() -> None:
    ids = np.arange(1_000_000).astype(str)
    batches = [pa.record_batch({"x": ids[start : start + 100_000]}) for start in range(0, 1_000_000, 100_000)]
    edges = edges_from(batches).subjects["x"]
    assert isinstance(edges, CategoricalEdges)
    assert len(edges.categories) <= 256
    assert not edges.complete


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_batches_and_threads_do_not_matter(threads: int) -> None:
    random = np.random.default_rng(1)
    table = pa.table({"x": random.normal(size=3000), "c": random.integers(0, 9, 3000).astype(str)})
    whole = edges_from(table.to_batches(), sample_rows=500)
    assert edges_from(table.to_batches(max_chunksize=71), sample_rows=500, threads=threads) == whole


@pytest.mark.parametrize("batches", [[], [pa.record_batch({"x": pa.array([[1]])})]])
def test_nothing_to_compare_is_an_error(batches: list[pa.RecordBatch]) -> None:
    with pytest.raises(SignalError, match="reference: it has no column that can be compared"):
        edges_from(batches)


def test_bounds_of_nothing_are_none() -> None:
    bounds, discrete = bounds_of(np.empty(0))
    assert bounds.size == 0
    assert discrete
