from __future__ import annotations

import pytest

from include.config.load import load_catalog


def errors(folder, gate, more="", task="binary"):
    folder.dataset("    fare:", "    km: {type: float64}\n    paid: {type: bool}\n    fare:")
    folder.model("task: regression", f"task: {task}", more=f"gate: {gate}\n{more}")
    broken = load_catalog(folder.root).broken
    return [text.splitlines()[0].split(": ", 1)[1] for text in broken["model/fares"].errors] if broken else []


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (
            "{fairness: {groups: [city]}}",
            "gate.fairness sets no limit, so it could never be told. Expected max_demographic_parity_difference or "
            "max_equalised_odds_difference; else remove it.",
        ),
        (
            "{fairness: {groups: [], max_equalised_odds_difference: 0.1}}",
            "gate.fairness.groups is a list of 0, expected a list of at least 1.",
        ),
        (
            "{fairness: {groups: [city], max_equalised_odds_difference: 0.1, threshold: 7}}",
            "gate.fairness.threshold is 7, expected a number of at most 1.0.",
        ),
        ("{max_single_feature_auc: 0.3}", "gate.max_single_feature_auc is 0.3, expected a number greater than 0.5."),
        ("{max_single_feature_auc: 0.5}", "gate.max_single_feature_auc is 0.5, expected a number greater than 0.5."),
        ("{holdout: 0d}", "gate.holdout has no length. Expected a length of time, such as 14d."),
        (
            "{behaviour: [{kind: directional, column: km, change: 0}]}",
            "gate.behaviour[0].change is 0, which changes nothing. Expected an amount, such as 1.",
        ),
        (
            "{behaviour: [{kind: invariance, column: km, change: .inf}]}",
            "gate.behaviour[0].change is inf, which changes nothing. Expected an amount, such as 1.",
        ),
        (
            "{behaviour: [{kind: monotone, column: km, tolerance: 2}]}",
            "gate.behaviour[0].tolerance is 2, expected a number of at most 1.0.",
        ),
        (
            "{behaviour: [{kind: monotone, column: km}, {kind: monotone, column: km, direction: -1, change: 3}]}",
            "gate.behaviour[1] contradicts gate.behaviour[0]: km cannot move predictions up and down. Remove one.",
        ),
        (
            "{behaviour: [{kind: monotone, column: km}, {kind: directional, column: km, direction: -1, change: 3}]}",
            "gate.behaviour[1] contradicts gate.behaviour[0]: km cannot move predictions up and down. Remove one.",
        ),
        (
            "{behaviour: [{kind: monotone, column: city}]}",
            "gate.behaviour[0].kind is 'monotone', but city is of type string. Expected a number, or kind: invariance.",
        ),
        (
            "{behaviour: [{kind: directional, column: paid}]}",
            "gate.behaviour[0].kind is 'directional', but paid is of type bool. Expected a number, or kind: invariance.",
        ),
    ],
)
def test_what_no_candidate_could_meet_is_refused(folder, gate, expected):
    assert errors(folder, gate) == [expected]


def test_constraint_of_the_learner_and_expectation_must_agree(folder):
    behaviour = "{behaviour: [{kind: monotone, column: km, direction: -1}]}"

    assert errors(folder, behaviour, "learner: {monotone: {km: 1}}\n") == [
        "gate.behaviour[0] contradicts learner.monotone.km: 1. Correct one of them."
    ]


def test_type_of_a_feature_of_sql_is_that_of_its_rule(folder):
    folder.write("models/fares.sql", "SELECT _key, city AS town FROM trips")
    behaviour = "{behaviour: [{kind: monotone, column: town}]}"
    more = "features: fares.sql\nfeature_contract: {town: {type: category}}\n"

    assert errors(folder, behaviour, more) == [
        "gate.behaviour[0].kind is 'monotone', but town is of type category. Expected a number, or kind: invariance."
    ]


@pytest.mark.parametrize(
    "gate",
    [
        "{fairness: {groups: [city], max_demographic_parity_difference: 0.1, threshold: 1}}",
        "{max_single_feature_auc: 0.95, holdout: 1h}",
        "{behaviour: [{kind: monotone, column: km, tolerance: 0.1}, {kind: invariance, column: city}]}",
        "{behaviour: [{kind: monotone, column: km, change: 1}, {kind: directional, column: km, change: 2}]}",
        "{behaviour: [{kind: directional, column: km, change: 1}, "
        "{kind: directional, column: km, direction: -1, change: 50}]}",
    ],
)
def test_what_a_candidate_can_meet_is_taken(folder, gate):
    assert errors(folder, gate) == []
