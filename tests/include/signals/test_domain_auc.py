from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.signals.domain_auc import auc_of, domain_auc
from include.signals.errors import SignalError


def rows(random: np.random.Generator, n: int, correlation: float = 0.0) -> pa.Table:
    x, noise = random.normal(size=n), random.normal(size=n)
    return pa.table(
        {
            "x": x,
            "y": correlation * x + np.sqrt(1 - correlation**2) * noise,
            "c": pa.array(np.array(["a", "b", "c"])[random.integers(0, 3, n)]).dictionary_encode(),
            "n": pa.nulls(n),
        }
    )


def test_studentised_is_standard() -> None:
    random = np.random.default_rng(0)
    found = [domain_auc(rows(random, 400), rows(random, 200), seed=seed) for seed in range(40)]
    values = [each.studentised() for each in found]
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.015)
    assert abs(np.mean(values)) < 0.5
    assert 0.6 < np.std(values) < 1.4


def test_sees_what_no_column_shows() -> None:
    random = np.random.default_rng(1)
    found = domain_auc(rows(random, 2_000), rows(random, 2_000, correlation=0.9), seed=0)
    assert found.value > 0.65
    assert found.studentised() > 10


def test_seed_decides_and_threads_do_not() -> None:
    random = np.random.default_rng(2)
    before, after = rows(random, 300), rows(random, 300)
    one = domain_auc(before, after, seed=3)
    assert domain_auc(before, after, seed=3, threads=2) == one
    assert domain_auc(before, after, seed=4) != one


def test_few_rows_cannot_be_told() -> None:
    random = np.random.default_rng(3)
    assert domain_auc(rows(random, 500), rows(random, 29), seed=0).health == "cannot_tell"
    assert domain_auc(rows(random, 0), rows(random, 500), seed=0).health == "cannot_tell"


def test_missing_column_is_an_error() -> None:
    random = np.random.default_rng(4)
    with pytest.raises(SignalError, match="column y: it is missing"):
        domain_auc(rows(random, 50), rows(random, 50).drop_columns("y"), seed=0)


def test_equal_scores_have_half_and_a_spread() -> None:
    value, spread, error = auc_of(np.zeros(10), np.zeros(20))
    assert (value, error) == (0.5, 0.0)
    assert spread == pytest.approx(np.sqrt(31 / 2400))
