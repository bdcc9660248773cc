"""`auto` and `challenger`: what they make of cheap candidates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.policy.decide import alternatives, decide, windows_wanted
from include.policy.parse import Limits, Tried, parse
from include.policy.rules.auto import trainings_saved
from include.policy.rules.gain import best_window, edge_of, gain_of, regret_of, weighed
from include.policy.state import Pair, Probe, State

TRIED = Tried(("all", "last(6)"), 4)
CALM = State("m", "2020-09-01", champion="1", since_cut=5, since_training=5, history=40, new_labels=500, served=30)


def _pairs(
    gain: float, gain_error: float = 0.0001, edge: float = 0.0, edge_error: float = 0.001, known: int = 3
) -> tuple:
    return tuple(
        Pair(
            f"p{i}", 12 - i, 0.5, edge, edge_error,
            gain if i >= 12 - known else None, gain_error if i >= 12 - known else None,
        )
        for i in range(12)
    )  # fmt: skip


def _state(gain: float, ageing: float = 0.0, **more: float) -> State:
    edge = more.pop("edge", 0.0)
    pairs, other = _pairs(gain, **more), _pairs(gain, edge=edge, **more)
    return replace(CALM, probes=(Probe("all", pairs, ageing=ageing), Probe("last(6)", other, ageing=ageing)))


def _decided(state: State, **changed: object):
    return decide(parse("auto", tried=TRIED), replace(state, **changed))


@pytest.mark.parametrize(("gain", "verdict"), [(0.0049, "hold"), (0.0051, "retrain"), (-0.2, "hold")])
def test_training_must_earn_one_per_cent(gain: float, verdict: str) -> None:
    assert _decided(_state(gain)).verdict == verdict


@pytest.mark.parametrize(("error", "verdict"), [(0.0099, "retrain"), (0.0101, "hold")])
def test_gain_within_chance_is_no_reason(error: float, verdict: str) -> None:
    decision = _decided(_state(0.02, gain_error=error, known=1))
    assert decision.verdict == verdict
    assert ("may be chance" in decision.reason) == (verdict == "hold")


@pytest.mark.parametrize(("long_ageing", "verdict"), [(0.0, "hold"), (0.0029, "hold"), (0.0031, "retrain")])
def test_candidates_shown_to_age_need_not_prove_it_each_time(long_ageing: float, verdict: str) -> None:
    state = _state(0.02, gain_error=0.0101, known=1)
    probes = tuple(replace(probe, long_ageing=long_ageing, long_ageing_error=0.001) for probe in state.probes)
    decision = _decided(state, probes=probes)
    assert decision.verdict == verdict
    assert decision.evidence["long_ageing_error"] == 0.001
    assert ("older candidates are shown to lose more" in decision.reason) == (verdict == "retrain")


@pytest.mark.parametrize(("ageing", "verdict"), [(0.0337, "retrain"), (0.0338, "hold")])
def test_training_is_bought_when_regret_reaches_its_price(ageing: float, verdict: str) -> None:
    decision = _decided(_state(0.03, ageing))  # 3 × 0.03 of regret; a third of ageing · 4² / 2
    assert decision.verdict == verdict
    assert decision.evidence["price"] == pytest.approx(ageing * 8 / 3, rel=1e-6)
    assert decision.evidence["regret"] == pytest.approx(0.09)


def test_price_does_not_depend_on_trainings_saved() -> None:
    state = _state(0.03, 0.02)
    prices = [_decided(state, served=30, trainings=past).evidence["price"] for past in ((), (12, 11, 10, 9, 8))]
    assert prices == pytest.approx([0.16 / 3, 0.16 / 3])


def test_reason_says_what_was_compared() -> None:
    decision = _decided(_state(0.05))
    assert decision.reason == (
        "of 2 windows all history has been best; a fresh candidate lowers the champion's loss by 10.0% over 3 stretches: "
        "30.0% of a stretch's loss, where a training is worth 0.0%"
    )
    assert decision.window == "all"


def test_window_that_was_right_is_chosen() -> None:
    decision = _decided(_state(0.05, edge=0.02))
    assert decision.window == "last(6)"
    assert decision.evidence["edges"] == {"last(6)": 0.04}


def test_window_that_may_be_luck_is_not_chosen() -> None:
    probes = _state(0.05, edge=0.02, edge_error=0.5).probes
    assert best_window(probes)[0].window == "all"


def test_window_of_the_model_is_left_alone() -> None:
    state = _state(0.05, edge=-0.3)
    decision = decide(parse("auto", tried=Tried(("all", "last(6)"), 4, "last(6)")), state)
    assert (decision.verdict, decision.window) == ("retrain", None)
    assert decision.reason.startswith("on last(6); a fresh candidate lowers")


def test_share_of_trainings_is_kept() -> None:
    state = _state(0.05)
    assert _decided(state, served=8, trainings=(6, 2, 1)).verdict == "hold"
    assert "a training is earned every 4 partitions only" in _decided(state, served=8, trainings=(6, 2, 1)).reason
    assert _decided(state, served=8, trainings=(6,)).verdict == "retrain"


def test_quiet_times_save_three_trainings() -> None:
    assert trainings_saved(100, (), 4) == 3.0
    assert trainings_saved(100, (3, 2, 1), 4) == pytest.approx(0.75)


@pytest.mark.parametrize("horizon", [4, 7])
def test_long_run_share_is_one_in_horizon(horizon: int) -> None:
    trainings: list[int] = []
    for night in range(1, 401):
        if trainings_saved(night, tuple(night - t for t in trainings), horizon) >= 1:
            trainings.append(night)
    assert len(trainings) - 400 // horizon in (1, 2)


def test_every_seven_decides_before_there_is_history() -> None:
    early = replace(CALM, probes=(Probe("all", _pairs(0.1)[:2]),), since_training=7)
    assert _decided(early).verdict == "retrain"
    assert _decided(early).reason.startswith("2 of 3 comparisons that auto needs, so every(7) still decides")
    assert _decided(early, since_training=6).verdict == "hold"


def test_nothing_newer_than_champion_holds() -> None:
    decision = _decided(_state(0.1, known=0))
    assert decision.verdict == "hold"
    assert decision.reason.startswith(
        "no candidate that has learned more than the champion has met labels yet (of 2 windows all history"
    )


def test_auto_asks_for_its_windows() -> None:
    policy = parse("auto", Limits(cooldown=3), TRIED)
    assert windows_wanted(policy, CALM) == ("all", "last(6)")
    assert windows_wanted(policy, replace(CALM, since_training=2)) == ()
    assert windows_wanted(policy, replace(CALM, health="block")) == ()


@pytest.mark.parametrize(("gain", "verdict"), [(0.014, "hold"), (0.016, "retrain")])
def test_challenger_needs_its_margin(gain: float, verdict: str) -> None:
    decision = decide(parse("challenger(3%)"), _state(gain))
    assert (decision.verdict, decision.rule) == (verdict, "challenger(3%)")


def test_challenger_without_labels_holds() -> None:
    assert decide(parse("challenger(3%)"), CALM).reason.startswith("no challenger newer than the champion")


def test_others_that_need_candidates_say_so() -> None:
    found = alternatives(CALM, ["auto", "never"], Limits(), TRIED)
    assert found["auto"] == {"verdict": None, "reason": "would have trained cheap candidates to answer"}
    assert alternatives(_state(0.05), ["auto"], Limits(), TRIED)["auto"]["verdict"] == "retrain"


def test_newest_gain_counts_most() -> None:
    pairs = tuple(Pair(name, 1, 0.5, 0, 0, gain, 0.0) for name, gain in (("a", 0.0), ("b", 0.0), ("c", 1.0)))
    gain = gain_of(pairs)
    assert gain is not None
    assert gain.mean == pytest.approx(1 / (1 + 0.3 + 0.09))
    assert gain_of(()) is None


def test_regret_is_the_sum_of_gains_by_their_share_of_a_stretch() -> None:
    pairs = (
        Pair("a", 8, 0.5, 0, 0, None, None),
        Pair("b", 4, 0.5, 0, 0, 1.0, 0.3),
        Pair("c", 1, 0.5, 0, 0, 2.0, 0.8, 0.5),
    )
    regret = regret_of(pairs)
    assert regret is not None
    assert (regret.total, regret.stretches) == (2.0, 1.5)
    assert regret.error == pytest.approx(0.5)
    assert regret_of(pairs[:1]) is None


def test_regret_forgets_when_the_champion_was_better() -> None:
    regret = regret_of(
        tuple(Pair(str(i), 9 - i, 0.5, 0, 0, gain, 0.1) for i, gain in enumerate((-3.0, -1.0, 0.5, 0.7)))
    )
    assert regret is not None
    assert (regret.total, regret.stretches) == (1.2, 2.0)


def test_errors_of_stretches_add_up() -> None:
    assert weighed([(1.0, 3.0), (1.0, 4.0)], 1.0).error == 2.5
    assert edge_of(Probe("x", _pairs(0, edge=0.1))).mean == pytest.approx(0.1)
