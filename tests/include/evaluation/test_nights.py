from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.metrics import MetricError, metric
from include.evaluation.nights import NightScores, paired_nights


def night(name="n", label=(0.0, 1.0), champion=(0.5, 0.5), candidate=(0.2, 0.8), **more):
    arrays = {key: np.array(value, float) for key, value in more.items()}
    return NightScores(name, np.array(label, float), np.array(champion, float), np.array(candidate, float), **arrays)


def test_gain_is_positive_for_the_better_candidate():
    found = paired_nights([night(), night("m", candidate=(0.8, 0.2))], metric("brier"))
    assert found.gain == pytest.approx([0.25 - 0.04, 0.25 - 0.64])
    assert found.partitions == ("n", "m")


def test_higher_metrics_keep_the_same_sign():
    found = paired_nights([night(champion=(0.9, 0.1), candidate=(0.1, 0.9))], metric("auc"))
    assert found.gain == pytest.approx([1.0])


def test_nights_that_cannot_be_told_do_not_count():
    nights = [night("none", label=(np.nan, np.nan)), night("one", label=(1.0, 1.0)), night("fine")]
    found = paired_nights(nights, metric("auc"))
    assert found.partitions == ("fine",)
    assert found.skipped == (("none", "no row has a label"), ("one", "only one class among the labels"))


def test_both_are_measured_on_rows_that_both_scored():
    found = paired_nights(
        [night(label=(0, 1, 1), champion=(0.5, 0.5, np.nan), candidate=(0.2, 0.8, 0.1))], metric("brier")
    )
    assert found.rows.tolist() == [2]
    assert found.gain == pytest.approx([0.21])


def test_weights_count_within_the_night():
    found = paired_nights([night(weight=(3.0, 1.0), candidate=(0.5, 1.0))], metric("brier"))
    assert found.gain == pytest.approx([0.25 - 0.75 * 0.25])


def test_missing_anchor_is_named():
    found = paired_nights([night()], metric("brier"), "anchor")
    assert found.skipped == (("n", "no scores of the anchor"),)


def test_unfinished_block_waits():
    found = paired_nights([night(str(i)) for i in range(7)], metric("brier"))
    assert found.blocks(3) == pytest.approx([0.21, 0.21])


def test_no_nights_give_empty_arrays():
    found = paired_nights([], metric("brier"))
    assert (found.gain.shape, found.blocks(2).shape) == ((0,), (0,))


def test_unequal_lengths_are_refused():
    with pytest.raises(MetricError, match="night n: candidate has 3 rows, label 2"):
        night(candidate=(0.1, 0.2, 0.3))


def test_only_keeps_all_columns_aligned():
    kept = night(weight=(1.0, 2.0), anchor=(0.3, 0.4)).only(np.array([False, True]))
    assert (kept.label.tolist(), kept.weight.tolist(), kept.anchor.tolist()) == ([1.0], [2.0], [0.4])
