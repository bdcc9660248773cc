from __future__ import annotations

import numpy as np
import pytest

from include.config.model import Fairness, GateSettings, GoldenSet
from include.evaluation.terms import Terms


def test_terms_follow_the_yaml():
    settings = GateSettings(
        mode="superior",
        metric="auc",
        margin=0.01,
        confidence=0.9,
        max_wait=7,
        slices=("carrier",),
        fairness=Fairness(groups=("origin",), max_demographic_parity_difference=0.1),
        golden_set=GoldenSet(margin=0.002),
        max_churn=0.2,
    )
    terms = Terms.of(settings, "binary", block=24, horizon=60, candidates_per_year=52)
    assert (terms.mode, terms.metric.name, terms.margin, terms.confidence) == ("superior", "auc", 0.01, 0.9)
    assert (terms.max_wait, terms.slices, terms.max_churn, terms.golden_margin) == (7, ("carrier",), 0.2, 0.002)
    assert (terms.block, terms.horizon, terms.candidates_per_year, terms.golden_set) == (24, 60, 52, True)
    assert terms.columns == ("carrier", "origin")
    assert terms.fairness.demographic_parity == 0.1
    assert terms.fairness.equalised_odds is None


@pytest.mark.parametrize(("task", "name"), [("binary", "log_loss"), ("regression", "mse"), ("multiclass", "log_loss")])
def test_unset_metric_is_the_proper_loss(task, name):
    assert Terms.of(GateSettings(), task).metric.name == name


def test_bar_counts_blocks():
    terms = Terms(block=7, max_wait=14)
    assert terms.log_bar(70) == Terms(block=1, max_wait=2).log_bar(10)
    assert np.exp(Terms(max_wait=14).log_bar(14)) == pytest.approx(7.22)
