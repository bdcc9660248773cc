from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

from include.signals.binning import bounds_of
from include.signals.categorical import CategoricalProfile
from include.signals.edges import CategoricalEdges, NumericEdges
from include.signals.jensen_shannon import JS_DIVERGENCE
from include.signals.law import BLOCK_NUMBERS, Law, Resampler, effective_rows, in_blocks, law_of
from include.signals.mean_shift import MEAN_SHIFT
from include.signals.null_share import NULL_SHARE
from include.signals.numeric import NumericProfile
from include.signals.unseen_share import UNSEEN_SHARE
from include.signals.wasserstein import WASSERSTEIN_STANDARDISED

Draw = Callable[[np.random.Generator, int], np.ndarray]


def nulled(values: np.ndarray, random: np.random.Generator, share: float) -> np.ndarray:
    return np.where(random.random(len(values)) < share, np.nan, values)


LAWS: dict[str, Draw] = {
    "normal": lambda random, n: random.normal(3, 2, n),
    "heavy tails": lambda random, n: random.standard_t(3, n),
    "skewed": lambda random, n: random.lognormal(0, 1, n),
    "counts": lambda random, n: random.poisson(3, n).astype(float),
    "one in a thousand": lambda random, n: (random.random(n) < 0.001).astype(float),
    "mostly zero": lambda random, n: np.where(random.random(n) < 0.9, 0.0, random.exponential(2, n)),
    "mostly null": lambda random, n: nulled(random.normal(size=n), random, 0.98),
    "hardly null": lambda random, n: nulled(random.normal(size=n), random, 0.0005),
}
SIGNALS = (WASSERSTEIN_STANDARDISED, MEAN_SHIFT, NULL_SHARE)


def reference_of(values: np.ndarray) -> NumericProfile:
    finite = values[np.isfinite(values)]
    bounds, discrete = bounds_of(finite[:60_000])
    bounds = np.unique([finite.min(), *bounds, finite.max()])
    return NumericProfile.of(values, NumericEdges("x", tuple(bounds.tolist()), discrete))


def studentised(draw: Draw, n: int, lives: int, *, reference_rows: int, references: int) -> dict[str, np.ndarray]:
    """Return the studentised values of partitions of n rows when nothing changed, by signal."""
    random = np.random.default_rng(n)
    befores = [reference_of(draw(random, reference_rows)) for _ in range(references)]
    found: dict[str, list[float]] = {one.name: [] for one in SIGNALS}
    for life in range(lives):
        before = befores[life % references]
        current = NumericProfile.of(draw(random, n), before.edges)
        for one in SIGNALS:
            measured = one.measure(before, current)
            if measured.health == "pass":
                found[one.name].append(measured.studentised(random.random()))
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("n", [100, 1_000, 10_000])
@pytest.mark.parametrize("law", LAWS)
def test_studentised_is_standard_at_any_rows(law: str, n: int) -> None:
    for name, values in studentised(LAWS[law], n, 150, reference_rows=100_000, references=5).items():
        assert abs(values.mean()) < 0.4, name
        assert 0.7 < values.std() < 1.4, name


@pytest.mark.parametrize("law", ["heavy tails", "counts", "mostly null"])
def test_studentised_is_standard_at_many_rows(law: str) -> None:
    found = studentised(LAWS[law], 100_000, 40, reference_rows=100_000, references=40)
    for name, values in found.items():
        assert abs(values.mean()) < 0.5, name
        assert 0.65 < values.std() < 1.45, name


@pytest.mark.parametrize("law", ["normal", "counts", "one in a thousand", "mostly zero"])
def test_a_tenth_of_the_rows_ranks_alike(law: str) -> None:
    many, few = (studentised(LAWS[law], n, 300, reference_rows=100_000, references=2) for n in (3_000, 300))
    for name in many:
        strange = [np.abs(side[name] - np.median(many[name])) for side in (many, few)]
        beyond = np.mean(strange[1] > np.quantile(strange[0], 0.99))  # 1 % if nothing changed; one per cent is 3 of 300
        assert beyond < 0.06, name


@pytest.mark.parametrize("categories", [2, 40, 250])
@pytest.mark.parametrize("n", [30, 1_000, 30_000])
def test_studentised_shares_are_standard(categories: int, n: int) -> None:
    random = np.random.default_rng(categories)
    shares = 1 / np.arange(1, categories + 1)
    shares /= shares.sum()
    edges = CategoricalEdges("c", tuple(f"{i:03d}" for i in range(categories)), True)
    found: dict[str, list[float]] = {"js_divergence": [], "unseen_share": []}
    for life in range(200):
        if life % 40 == 0:
            before = CategoricalProfile(edges, 200_000, counts=random.multinomial(200_000, shares))
        current = CategoricalProfile(edges, n, counts=random.multinomial(n, shares))
        for one in (JS_DIVERGENCE, UNSEEN_SHARE):
            found[one.name].append(one.measure(before, current).studentised(random.random()))
    for name, values in found.items():
        assert abs(np.mean(values)) < 0.35, name
        assert 0.7 < np.std(values) < 1.3, name


def test_law_of_a_share_is_binomial() -> None:
    resampler = Resampler(np.array([300, 700]))
    for rows in (10, 100, 1_000, 10**7):
        law = resampler.law("share", lambda q: q[:, 0], rows, rate=0.0)
        assert law.expected == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / rows / 512))
    law = resampler.law("distance", lambda q: np.abs(q[:, 0] - 0.3), 10**8, rate=0.5)
    assert law.spread == pytest.approx(np.sqrt(0.21 * (1 - 2 / np.pi) / 10**8), rel=0.1)


@pytest.mark.parametrize("rows", [6_000, 100_000, 10**9])
def test_gaussian_limit_agrees_with_kolmogorov(rows: int) -> None:
    resampler = Resampler(np.full(2_000, 50))
    truth = np.arange(1, 2_001) / 2_000
    law = resampler.law("ks", lambda q: np.abs(np.cumsum(q, axis=1) - truth).max(axis=1), rows, rate=0.5, smooth=True)
    exact = scipy.stats.kstwobign
    assert law.expected * np.sqrt(rows) == pytest.approx(exact.mean(), rel=0.04)
    assert law.spread * np.sqrt(rows) == pytest.approx(exact.std(), rel=0.1)


def test_between_nodes_it_is_interpolated() -> None:
    resampler = Resampler(np.array([500, 500]))
    laws = [resampler.law("d", lambda q: np.abs(q[:, 0] - 0.5), rows, rate=0.5) for rows in (64, 90, 128)]
    assert laws[0].expected > laws[1].expected > laws[2].expected
    assert laws[0].spread > laws[1].spread > laws[2].spread


def test_a_law_is_drawn_once() -> None:
    calls = []
    resampler = Resampler(np.array([5, 5]))

    def formula(shares: np.ndarray) -> np.ndarray:
        calls.append(len(shares))
        return shares[:, 0]

    for _ in range(3):
        resampler.law("f", formula, 16, rate=0.5)
    assert calls == [512]
    assert resampler.law("f", formula, 16, 0.5) == Resampler(np.array([5, 5])).law("f", lambda q: q[:, 0], 16, 0.5)


def test_one_cell_leaves_a_small_spread() -> None:
    law = Resampler(np.array([1_000])).law("d", lambda q: np.abs(q[:, 0] - 1), 100, rate=0.5)
    assert law.expected == 0.0
    assert 0 < law.spread < 0.005


def test_lattice_is_the_typical_step() -> None:
    assert law_of(np.array([0.0] * 9 + [1.0])).lattice == 1.0
    assert law_of(np.zeros(5)) == Law(0.0, 0.0, 0.0)
    continuous = law_of(np.random.default_rng(0).normal(size=512))
    assert continuous.lattice < 0.05 * continuous.spread
    assert continuous.jittered_spread == pytest.approx(continuous.spread, rel=1e-3)


def test_effective_rows_are_at_most_the_smaller() -> None:
    assert effective_rows(1, 1) == 1.0
    assert effective_rows(300, 600) == 200.0


def test_a_formula_in_blocks_gives_what_it_gives_at_once():
    shares = np.random.default_rng(0).dirichlet(np.ones(211), size=100)
    assert in_blocks(lambda q: q.max(axis=-1), shares).tolist() == shares.max(axis=-1).tolist()
    wide = np.random.default_rng(0).dirichlet(np.ones(BLOCK_NUMBERS + 1), size=2)
    assert in_blocks(lambda q: q.max(axis=-1), wide).tolist() == wide.max(axis=-1).tolist()
