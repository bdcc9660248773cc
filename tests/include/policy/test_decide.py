from __future__ import annotations

import json
from dataclasses import replace

import pytest

from include.config.model import PolicySettings
from include.errors import PolicyError
from include.policy.decide import alternatives, decide, decided_again, decision_of, record, windows_wanted
from include.policy.parse import Limits, parse, policy_of
from include.policy.state import Alarm, Loss, Pair, Probe, State

CALM = State("flight_delay", "2013-03-08", champion="1", since_cut=7, since_training=7, history=66, new_labels=6000)


@pytest.mark.parametrize(("passed", "verdict"), [(6, "hold"), (7, "retrain"), (8, "retrain")])
def test_every_counts_from_last_training(passed: int, verdict: str) -> None:
    assert decide(parse("every(7)"), replace(CALM, since_training=passed, since_cut=40)).verdict == verdict


def test_every_falls_back_on_cut() -> None:
    assert decide(parse("every(7)"), replace(CALM, since_training=None, since_cut=7)).verdict == "retrain"


def test_never_holds() -> None:
    assert decide(parse("never"), CALM).verdict == "hold"


def test_defective_data_block_even_force() -> None:
    state = replace(CALM, health="block", forced="new fleet")
    decision = decide(parse("every(1)"), state)
    assert decision.verdict == "blocked"
    assert decision.reason == "never on defective data: the health of the data is 'block'; 'new fleet' must wait"


@pytest.mark.parametrize("health", ["block", "cannot_tell"])
def test_unknown_health_blocks_too(health: str) -> None:
    assert decide(parse("every(1)"), replace(CALM, health=health)).verdict == "blocked"


def test_diagnosed_defect_blocks_with_its_sentence() -> None:
    decision = decide(parse("every(1)"), replace(CALM, defects=("temp is in kelvin since 2013-03-07",)))
    assert decision.reason == "never on defective data: temp is in kelvin since 2013-03-07"


def test_warned_data_do_not_block() -> None:
    assert decide(parse("every(1)"), replace(CALM, health="warn")).verdict == "retrain"


def test_one_pending_candidate_at_most() -> None:
    decision = decide(parse("every(1)"), replace(CALM, pending="c7", forced="now"))
    assert (decision.verdict, decision.reason) == (
        "hold",
        "candidate c7 still awaits its verdict or its turn, and only one may",
    )


def test_force_overrides_limits_with_reason() -> None:
    policy = parse("never", Limits(cooldown=30, budget_minutes_per_week=1.0, min_new_labels=10**6))
    decision = decide(policy, replace(CALM, forced="new fleet", cpu_minutes_week=5.0))
    assert (decision.verdict, decision.reason, decision.rule) == ("retrain", "forced: new fleet", "manual")


def test_first_champion_is_bootstrapped() -> None:
    decision = decide(parse("never"), State("m", "2013-03-01", new_labels=100))
    assert (decision.verdict, decision.rule) == ("retrain", "bootstrap")


def test_first_champion_needs_labels() -> None:
    decision = decide(parse("never", Limits(min_new_labels=200)), State("m", "2013-03-01", new_labels=100))
    assert (decision.verdict, decision.rule) == ("hold", "bootstrap")


@pytest.mark.parametrize(
    ("limits", "change", "text"),
    [
        (Limits(cooldown=7), {}, "it is partition 7 of the 7 of cooldown, though"),
        (Limits(min_new_labels=6001), {}, "6000 new labels have matured where 6001 are needed, though"),
        (
            Limits(budget_minutes_per_week=10),
            {"cpu_minutes_week": 9.0, "training_cpu_minutes": 1.5},
            "a training of 1.5 on top of 9.0 CPU minutes exceeds 10 a week, though",
        ),
    ],
)
def test_limits_hold_rule_back(limits: Limits, change: dict[str, float], text: str) -> None:
    decision = decide(parse("every(1)", limits), replace(CALM, **change))
    assert decision.verdict == "hold"
    assert decision.reason.startswith(text)


def test_limits_leave_last_free_partition() -> None:
    assert decide(parse("every(1)", Limits(cooldown=6)), CALM).verdict == "retrain"
    budget = Limits(budget_minutes_per_week=10)
    spent = replace(CALM, cpu_minutes_week=8.5, training_cpu_minutes=1.5)
    assert decide(parse("every(1)", budget), spent).verdict == "retrain"


def _losses(*means: float) -> tuple[Loss, ...]:
    return tuple(Loss(f"d{i}", len(means) - i, mean, 0.01, 900) for i, mean in enumerate(means))


@pytest.mark.parametrize(
    ("means", "verdict"),
    [((), "hold"), ((0.5,), "hold"), ((0.54,), "retrain"), ((0.3, 0.5, 0.7), "hold"), ((0.55, 0.56, 0.57), "retrain")],
)
def test_on_loss_counts_spread_of_nights(means: tuple[float, ...], verdict: str) -> None:
    state = replace(CALM, gate_loss=0.5, gate_standard_error=0.0, losses=_losses(*means))
    assert decide(parse("on_loss(3)"), state).verdict == verdict


def test_on_loss_forgets_old_partitions() -> None:
    state = replace(CALM, gate_loss=0.5, losses=_losses(0.1, 0.1, 0.1, *[0.55] * 7))
    assert decide(parse("on_loss(3)"), state).verdict == "retrain"


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ((0.6, 0.4, 0.4, 0.4, 0.6), "retrain"),
        ((0.6, 0.4, 0.4, 0.4, 0.4, 0.6), "hold"),
        ((0.6, 0.6, 0.4), "hold"),
        ((0.6,), "hold"),
    ],
)
def test_k_of_n_needs_newest(means: tuple[float, ...], verdict: str) -> None:
    state = replace(CALM, gate_loss=0.5, losses=_losses(*means))
    assert decide(parse("k_of_n(2, 5)"), state).verdict == verdict


def test_k_of_n_tolerance_is_relative() -> None:
    state = replace(CALM, gate_loss=0.5, losses=_losses(0.54, 0.54))
    assert decide(parse("k_of_n(2, 5, 10%)"), state).verdict == "hold"
    assert decide(parse("k_of_n(2, 5)"), state).verdict == "retrain"


def test_alarm_rule_names_subject() -> None:
    state = replace(CALM, alarms=(Alarm("temp", "2013-03-02"), Alarm("dest", "2013-03-04")))
    decision = decide(parse("on_alarm"), state)
    assert (decision.verdict, decision.reason) == ("retrain", "temp has alarmed since 2013-03-02 and 1 more")
    assert decide(parse("on_alarm"), CALM).verdict == "hold"


@pytest.mark.parametrize(("value", "verdict"), [(0.2, "hold"), (0.21, "retrain"), (None, "hold")])
def test_library_rule_is_a_threshold(value: float | None, verdict: str) -> None:
    state = CALM if value is None else replace(CALM, signals={"psi": value})
    assert decide(parse("psi(0.2)"), state).verdict == verdict


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("any_of(never, every(7))", "retrain"),
        ("all_of(never, every(7))", "hold"),
        ("all_of(every(7), any_of(never, every(3)))", "retrain"),
        ("any_of(never, every(8))", "hold"),
    ],
)
def test_rules_combine(rule: str, verdict: str) -> None:
    assert decide(parse(rule), CALM).verdict == verdict


def test_combined_reason_quotes_who_decided() -> None:
    decision = decide(parse("any_of(never, every(7))"), CALM)
    assert decision.reason == "every(7): 7 of 7 partitions have passed since the last training"


def test_settled_nights_pay_for_no_probes() -> None:
    assert windows_wanted(parse("every(7)"), CALM) == ()


def test_record_replays_to_same_decision() -> None:
    policy = parse("any_of(on_loss(3), every(7))", Limits(cooldown=2))
    state = replace(
        CALM, gate_loss=0.5, losses=_losses(0.5, 0.6), probes=(Probe("all", (Pair("d", 1, 0.5, 0.0, 0.0, 0.01, 0.1),)),)
    )
    decision = decide(policy, state)
    body = json.loads(json.dumps(record(policy, state, decision, ["never", "every(30)"])))
    assert decided_again(body) == decision_of(body) == decision
    assert body["others"]["never"]["verdict"] == "hold"


def test_record_without_decision_is_refused() -> None:
    with pytest.raises(PolicyError, match="has no decision"):
        decision_of({})


def test_alternatives_answer_by_rule() -> None:
    found = alternatives(CALM, ["never", "every(7)"], Limits())
    assert {rule: answer["verdict"] for rule, answer in found.items()} == {"never": "hold", "every(7)": "retrain"}


def test_settings_become_policy() -> None:
    settings = PolicySettings(rule="every(3)", cooldown=2, budget_minutes_per_week=5.0, min_new_labels=10)
    assert policy_of(settings) == parse("every(3)", Limits(2, 5.0, 10))
