from __future__ import annotations

import numpy as np
import pytest

from include.config.model import Learner, Tune
from include.errors import ModelError
from include.storage.locations import Location
from include.training.blocks import encode_rows
from include.training.recipe import parameters_of
from include.training.tune import tune
from tests.include.training.made import FEATURES, flights, rows_of, trained


def searched(trials, study=None, clock=lambda: 0.0, parameters=None):
    learner = Learner(rounds=15, tune=Tune(trials=trials, budget_minutes=1), parameters=parameters or {})
    asked = parameters_of(learner, "binary", 3, 1, (), FEATURES)
    with encode_rows(rows_of(flights(400))(), features=FEATURES) as encoded:
        return tune(encoded, encoded.rows, learner, asked, study=study, clock=clock)


def test_interrupted_search_goes_on_as_if_it_had_not(tmp_path):
    whole = searched(7)
    searched(3, Location.of(tmp_path))
    resumed = searched(7, Location.of(tmp_path))
    assert resumed == whole
    assert whole[2].trials + whole[2].pruned == 7


def test_finished_search_is_not_repeated(tmp_path, monkeypatch):
    first = searched(3, Location.of(tmp_path))
    monkeypatch.setattr("xgboost.train", None)
    assert searched(3, Location.of(tmp_path)) == first


def test_untuned_parameters_are_the_first_trial():
    parameters, rounds, report = searched(1)
    assert {name: parameters[name] for name in ("max_depth", "eta", "subsample")} == {
        "max_depth": 6,
        "eta": 0.1,
        "subsample": 1.0,
    }
    assert 1 <= rounds <= 15
    assert report.loss == report.untuned_loss


def test_best_is_never_worse_than_untuned():
    report = searched(6)[2]
    assert report.loss <= report.untuned_loss


def test_learners_own_parameters_stay():
    parameters, _, _ = searched(4, parameters={"max_depth": 2, "learning_rate": 0.5, "eval_metric": "auc"})
    assert (parameters["max_depth"], parameters["learning_rate"]) == (2, 0.5)
    assert parameters["eval_metric"] == "auc"
    assert "eta" not in parameters


def test_budget_ends_the_search():
    ticks = iter(np.arange(0.0, 600.0, 25.0))
    report = searched(50, clock=lambda: float(next(ticks)))[2]
    assert report.trials + report.pruned == 3


def test_budget_counts_the_time_before_an_interruption(tmp_path):
    def clock():
        ticks = iter(np.arange(0.0, 600.0, 25.0))
        return lambda: float(next(ticks))

    searched(2, Location.of(tmp_path), clock())
    report = searched(50, Location.of(tmp_path), clock())[2]
    assert report.trials + report.pruned == 3


def test_torn_trial_is_named(tmp_path):
    searched(1, Location.of(tmp_path))
    next(tmp_path.glob("*/00000.json")).write_text("{")
    with pytest.raises(ModelError, match=r"00000.json: is not a finished trial"):
        searched(2, Location.of(tmp_path))


def test_too_few_rows_are_refused():
    with pytest.raises(ModelError, match=r"are 19. Expected at least 20 to tune on"):
        trained(flights(19), learner=Learner(rounds=2, tune=Tune(trials=1)))


def test_tuned_model_records_its_search():
    artifact = trained(learner=Learner(rounds=15, calibrate=True, tune=Tune(trials=2)))
    assert artifact.manifest.fit.tuning.trials == 2
    assert artifact.manifest.fit.rounds <= 15
    assert artifact.manifest.fit.calibration_rows == 200
