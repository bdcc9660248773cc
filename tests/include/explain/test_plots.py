from __future__ import annotations

import numpy as np

from include.explain.plots import plots_of
from include.training.fit import fit_constant
from tests.include.training.made import FEATURES, flights, model, replaced, rows_of, trained


def test_plots_and_importance_come_from_one_sample():
    plots, importance = plots_of(model(), rows_of(flights(), 100)(), sample=200, seed=1)
    assert set(plots) == {"plots/feature_importance.svg", "plots/calibration.svg", "plots/roc.svg"}
    assert set(importance) == set(FEATURES)
    assert plots_of(model(), rows_of(flights(), 77)(), sample=200, seed=1) == (plots, importance)


def test_no_rows_give_no_plots():
    assert plots_of(model(), rows_of(flights(0))()) == ({}, {})
    assert plots_of(model(), []) == ({}, {})


def test_classes_and_constants_are_plotted():
    table = flights()
    classes = replaced(table, "label", np.arange(1000) % 3)
    artifact = trained(classes, task="multiclass", classes=("a", "b", "c"))
    assert set(plots_of(artifact, rows_of(classes)())[0]) == {"plots/feature_importance.svg", "plots/calibration.svg"}
    constant = fit_constant(rows_of(table), task="binary")
    assert set(plots_of(constant, rows_of(table)())[0]) == {"plots/calibration.svg", "plots/roc.svg"}
