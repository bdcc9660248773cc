from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.evaluation.metrics import metric
from include.signals.direct_loss import DirectLoss
from include.signals.errors import SignalError

METRICS = [metric(name) for name in ("mae", "mse", "rmse")]


def rows(count, seed, *, centre=0.0):
    """Return features, label and score of a model whose errors grow with |z|."""
    random = np.random.default_rng(seed)
    z = centre + random.standard_normal(count)
    label = 3 * z + (0.5 + np.abs(z)) * random.standard_normal(count)
    return pa.table({"z": z}), label, 3 * z


@pytest.fixture(scope="module")
def estimator():
    features, label, score = rows(5000, 0)
    return DirectLoss(label, score, features)


def test_intervals_hold_the_realised_losses(estimator):
    held = []
    for seed in range(6):
        features, label, score = rows(1000, 10 + seed, centre=0.5 * (seed % 3))
        for each, found in zip(METRICS, estimator.estimate(METRICS, score, features), strict=True):
            held.append(found.low <= each.measure(label, score).value <= found.high)
    assert np.mean(held) >= 0.85


def test_harder_rows_have_larger_estimates(estimator):
    easy, hard = (estimator.estimate([metric("mae")], *_scored(centre))[0].value for centre in (0.0, 1.5))
    assert hard > 1.3 * easy


def _scored(centre):
    features, _, score = rows(1000, 30, centre=centre)
    return score, features


def test_root_is_the_root_of_its_mean(estimator):
    score, features = _scored(0.0)
    mean, root = estimator.estimate([metric("mse"), metric("rmse")], score, features)
    assert root.value == pytest.approx(np.sqrt(mean.value))
    assert root.standard_error == pytest.approx(mean.standard_error / (2 * root.value))


def test_few_rows_cannot_be_told(estimator):
    score, features = _scored(0.0)
    found = estimator.estimate([metric("mae")], score[:50], features.slice(0, 50))[0]
    assert (found.health, found.reason) == ("cannot_tell", "50 of at least 100 scored rows")


def test_undefined_loss_cannot_be_told(estimator):
    score, features = _scored(0.0)
    found = estimator.estimate([metric("msle")], score, features)[0]
    assert (found.health, found.reason) == ("cannot_tell", "it is not defined on some reference rows")


def test_small_reference_is_refused():
    features, label, score = rows(50, 1)
    with pytest.raises(SignalError, match="50 labelled rows"):
        DirectLoss(label, score, features)
