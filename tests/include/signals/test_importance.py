from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.signals.importance import effective_rows, encoded, shift_weights


def table(z, text):
    return pa.table({"z": z, "text": text})


def test_weights_follow_the_density_ratio():
    random = np.random.default_rng(0)
    old, new = random.standard_normal(6000), random.standard_normal(6000) + 0.7
    weight = shift_weights(table(old, ["a"] * 6000), table(new, ["a"] * 6000), np.zeros(6000), np.zeros(6000), seed=1)
    truth = np.exp(0.7 * old - 0.7**2 / 2)
    assert weight.mean() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(np.log(weight), np.log(truth))[0, 1] > 0.93
    assert (weight * old).mean() == pytest.approx(0.7, abs=0.12)


def test_equal_sides_keep_the_reference_whole():
    random = np.random.default_rng(1)
    both = [table(random.standard_normal(4000), random.choice(["a", "b"], 4000)) for _ in range(2)]
    weight = shift_weights(*both, random.random(4000), random.random(4000), seed=1)
    assert effective_rows(weight) > 3200


def test_score_alone_can_show_the_shift():
    random = np.random.default_rng(2)
    same = table(np.zeros(2000), ["a"] * 2000)
    weight = shift_weights(same, same, random.random(2000), random.random(2000) ** 3, seed=1)
    assert effective_rows(weight) < 1800


def test_rows_that_the_reference_never_showed_leave_it_worthless():
    random = np.random.default_rng(3)
    old, new = table(random.standard_normal(2000), ["a"] * 2000), table(np.full(500, 40.0), ["b"] * 500)
    weight = shift_weights(old, new, np.zeros(2000), np.ones(500), seed=1)
    assert weight.mean() < 0.2
    assert effective_rows(weight) < 300


def test_effective_rows_of_equal_weights_are_all():
    assert effective_rows(np.ones(7)) == pytest.approx(7.0)
    assert effective_rows(np.empty(0)) == 0.0


def test_rare_and_missing_categories_are_missing():
    matrix, types = encoded(table([1.0, None], ["a", None]), table([-4.0, 2.0], ["b", "a"]))
    assert types == ["q", "c"]
    np.testing.assert_allclose(matrix[:, 0], [1.0, np.nan, -4.0, 2.0])
    np.testing.assert_allclose(matrix[:, 1], [0.0, np.nan, 1.0, 0.0])
