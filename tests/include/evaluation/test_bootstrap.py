from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.evaluation.bootstrap import (
    Influences,
    default_block,
    difference_interval,
    influences,
    partition_counts,
    partition_numbers,
    resampled,
)
from include.evaluation.metrics import metric


def made(rows, partitions, seed=0):
    random = np.random.default_rng(seed)
    partition = np.sort(random.integers(0, partitions, rows))
    signal = random.standard_normal(rows) + 0.3 * random.standard_normal(partitions)[partition]
    label = (random.random(rows) < 1 / (1 + np.exp(-signal))).astype(float)
    champion, candidate = (1 / (1 + np.exp(-signal + s * random.standard_normal(rows))) for s in (0.9, 0.7))
    return label, champion, candidate, partition


@given(st.integers(1, 40), st.integers(1, 50))
def test_draws_sum_to_the_partitions(partitions, block):
    counts = partition_counts(partitions, 5, min(block, partitions), seed=1)
    assert counts.shape == (5, partitions)
    assert (counts.sum(axis=1) == partitions).all()


def test_blocks_draw_neighbours_together():
    counts = partition_counts(100, 200, 10, seed=2)
    together = np.corrcoef(counts[:, 50], counts[:, 51])[0, 1]
    assert together > 0.8


def test_additive_metric_is_exact():
    label, champion, _, partition = made(3000, 12)
    found = influences(metric("log_loss"), label, champion, partition)
    draws = partition_counts(12, 4, 2, seed=0)
    ours = found.value + draws @ found.influence / (draws @ found.weight)
    rows = metric("log_loss").rows(label, champion)
    for row, value in zip(draws, ours, strict=True):
        chosen = np.concatenate([np.tile(rows[partition == p], int(times)) for p, times in enumerate(row)])
        assert value == pytest.approx(chosen.mean())


def test_auc_difference_agrees_with_exact_resampling():
    from sklearn.metrics import roc_auc_score

    label, champion, candidate, partition = made(6000, 20, seed=3)
    found = difference_interval(metric("auc"), label, champion, candidate, partition, resamples=200, block=2, seed=5)
    values = []
    for row in partition_counts(20, 200, 2, seed=5):
        rows = np.concatenate([np.tile(np.flatnonzero(partition == p), int(times)) for p, times in enumerate(row)])
        values.append(roc_auc_score(label[rows], candidate[rows]) - roc_auc_score(label[rows], champion[rows]))
    low, high = np.quantile(values, [0.025, 0.975])
    assert abs(found.low - low) < 0.05 * (high - low)
    assert abs(found.high - high) < 0.05 * (high - low)


def test_single_rows_give_the_interval_of_delong():
    label, champion, candidate, _ = made(4000, 10, seed=4)
    by_rows = difference_interval(metric("auc"), label, champion, candidate)
    each_its_own = difference_interval(
        metric("auc"), label, champion, candidate, np.arange(4000), block=1, resamples=500
    )
    assert each_its_own.standard_error == pytest.approx(by_rows.standard_error, rel=0.1)
    assert by_rows.low < by_rows.value < by_rows.high


def test_correlated_partitions_widen_the_interval():
    label, champion, candidate, partition = made(6000, 30, seed=6)
    nights = difference_interval(metric("brier"), label, champion, candidate * 0.5 + 0.02 * partition / 30, partition)
    rows = difference_interval(metric("brier"), label, champion, candidate * 0.5 + 0.02 * partition / 30)
    assert nights.high - nights.low > rows.high - rows.low


def test_same_seed_gives_the_same_interval():
    found = Influences(0.1, np.arange(10.0) - 4.5, np.full(10, 5.0))
    assert resampled(found, seed=3) == resampled(found, seed=3)
    assert resampled(found, seed=3) != resampled(found, seed=4)


def test_one_partition_has_no_interval():
    found = resampled(Influences(0.1, np.zeros(1), np.ones(1)))
    assert (found.low, found.high, found.resamples) == (-np.inf, np.inf, 0)


def test_usual_block_is_the_cube_root():
    assert [default_block(n) for n in (1, 2, 8, 27, 28)] == [1, 2, 2, 3, 4]


def test_partition_numbers_follow_their_sizes():
    assert partition_numbers(["a", "b", "c"], [2, 0, 1]).tolist() == [0, 0, 2]
