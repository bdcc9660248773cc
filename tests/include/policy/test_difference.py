from __future__ import annotations

from dataclasses import replace

import pytest

from include.policy.decide import decide, decided_again, decision_of, record
from include.policy.difference import first_difference
from include.policy.parse import Limits, parse
from include.policy.state import Alarm, Decision, Loss, State

STATE = State(
    "m", "2013-03-08", champion="1", since_cut=9, since_training=7, history=66, new_labels=900,
    gate_loss=0.5, gate_standard_error=0.01, losses=(Loss("2013-03-06", 2, 0.7, 0.01, 100), Loss("2013-03-07", 1, 0.8, 0.01, 100)),
    alarms=(Alarm("amount", "2013-03-01"),), cpu_minutes_week=9.0, training_cpu_minutes=2.0,
)  # fmt: skip
RULES = ("never", "every(7)", "every(30)", "on_loss(3)", "k_of_n(1, 2)", "on_alarm", "any_of(every(7), on_loss(3))")
LIMITS = (Limits(), Limits(cooldown=9), Limits(min_new_labels=1000), Limits(budget_minutes_per_week=10.0))


def reworded(decision: Decision) -> Decision:
    return replace(decision, reason="said in other words")


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("rule", RULES)
def test_words_may_differ_and_nothing_else(rule: str, limits: Limits) -> None:
    policy = parse(rule, limits)
    body = record(policy, STATE, decide(policy, STATE))
    assert first_difference(reworded(decision_of(body)), decided_again(body)) is None


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"verdict": "hold"}, "verdict"),
        ({"rule": "every(8)"}, "rule"),
        ({"window": "last(3)"}, "window"),
        ({"evidence": {"passed": 8, "n": 7}}, "evidence.passed"),
        ({"evidence": {"passed": 7}}, "evidence.n"),
        ({"evidence": {"passed": 7, "n": 7, "more": 1}}, "evidence.more"),
        ({"evidence": {"passed": True, "n": 7}}, "evidence.passed"),
        ({"evidence": {"passed": None, "n": 7}}, "evidence.passed"),
    ],
)
def test_changed_verdict_or_number_is_found(changed: dict, what: str) -> None:
    decision = decide(parse("every(7)"), STATE)
    found = first_difference(replace(decision, **changed), decision)
    assert found is not None
    assert found[0] == what


@pytest.mark.parametrize("rule", ["every(7)", "on_loss(3)", "any_of(every(7), on_loss(3))"])
def test_changed_state_is_found_though_the_verdict_stays(rule: str) -> None:
    policy = parse(rule)
    body = record(policy, STATE, decide(policy, STATE))
    body["state"] |= {"since_training": 8, "gate_loss": 0.49}
    again = decided_again(body)
    assert again.verdict == "retrain"
    assert first_difference(decision_of(body), again) is not None


def test_changed_limit_that_held_back_is_found() -> None:
    policy = parse("every(7)", Limits(budget_minutes_per_week=10.0))
    body = record(policy, STATE, decide(policy, STATE))
    body["state"]["cpu_minutes_week"] = 9.5
    assert first_difference(decision_of(body), decided_again(body)) == ("evidence.held.spent", 9.0, 9.5)


def test_record_from_before_limits_had_numbers_agrees() -> None:
    policy = parse("every(7)", Limits(cooldown=9))
    body = record(policy, STATE, decide(policy, STATE))
    del body["decision"]["evidence"]["held"]
    assert first_difference(decision_of(body), decided_again(body)) is None


def test_last_digit_of_a_number_does_not_matter() -> None:
    one = Decision("hold", "", "auto", {"edges": {"last(6)": 0.1 + 0.2}, "regret": [1.0, 2]})
    assert first_difference(one, replace(one, evidence={"edges": {"last(6)": 0.3}, "regret": [1.0, 2.0]})) is None
    assert first_difference(one, replace(one, evidence={"edges": {"last(6)": 0.3001}, "regret": [1.0, 2]})) is not None
    assert first_difference(one, replace(one, evidence={"edges": {"last(6)": 0.3}, "regret": [1.0]})) is not None
