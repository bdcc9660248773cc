from __future__ import annotations

import pytest

from include.config.learner_names import OBJECTIVES
from include.config.lint import lint
from include.config.load import load_catalog
from include.training.tried import refused


def broken(folder, parameters, task="binary"):
    folder.dataset()
    folder.model("task: regression", f"task: {task}", more=f"learner: {{parameters: {parameters}}}\n")
    files = load_catalog(folder.root).broken
    return files["model/fares"].errors[0].splitlines()[0].split(": ", 1)[1] if files else None


@pytest.mark.parametrize(
    ("task", "parameters", "expected"),
    [
        ("binary", "{seed: 3}", "learner.parameters.seed is set by Nightshift. Write learner.seed."),
        ("binary", "{nthread: 3}", "learner.parameters.nthread is set by Nightshift. Set NIGHTSHIFT_THREADS."),
        (
            "binary",
            "{objective: 'rank:ndcg'}",
            "learner.parameters.objective is 'rank:ndcg', not an objective of a binary task. "
            "Expected one of: binary:logistic, reg:logistic, binary:hinge.",
        ),
        (
            "multiclass",
            "{objective: 'multi:softmax'}",
            "learner.parameters.objective is 'multi:softmax', not an objective of a multiclass task. "
            "Expected multi:softprob. Did you mean 'multi:softprob'?",
        ),
        (
            "regression",
            "{objective: 'rank:ndcg'}",
            "learner.parameters.objective is 'rank:ndcg', not an objective of a regression task. "
            "Expected one of: reg:…, count:….",
        ),
        ("regression", "{objective: 'count:poisson', max_depth: 3}", None),
        ("binary", "{objective: 'binary:hinge'}", None),
    ],
)
def test_what_no_training_can_use_is_refused(folder, task, parameters, expected):
    assert broken(folder, parameters, task) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            "{max_depht: 3}",
            "learner.parameters.max_depht is wrong: xgboost does not know max_depht. "
            "Expected its own parameter names (did you mean 'max_depth'?). To do: correct or remove it.",
        ),
        (
            "{eta: 0.1, max_depth: -3}",
            "learner.parameters.max_depth is wrong: xgboost refuses "
            "(value -3 for Parameter max_depth should be greater equal to 0).",
        ),
        (
            "{booster: gblinear}",
            "learner.parameters is wrong: xgboost refuses (Not implemented for `QuantileDMatrix`.).",
        ),
    ],
)
def test_lint_says_what_xgboost_says(folder, parameters, expected):
    assert broken(folder, parameters) is None
    said = lint(folder.root, "fares")

    assert said[0].splitlines()[0].startswith(f"include/models/fares.yaml:7: {expected}")
    assert said[-1] == "Check it with: python -m include lint fares"


@pytest.mark.parametrize("task", sorted(OBJECTIVES))
def test_usual_parameters_are_taken(task):
    from include.config.model import Learner

    usual = {"max_depth": 3, "eta": 0.2, "subsample": 0.8, "max_bin": 64, "lambda": 2, "colsample_bytree": 0.5}
    assert refused(Learner(parameters=usual, monotone={"km": 1}), task) is None
