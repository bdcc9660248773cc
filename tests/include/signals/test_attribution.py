from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from include.signals.attribution import Attribution, attribution_shift, attributions


def trained(classes: int = 2) -> tuple[xgb.Booster, np.ndarray]:
    random = np.random.default_rng(0)
    rows = random.normal(size=(600, 3)).astype(np.float32)
    label = np.digitize(2 * rows[:, 0] + rows[:, 1], [0.0] if classes == 2 else [-1.0, 1.0])
    names = ["strong", "weak", "none"]
    settings = {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": 3}
    matrix = xgb.DMatrix(rows, label=label, feature_names=names)
    return xgb.train({**settings, "max_depth": 3, "nthread": 1}, matrix, num_boost_round=20), rows


@pytest.mark.parametrize("classes", [2, 3])
def test_stronger_features_contribute_more(classes: int) -> None:
    booster, rows = trained(classes)
    found = attributions(booster, rows)
    assert list(found) == ["strong", "weak", "none"]
    assert found["strong"].mean > found["weak"].mean > found["none"].mean
    assert found["strong"].rows == 600


def test_mean_is_of_the_absolute_contributions() -> None:
    booster, rows = trained()
    matrix = xgb.DMatrix(rows, feature_names=booster.feature_names)
    expected = np.abs(booster.predict(matrix, pred_contribs=True)[:, 0])
    found = attributions(booster, matrix)["strong"]
    assert found.mean == pytest.approx(expected.mean(), rel=1e-5)
    assert found.deviation == pytest.approx(expected.std(ddof=1), rel=1e-5)


def test_shift_is_standard_under_no_change() -> None:
    booster, rows = trained()
    random = np.random.default_rng(1)
    before = attributions(booster, random.normal(size=(20_000, 3)).astype(np.float32))
    found = [
        attribution_shift(
            before["strong"], attributions(booster, random.normal(size=(200, 3)).astype(np.float32))["strong"]
        )
        for _ in range(60)
    ]
    values = [each.studentised() for each in found]
    assert abs(np.mean(values)) < 0.5
    assert 0.7 < np.std(values) < 1.3
    moved = attributions(booster, (rows * 0.1)[:200])["strong"]
    assert attribution_shift(before["strong"], moved).studentised() < -5


def test_no_rows_cannot_be_told() -> None:
    booster, rows = trained()
    assert attributions(booster, rows[:0]) == {}
    assert attribution_shift(Attribution(1.0, 1.0, 5), Attribution(0.0, 0.0, 0)).health == "cannot_tell"


def test_an_unused_feature_that_comes_into_use_is_told() -> None:
    found = attribution_shift(Attribution(0.0, 0.0, 1_000), Attribution(0.2, 0.1, 100))
    assert found.studentised() > 10
