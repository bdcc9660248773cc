from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from include.evaluation.fairness import FairnessLimits, fairness_part
from include.evaluation.nights import NightScores


def nights(gap, count=10, rows=200, seed=0):
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        group = random.choice(["x", "y"], rows)
        label = (random.random(rows) < 0.5).astype(float)
        score = np.clip(0.5 + 0.3 * (label - 0.5) + gap * (group == "x") + 0.2 * random.standard_normal(rows), 0, 1)
        found.append(NightScores(str(number), label, score, score, slices={"group": group}))
    return found


LIMITS = FairnessLimits(("group",), demographic_parity=0.15, equalised_odds=0.2)


def test_values_are_those_of_fairlearn():
    made = nights(0.2)
    label, score, group = (
        np.concatenate([values(n) for n in made])
        for values in (lambda n: n.label, lambda n: n.candidate, lambda n: n.slices["group"])
    )
    numbers = fairness_part(made, LIMITS).numbers
    decision = score >= 0.5
    expected = demographic_parity_difference(label, decision, sensitive_features=group)
    assert numbers["group.demographic_parity"]["value"] == pytest.approx(expected)
    expected = equalized_odds_difference(label, decision, sensitive_features=group)
    assert numbers["group.equalised_odds"]["value"] == pytest.approx(expected)


def test_interval_holds_the_value():
    found = fairness_part(nights(0.2), LIMITS).numbers["group.demographic_parity"]
    assert found["low"] < found["value"] < found["high"]
    assert found["high"] - found["low"] < 0.2


def test_equal_groups_pass():
    assert fairness_part(nights(0.0), LIMITS).finding == "pass"


def test_unequal_groups_fail_with_numbers():
    part = fairness_part(nights(0.4), LIMITS)
    assert part.finding == "fail"
    assert "demographic parity difference of group" in part.reason
    assert "at 95%), at most 0.150 is allowed" in part.reason


def test_the_interval_says_its_confidence():
    part = fairness_part(nights(0.4), LIMITS, confidence=0.5)
    assert "at 50%), at most" in part.reason
    assert part.numbers["group.demographic_parity"]["confidence"] == 0.5


def test_only_set_limits_are_judged():
    part = fairness_part(nights(0.4), FairnessLimits(("group",), equalised_odds=1.0))
    assert (part.finding, list(part.numbers)) == ("pass", ["group.equalised_odds"])


@pytest.mark.parametrize("made", [[], nights(0.0, count=1, rows=10)])
def test_too_few_rows_cannot_be_told(made):
    part = fairness_part(made, LIMITS)
    assert part.finding == "cannot_tell"
    assert "fewer than two groups with 30 labelled rows" in part.reason


def test_missing_column_cannot_be_told():
    assert fairness_part(nights(0.0), FairnessLimits(("nowhere",), demographic_parity=0.1)).finding == "cannot_tell"


def test_several_classes_cannot_be_told():
    night = NightScores("n", np.zeros(2), np.ones((2, 3)), np.ones((2, 3)), slices={"group": np.array(["x", "y"])})
    assert fairness_part([night], LIMITS).reason == "defined for binary predictions only"
