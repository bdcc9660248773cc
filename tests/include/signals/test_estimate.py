from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.evaluation.metrics import metric
from include.signals.calibration import fit_calibration
from include.signals.errors import SignalError
from include.signals.estimate import PerformanceEstimator, expected

METRICS = [metric(name) for name in ("auc", "accuracy", "log_loss", "brier", "f1")]


def rows(count, seed, *, shift=0.0):
    """Return features, label and a score that is wrong in a way that depends on the segment."""
    random = np.random.default_rng(seed)
    z = random.standard_normal(count)
    segment = random.random(count) < 1 / (1 + np.exp(-shift))
    chance = 1 / (1 + np.exp(-np.where(segment, 2.0 * z, 0.3 * z)))
    label = (random.random(count) < chance).astype(float)
    score = 1 / (1 + np.exp(-z))
    return pa.table({"z": z, "segment": np.where(segment, "a", "b")}), label, score


def test_expectation_of_a_mean_is_exact():
    score, chance = np.array([0.9, 0.2, 0.6]), np.array([0.8, 0.3, 0.5])
    found = expected(metric("log_loss"), score, chance).value
    assert found == pytest.approx(-(chance * np.log(score) + (1 - chance) * np.log(1 - score)).mean())


def test_expected_ratio_is_the_ratio_of_expectations():
    score, chance = np.array([0.9, 0.8, 0.2]), np.array([0.7, 0.5, 0.1])
    assert expected(metric("precision"), score, chance).value == pytest.approx(1.2 / 2)
    assert expected(metric("recall"), score, chance).value == pytest.approx(1.2 / 1.3)


def test_certain_probabilities_give_the_realised_metric():
    _, label, score = rows(300, 2)
    for each in METRICS:
        assert expected(each, score, label).value == pytest.approx(each.measure(label, score).value)


def test_several_classes_are_expected_too():
    random = np.random.default_rng(3)
    score = random.dirichlet([1, 1, 1], 20_000)
    label = np.array([random.choice(3, p=row) for row in score[:4000]], float)
    found = expected(metric("accuracy"), score, score).value
    assert found == pytest.approx(metric("accuracy").measure(label, score[:4000]).value, abs=0.03)


def test_intervals_hold_the_realised_metric():
    _, label, score = rows(20_000, 4)
    estimator = PerformanceEstimator(label, score)
    held = []
    for seed in range(40):
        _, truth, own = rows(800, 100 + seed)
        for each, found in zip(METRICS, estimator.estimate(METRICS, own), strict=True):
            held.append(found.low <= each.measure(truth, own).value <= found.high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_weights_correct_a_covariate_shift():
    features, label, score = rows(10_000, 5)
    moved, truth, own = rows(4000, 6, shift=2.0)
    realised = metric("accuracy").measure(truth, own).value
    plain = PerformanceEstimator(label, score).estimate([metric("accuracy")], own)[0]
    weighted = PerformanceEstimator(label, score, features).estimate([metric("accuracy")], own, moved)[0]
    assert abs(plain.value - realised) > 0.04
    assert abs(weighted.value - realised) < 0.02
    assert weighted.low <= realised <= weighted.high
    assert weighted.effective_rows < plain.effective_rows == 10_000


def test_isotonic_optimism_is_subtracted():
    """On pure noise an isotonic table makes scores look better than chance; the estimate does not."""
    random = np.random.default_rng(20)
    label, score = random.integers(0, 2, 2000).astype(float), random.random(2000)
    found = PerformanceEstimator(label, score).estimate([metric("auc")], score)[0]
    assert found.value == pytest.approx(metric("auc").measure(label, score).value)
    assert expected(metric("auc"), score, fit_calibration(label, score).apply(score)).value > found.value + 0.005


def test_weighted_rows_count_so_often():
    score, chance = np.array([0.9, 0.2]), np.array([0.8, 0.3])
    again = expected(metric("accuracy"), score[[0, 0, 0, 1]], chance[[0, 0, 0, 1]]).value
    assert expected(metric("accuracy"), score, chance, np.array([3.0, 1.0])).value == pytest.approx(again)


def test_rows_far_from_the_reference_cannot_be_told():
    features, label, score = rows(600, 7)
    far = pa.table({"z": np.full(500, 50.0), "segment": ["c"] * 500})
    found = PerformanceEstimator(label, score, features).estimate([metric("auc")], np.full(500, 0.99), far)[0]
    assert found.health == "cannot_tell"
    assert found.reason.startswith("the reference shows only")


def test_few_rows_cannot_be_told():
    _, label, score = rows(600, 8)
    found = PerformanceEstimator(label, score).estimate([metric("auc")], score[:10])[0]
    assert (found.value, found.health, found.reason) == (None, "cannot_tell", "10 of at least 30 scored rows")


def test_undefined_metric_cannot_be_told():
    _, label, score = rows(600, 9)
    found = PerformanceEstimator(label, score).estimate([metric("precision")], np.full(50, 0.1))[0]
    assert (found.health, found.reason) == ("cannot_tell", "it is not defined on these rows")


def test_rows_without_score_are_left_out():
    _, label, score = rows(600, 10)
    found = PerformanceEstimator(label, score).estimate([metric("auc")], np.r_[score, np.nan])[0]
    assert found.rows == 600


@pytest.mark.parametrize(
    ("label", "score", "text"),
    [
        (np.zeros(10), np.full(10, 0.5), "10 labelled rows"),
        (np.ones(100), np.full(100, 0.5), "one class among the labels"),
        (np.r_[np.zeros(50), np.ones(50)], np.arange(100.0), "scores outside"),
    ],
)
def test_useless_reference_is_refused(label, score, text):
    with pytest.raises(SignalError, match=text):
        PerformanceEstimator(label, score)


def test_same_seed_gives_the_same_estimate():
    features, label, score = rows(2000, 11)
    moved, _, own = rows(500, 12, shift=1.0)
    twice = [PerformanceEstimator(label, score, features, seed=3).estimate(METRICS, own, moved) for _ in range(2)]
    assert twice[0] == twice[1]


def test_estimates_become_plain_json():
    _, label, score = rows(600, 13)
    found = PerformanceEstimator(label, score).estimate([metric("auc")], score)[0].as_json()
    assert (found["level"], found["rows"], found["health"]) == (0.95, 600, "pass")
