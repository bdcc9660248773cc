from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.metrics import metric
from include.signals.performance import confusion_counts, limits, realised, slice_masks

LABEL = np.array([0.0, 1.0, 1.0, np.nan, 0.0])
SCORE = np.array([0.2, 0.9, 0.4, 0.9, 0.7])
CARRIER = np.array(["AA", "UA", "UA", "UA", "AA"])


def test_labels_that_are_not_mature_do_not_count():
    found = realised(LABEL, SCORE, [metric("accuracy")])[0]
    assert (found.value, found.rows, found.kind, found.role, found.slice) == (0.5, 4, "realised", "champion", "")


def test_late_labels_refresh_the_value():
    late = LABEL.copy()
    late[3] = 1.0
    assert realised(late, SCORE, [metric("accuracy")])[0].value == pytest.approx(0.6)


def test_slices_are_measured_apart():
    found = realised(LABEL, SCORE, [metric("accuracy"), metric("brier")], slices={"carrier": CARRIER}, role="shadow")
    assert [(p.slice, p.metric, p.rows) for p in found[2:]] == [
        ("carrier=AA", "accuracy", 2),
        ("carrier=AA", "brier", 2),
        ("carrier=UA", "accuracy", 2),
        ("carrier=UA", "brier", 2),
    ]
    assert {p.role for p in found} == {"shadow"}


def test_interval_is_the_value_and_its_errors():
    found = realised(LABEL, SCORE, [metric("log_loss")], level=0.9)[0]
    assert found.high - found.value == pytest.approx(1.6448536 * found.standard_error)


def test_intervals_stay_in_the_metric_range():
    assert limits(metric("auc"), 0.99, 0.1, 0.95)[1] == 1.0
    assert limits(metric("rmse"), 0.1, 1.0, 0.95)[0] == 0.0
    assert limits(metric("business_value", matrix=[[0, -1], [1, 0]]), -1.0, 1.0, 0.95)[0] < -2.9


def test_money_is_a_metric_like_any_other():
    found = realised(LABEL, SCORE, [metric("business_value", matrix=[[0, -10], [-50, 5]])])[0]
    assert found.value == pytest.approx((0 + 5 - 50 - 10) / 4)


def test_no_mature_label_cannot_be_told():
    found = realised(np.full(2, np.nan), SCORE[:2], [metric("log_loss")])[0]
    assert (found.value, found.low, found.rows, found.health) == (None, None, 0, "cannot_tell")


def test_one_class_cannot_be_ranked():
    found = realised(np.ones(3), SCORE[:3], [metric("auc"), metric("log_loss")])
    assert [p.health for p in found] == ["cannot_tell", "pass"]


def test_labelled_rows_without_score_fail():
    found = realised(LABEL, np.where(SCORE == 0.9, np.nan, SCORE), [metric("brier")])[0]
    assert (found.health, found.reason) == ("fail", "1 labelled rows have no usable score")


def test_frequent_values_come_first():
    masks = slice_masks({"carrier": np.array(["a", "b", "b"])}, np.ones(3, bool))
    assert list(masks) == ["carrier=b", "carrier=a"]


def test_counts_skip_what_is_not_known():
    assert confusion_counts(LABEL, SCORE, 0.5) == {
        "true_positive": 1,
        "false_positive": 1,
        "true_negative": 1,
        "false_negative": 1,
    }


def test_values_become_plain_json():
    assert realised(LABEL, SCORE, [metric("accuracy")])[0].as_json()["metric"] == "accuracy"
