from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from include.signals.chi2 import CHI2_CONTINGENCY, contingency_pvalue, gof_pvalue, law_of_contingency


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scipy(seed: int) -> None:
    reference, current = np.random.default_rng(seed).integers(1, 40, (2, 6))
    sides = [np.repeat([f"c{i}" for i in range(6)], counts) for counts in (reference, current)]
    found = scipy.stats.chi2_contingency([reference, current], correction=False)
    assert CHI2_CONTINGENCY.exact(*sides) == pytest.approx(found.statistic)
    assert contingency_pvalue(*sides) == pytest.approx(found.pvalue)
    scaled = reference / reference.sum() * current.sum()
    assert gof_pvalue(*sides) == pytest.approx(scipy.stats.chisquare(current, scaled).pvalue)


@pytest.mark.parametrize(("n", "reference_rows"), [(8, 20), (40, 40), (500, 5_000)])
def test_moments_are_exact_for_small_tables(n: int, reference_rows: int) -> None:
    random = np.random.default_rng(n)
    pooled = random.multinomial(n + reference_rows, [0.6, 0.2, 0.1, 0.07, 0.03])
    draws = random.multivariate_hypergeometric(pooled, n, size=20_000)
    values = np.array([CHI2_CONTINGENCY.from_counts(pooled - draw, draw) for draw in draws[:4_000]])
    law = law_of_contingency(pooled - draws[0], draws[0])
    assert law.expected == pytest.approx(values.mean(), rel=0.06)
    assert law.spread == pytest.approx(values.std(), rel=0.08)


def test_one_cell_has_no_distance() -> None:
    assert CHI2_CONTINGENCY.exact(["a", "a"], ["a"]) == 0.0
    assert contingency_pvalue(["a", "a"], ["a"]) == 1.0
    assert gof_pvalue(["a", "a"], ["a"]) == 1.0
    assert law_of_contingency(np.array([2]), np.array([2])).expected == 0.0


def test_no_values_cannot_be_told() -> None:
    assert math.isnan(CHI2_CONTINGENCY.from_counts([0, 0], [1, 1]))
    assert math.isnan(contingency_pvalue([], ["a"]))
    assert math.isnan(gof_pvalue(["a"], []))
