from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from include.explain.charts import bars, roc_points, training_plots

SVG = "{http://www.w3.org/2000/svg}"
RANDOM = np.random.default_rng(0)
LABEL = RANDOM.integers(0, 2, 300).astype(float)
SCORE = np.clip(LABEL * 0.2 + RANDOM.random(300) * 0.8, 0, 1).round(2)


def parsed(text):
    return ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("task", "label", "score", "expected"),
    [
        ("binary", LABEL, SCORE, {"feature_importance", "calibration", "roc"}),
        ("binary", np.zeros(5), SCORE[:5], {"feature_importance", "calibration"}),
        ("binary", LABEL[:0], SCORE[:0], {"feature_importance"}),
        ("regression", LABEL * 9, SCORE * 9, {"feature_importance", "calibration"}),
        ("multiclass", LABEL, np.column_stack([1 - SCORE, SCORE]), {"feature_importance", "calibration"}),
    ],
)
def test_each_task_has_its_plots(task, label, score, expected):
    found = training_plots(label, score, task, {"distance": 0.5, "hour": 0.1})
    assert set(found) == {f"plots/{name}.svg" for name in expected}
    assert all(parsed(text).tag == f"{SVG}svg" for text in found.values())


def test_roc_points_have_the_known_area():
    false, true = roc_points(LABEL, SCORE)
    assert auc(false, true) == pytest.approx(roc_auc_score(LABEL, SCORE))


def test_roc_points_are_few():
    score = RANDOM.random(300)
    false, true = roc_points(LABEL, score, points=50)
    assert len(false) <= 50
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)


def test_bars_are_as_long_as_their_values():
    found = parsed(bars("T", {"a": 2.0, "b": 1.0}))
    widths = [float(bar.get("width")) for bar in found.iter(f"{SVG}rect")][1:]
    assert widths == [240.0, 120.0]


def test_names_cannot_break_out():
    found = parsed(bars("<T>", {"<script>&": 1.0}))
    assert [text.text for text in found.iter(f"{SVG}text")][1] == "<script>&"


def test_bars_without_values_are_drawn():
    assert len(list(parsed(bars("T", {})).iter(f"{SVG}rect"))) == 1
