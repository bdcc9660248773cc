from __future__ import annotations

import pytest

from include.config.model import Learner, Tune
from include.explain.card import gate_table, known_limits, model_card
from include.registry.manifest import Feature
from include.training.fit import fit_constant
from tests.include.training.made import flights, model, rows_of, trained

GATE = {
    "verdict": "pass",
    "reason": "better by 0.01",
    "parts": [
        {"name": "gain", "finding": "pass", "reason": "low | 0.001"},
        {"name": "slices", "finding": "unset", "reason": "-"},
    ],
}


def card(artifact=None, **settings):
    manifest = (artifact or model()).manifest
    return model_card(manifest, description="Chance of arriving late.", owner="Ops", **settings)


def test_card_says_what_a_reader_asks():
    found = card(
        metrics={"log_loss": 0.51234567}, gate=GATE, importance={"distance": 0.4}, limits=["Not for charters."]
    )
    for line in (
        f"# flight_delay {model().digest[:12]}",
        "Owner: Ops. It predicts the probability of 1.",
        "- Trained for the night 2013-01-13 because of: every(7).",
        "- Rows: 1,000 to train on; mean label 0.423.",
        "- Window: expanding, partitions 2013-01-01 to 2013-01-10 (10); kept for the gate: 2013-01-11 to 2013-01-12 (2).",
        "- Table `models/flight_delay/features` at version 4.",
        "| log_loss | 0.51235 |",
        "**pass**: better by 0.01",
        "| distance | 0.4 |",
        "- Not for charters.",
        "- Its scores are not calibrated after training.",
    ):
        assert line in found.splitlines()


def test_card_without_numbers_says_so():
    found = card()
    assert "Not measured yet." in found.splitlines()
    assert "## Gate" not in found


def test_gate_table_keeps_its_columns():
    assert gate_table(GATE).splitlines()[-2:] == [r"| gain | pass | low \| 0.001 |", "| slices | unset | - |"]


@pytest.mark.parametrize(
    ("features", "limit"),
    [
        (
            [Feature(name="x", kind="category", arrow="string", categories=("a",), other=True)],
            "Rare values of x are one category, as are values it has never seen.",
        ),
        (
            [Feature(name="x", kind="category", arrow="string", categories=("a",))],
            "Values of x that it has never seen count as missing; they are counted.",
        ),
        (
            [Feature(name="x", kind="number", arrow="null")],
            "x had no value in training, so it says nothing about them.",
        ),
    ],
)
def test_limits_follow_from_the_features(features, limit):
    assert limit in known_limits(model().manifest.model_copy(update={"features": tuple(features)}))


def test_card_of_a_constant_says_what_it_is():
    found = card(fit_constant(rows_of(flights()), task="binary"))
    assert "It predicts the same for every row" in found
    assert "Nothing was trained but the mean of the labels." in found


def test_card_tells_of_tuning_and_calibration():
    found = card(trained(learner=Learner(rounds=5, calibrate=True, tune=Tune(trials=1))))
    assert "- Tuned: 1 sets tried and 0 given up" in found
    assert "- Rows: 800 to train on, 200 newer ones to calibrate" in found
