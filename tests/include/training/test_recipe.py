from __future__ import annotations

import pytest

from include.config.model import Learner
from include.errors import ModelError
from include.training.recipe import parameters_of, recorded


def parameters(task="binary", classes=(), **learner):
    return parameters_of(Learner(**learner), task, 2**31 + 5, 0, classes, ("a", "b"))


def test_defaults_are_documented_ones():
    assert parameters(device="cpu") == {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": 6,
        "eta": 0.1,
        "seed": 5,
        "nthread": 1,
        "device": "cpu",
        "verbosity": 1,
    }


@pytest.mark.parametrize(("task", "objective"), [("regression", "reg:squarederror"), ("multiclass", "multi:softprob")])
def test_objective_follows_the_task(task, objective):
    found = parameters(task, ("x", "y", "z"))
    assert found["objective"] == objective
    assert found.get("num_class") == (3 if task == "multiclass" else None)


def test_learner_may_choose_its_objective():
    assert parameters("regression", parameters={"objective": "count:poisson"})["objective"] == "count:poisson"


def test_learning_rate_replaces_eta():
    found = parameters(parameters={"learning_rate": 0.3})
    assert found["learning_rate"] == 0.3
    assert "eta" not in found


def test_constraints_follow_the_features():
    assert parameters(monotone={"b": -1})["monotone_constraints"] == "(0,-1)"


def test_constraint_on_no_feature_is_refused():
    with pytest.raises(ModelError, match=r"learner.monotone: 'c' is not a feature. Expected one of a, b"):
        parameters(monotone={"c": 1})


@pytest.mark.parametrize("name", ["seed", "nthread", "device", "num_class", "monotone_constraints", "verbosity"])
def test_what_nightshift_decides_is_refused(name):
    with pytest.raises(ModelError, match=f"learner.parameters: {name} is set by Nightshift"):
        parameters(parameters={name: 1})


def test_machine_settings_are_not_recorded():
    assert set(recorded(parameters())) == {"objective", "tree_method", "max_depth", "eta"}
