from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from include.evaluation.metrics import MetricError, default_metric, metric, metric_names, standard_error

LABEL = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
SCORE = np.array([0.1, 0.6, 0.35, 0.8, 0.8, 0.2])
WEIGHT = np.array([1.0, 2.0, 1.0, 3.0, 0.5, 1.0])
DECISION = (SCORE >= 0.5).astype(float)
NUMBER = np.array([1.0, 2.0, 4.0, 8.0])
GUESS = np.array([1.5, 1.0, 5.0, 6.0])

PEERS = {
    "log_loss": lambda w: peer.log_loss(LABEL, SCORE, sample_weight=w),
    "brier": lambda w: peer.brier_score_loss(LABEL, SCORE, sample_weight=w),
    "auc": lambda w: peer.roc_auc_score(LABEL, SCORE, sample_weight=w),
    "average_precision": lambda w: peer.average_precision_score(LABEL, SCORE, sample_weight=w),
    "accuracy": lambda w: peer.accuracy_score(LABEL, DECISION, sample_weight=w),
    "f1": lambda w: peer.f1_score(LABEL, DECISION, sample_weight=w),
    "precision": lambda w: peer.precision_score(LABEL, DECISION, sample_weight=w),
    "recall": lambda w: peer.recall_score(LABEL, DECISION, sample_weight=w),
    "specificity": lambda w: peer.recall_score(1 - LABEL, 1 - DECISION, sample_weight=w),
}
NUMBER_PEERS = {
    "mse": peer.mean_squared_error,
    "rmse": peer.root_mean_squared_error,
    "mae": peer.mean_absolute_error,
    "mape": peer.mean_absolute_percentage_error,
    "msle": peer.mean_squared_log_error,
    "rmsle": peer.root_mean_squared_log_error,
    "quantile_loss": peer.mean_pinball_loss,
}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_classification_agrees_with_scikit_learn(name, weight):
    found = metric(name).measure(LABEL, SCORE, weight)
    assert found.value == pytest.approx(PEERS[name](weight), abs=1e-12)
    assert (found.health, found.rows) == ("pass", 6)


@pytest.mark.parametrize("name", NUMBER_PEERS)
def test_regression_agrees_with_scikit_learn(name):
    assert metric(name).measure(NUMBER, GUESS).value == pytest.approx(NUMBER_PEERS[name](NUMBER, GUESS), abs=1e-12)


@pytest.mark.parametrize("name", [n for n in metric_names("binary") if n != "business_value"])
def test_influences_are_derivatives(name):
    random = np.random.default_rng(0)
    label = (random.random(300) < 0.4).astype(float)
    score = np.clip(0.4 + 0.3 * (label - 0.4) + 0.2 * random.standard_normal(300), 0.01, 0.99)
    weight = random.uniform(0.5, 1.5, 300)
    value, psi = metric(name).influence(label, score, weight)
    for row in (0, 17, 123):
        moved = weight.copy()
        moved[row] += 1e-5
        slope = (metric(name).influence(label, score, moved)[0] - value) / 1e-5 * weight.sum()
        assert slope == pytest.approx(psi[row], abs=2e-3)
    assert weight @ psi == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("name", ["auc", "average_precision", "f1", "log_loss"])
def test_standard_error_is_the_spread_between_samples(name):
    random = np.random.default_rng(1)
    values, errors = [], []
    for _ in range(300):
        label = (random.random(400) < 0.3).astype(float)
        score = 1 / (1 + np.exp(-(1.5 * label - 1.5 + random.standard_normal(400))))
        found = metric(name).measure(label, score)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize("name", metric_names("regression"))
def test_regression_rows_or_roots_have_errors(name):
    found = metric(name).measure(NUMBER, GUESS)
    assert found.standard_error > 0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40))
def test_auc_of_reversed_scores_is_the_complement(rows):
    label, score = np.array(rows, float).T
    if label.min() == label.max():
        assert metric("auc").measure(label, score).health == "cannot_tell"
    else:
        total = metric("auc").measure(label, score).value + metric("auc").measure(label, -score).value
        assert total == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("label", "score", "health", "reason"),
    [
        ([], [], "cannot_tell", "no row has a label"),
        ([np.nan, np.nan], [0.5, 0.5], "cannot_tell", "no row has a label"),
        ([1.0, 1.0], [0.5, 0.6], "cannot_tell", "only one class among the labels"),
        ([1.0, 0.0], [np.nan, np.nan], "fail", "2 labelled rows have no usable score"),
        ([1.0, 0.0, 1.0], [0.9, 0.1, np.nan], "fail", "1 labelled rows have no usable score"),
    ],
)
def test_health_has_three_values(label, score, health, reason):
    found = metric("auc").measure(np.array(label), np.array(score))
    assert (found.health, found.reason) == (health, reason)


def test_probability_outside_its_range_fails():
    found = metric("log_loss").measure(np.array([0.0, 1.0]), np.array([0.2, 1.7]))
    assert (found.health, found.rows) == ("fail", 1)


def test_undefined_ratio_cannot_be_told():
    found = metric("precision").measure(np.array([0.0, 1.0]), np.array([0.1, 0.2]))
    assert (found.health, found.value, found.reason) == ("cannot_tell", None, "it is not defined on these rows")


def test_several_classes_agree_with_scikit_learn():
    random = np.random.default_rng(2)
    label = random.integers(0, 3, 200).astype(float)
    score = random.dirichlet([1, 1, 1], 200)
    score[np.arange(200), label.astype(int)] += 0.5
    score /= score.sum(axis=1, keepdims=True)
    decided = score.argmax(axis=1)
    expected = {
        "auc": peer.roc_auc_score(label, score, multi_class="ovr"),
        "log_loss": peer.log_loss(label, score),
        "f1": peer.f1_score(label, decided, average="macro"),
        "precision": peer.precision_score(label, decided, average="macro"),
        "recall": peer.recall_score(label, decided, average="macro"),
        "accuracy": peer.accuracy_score(label, decided),
    }
    found = {name: metric(name, "multiclass").measure(label, score).value for name in expected}
    assert found == pytest.approx(expected)


def test_business_value_reads_actual_then_predicted():
    found = metric("business_value", matrix=[[0, -10], [5, 20]]).measure(LABEL, SCORE)
    # 2 true negatives, 1 false positive, 1 false negative, 2 true positives
    assert found.value == pytest.approx((2 * 0 - 10 + 5 + 2 * 20) / 6)


def test_gain_points_to_the_better_model():
    assert metric("log_loss").gain(champion=0.6, candidate=0.5) == pytest.approx(0.1)
    assert metric("auc").gain(champion=0.6, candidate=0.5) == pytest.approx(-0.1)


def test_unknown_name_suggests_a_near_one():
    with pytest.raises(MetricError) as caught:
        metric("log_los")
    assert str(caught.value).startswith(
        "metric: 'log_los' is not a known metric. Expected one of: log_loss, brier, auc"
    )
    assert "Did you mean 'log_loss'" in str(caught.value)


def test_peers_names_are_understood():
    with pytest.raises(MetricError, match="Did you mean 'auc'"):
        metric("roc_auc")


def test_metric_of_another_task_is_refused():
    with pytest.raises(MetricError, match="metric rmse: it is not defined for the task binary"):
        metric("rmse", "binary")


def test_unknown_option_is_refused():
    with pytest.raises(MetricError, match="metric f1: quantile is not an option of it"):
        metric("f1", quantile=0.9)


def test_business_value_needs_its_matrix():
    with pytest.raises(MetricError, match="no matrix"):
        metric("business_value")


def test_rows_of_a_metric_that_is_no_mean_are_refused():
    with pytest.raises(MetricError, match="it is not a mean over rows"):
        metric("auc").rows(LABEL, SCORE)


def test_rows_average_to_the_value():
    assert metric("log_loss").rows(LABEL, SCORE).mean() == pytest.approx(peer.log_loss(LABEL, SCORE))


def test_default_metrics_are_proper_losses():
    assert [default_metric(task).name for task in ("binary", "multiclass", "regression")] == [
        "log_loss",
        "log_loss",
        "mse",
    ]


def test_one_row_has_no_standard_error():
    assert standard_error(np.array([0.0])) is None


def test_measured_becomes_plain_json():
    assert metric("accuracy").measure(LABEL, SCORE).as_json() == {
        "metric": "accuracy",
        "value": pytest.approx(4 / 6),
        "standard_error": pytest.approx(0.2108185),
        "rows": 6,
        "health": "pass",
        "reason": "",
    }
