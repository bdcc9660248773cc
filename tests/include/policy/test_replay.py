"""The replay and, above all, that no policy can see the future."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from include.policy.example import straight_history
from include.policy.gating import gate_of
from include.policy.hindsight import board_of
from include.policy.parse import Limits, Tried, parse
from include.policy.replay import replayed
from include.policy.standing import Judge
from tests.include.policy.conftest import made_up_model, world_of

if TYPE_CHECKING:
    from include.policy.history import History

TRIED = Tried(("all", "last(3)"), 4)
RULES = (
    "auto",
    "challenger(3%)",
    "every(3)",
    "on_loss(2)",
    "on_alarm",
    "k_of_n(2, 5)",
    "psi(0.2)",
    "drift_share(0.5)",
    "adwin",
    "any_of(auto, every(5))",
)


def _steps(world, rule: str) -> list:
    return replayed(world, parse(rule, tried=TRIED)).steps


def _with_other_future(history: History, after: int) -> History:
    """Return the same past, and after a partition rows of another world."""
    first = int(history.offsets[after + 1])
    draw = np.random.default_rng(9)
    features, label = history.features.copy(), history.label.copy()
    features[first:] = 5 + 3 * draw.normal(size=features[first:].shape)
    label[first:] = 100 * draw.normal(size=len(label[first:]))
    return replace(history, features=features, label=label)


@pytest.fixture(scope="module", params=[0, 1])
def two_futures(request, tmp_path_factory) -> tuple:
    history = straight_history(14, rows=60, turn=7)
    other = _with_other_future(history, 10)
    worlds = [
        world_of(h, tmp_path_factory.mktemp("future"), label_delay=request.param) for h in (history, other, history)
    ]
    return worlds[0], worlds[1]


@pytest.mark.parametrize("rule", RULES)
def test_policy_cannot_see_the_future(two_futures, rule: str) -> None:
    one, other = two_futures
    known = [step for step in _steps(one, rule) if step.night <= 10]
    assert known == [step for step in _steps(other, rule) if step.night <= 10]
    assert len(known) >= 6


@pytest.mark.parametrize("rule", RULES)
def test_policy_does_not_know_how_long_it_will_last(tmp_path, rule: str) -> None:
    history = straight_history(12, rows=40, turn=6)
    options = {"first": history.partitions[4].key}
    whole = world_of(history, tmp_path, **options)
    short = world_of(history.between(0, 9), tmp_path, **options)
    shared = [step for step in _steps(whole, rule) if step.night <= 8]
    assert shared == _steps(short, rule)


def test_labels_that_come_late_are_not_used_early(tmp_path) -> None:
    history = straight_history(12, rows=40, delay_days=2)
    flipped = replace(history, label=history.label.copy())
    late = history.known > history.ends()[8]
    flipped.label[late] *= -50
    worlds = [world_of(h, tmp_path / str(i), label_delay=None) for i, h in enumerate((history, flipped))]
    one, other = ([s for s in _steps(w, "auto") if s.night <= 8] for w in worlds)
    assert one == other
    assert len(one) == 5


def test_never_serves_the_first_champion(turning) -> None:
    path = replayed(turning, parse("never"))
    assert len(set(path.champions)) == 1
    assert (path.retrains, path.promotions, path.cpu_seconds) == (0, 0, 0.0)


def test_always_trains_every_night(turning) -> None:
    path = replayed(turning, parse("always"))
    assert path.retrains == path.promotions == len(turning.nights)
    assert [cell.cut for cell in path.champions] == list(range(turning.setup.start, len(turning.time.history) - 1))


def test_candidate_serves_from_the_next_partition(turning) -> None:
    path = replayed(turning, parse("every(4)"))
    cuts = [cell.cut for cell in path.champions]
    assert cuts == [3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11]


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_always_trains_every_night_whatever_the_latency(tmp_path, latency: int) -> None:
    world = world_of(straight_history(12, rows=30), tmp_path, latency=latency)
    judge = Judge.of(board_of(world, world.setup.windows), 0)
    always, other = replayed(world, parse("always")), replayed(world, parse("any_of(every(1), every(2))"))
    assert always.retrains == len(world.nights)
    assert always.losses.tolist() == judge.always.tolist()
    if latency > 1:
        assert other.retrains < always.retrains
        key = world.time.history.partitions[world.nights[0]].key
        assert other.steps[1].reason == f"candidate {key} still awaits its verdict or its turn, and only one may"


def test_latency_delays_serving(tmp_path) -> None:
    world = world_of(straight_history(10, rows=30), tmp_path, latency=2)
    path = replayed(world, parse("every(4)"))
    assert [cell.cut for cell in path.champions] == [2, 2, 2, 2, 2, 2, 6]
    eager = replayed(world, parse("any_of(every(1), every(2))"))
    assert [step.verdict for step in eager.steps] == ["retrain", "hold"] * 3


def test_label_delay_trains_on_older_labels(tmp_path) -> None:
    world = world_of(straight_history(10, rows=30), tmp_path, label_delay=2)
    path = replayed(world, parse("always"))
    assert [cell.cut for cell in path.champions] == [1, 2, 3, 4, 5, 6]
    assert [night - 2 for night in world.nights] == [2, 3, 4, 5, 6]


def test_auto_answers_the_turn(turning) -> None:
    path = replayed(turning, parse("auto", tried=TRIED))
    never = replayed(turning, parse("never"))
    trained = [step.night for step in path.steps if step.verdict == "retrain"]
    assert any(night in (10, 11) for night in trained)
    assert path.losses[-3:].mean() < 0.6 * never.losses[-3:].mean()
    assert 0 < path.probe_seconds < path.cpu_seconds


def test_auto_chooses_the_recent_window_after_the_turn(turning) -> None:
    path = replayed(turning, parse("auto", tried=TRIED))
    assert "last(3)" in {step.window for step in path.steps if step.verdict == "retrain"}


def test_auto_keeps_still_without_drift(tmp_path) -> None:
    world = world_of(straight_history(24, rows=400), tmp_path)
    path = replayed(world, parse("auto", tried=TRIED))
    assert path.retrains <= 0.1 * len(world.nights)


def test_limits_hold_in_the_replay(turning) -> None:
    path = replayed(turning, parse("always", Limits(cooldown=3)))
    assert path.retrains == len(turning.nights) // 4
    poor = replayed(turning, parse("always", Limits(budget_minutes_per_week=1e-9)))
    assert poor.retrains == 0


def test_gate_lets_nothing_worse_in(turning) -> None:
    gate = gate_of(made_up_model().gate, "regression", "superior", 4)
    path = replayed(turning, parse("always"), gate)
    assert path.promotions < path.retrains
    assert any("still awaits" in step.reason for step in path.steps)


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """Twenty-six days; on the tenth the sign of the outcome turns."""
    return world_of(straight_history(26, rows=80, turn=9), tmp_path_factory.mktemp("longer"))


def test_gated_candidate_keeps_the_holdout(longer) -> None:
    model = made_up_model(gate={"holdout": "1d", "max_wait": 6})
    gate = gate_of(model.gate, "regression", "expected", 4)
    path = replayed(longer, parse("always"), gate)
    assert path.promotions >= 1
    promoted = {cell.cut for cell in path.champions} - {longer.setup.start}
    trained = {step.night for step in path.steps if step.verdict == "retrain"}
    assert {cut + longer.setup.holdout(cut + 2) for cut in promoted} <= trained


def test_refit_serves_the_newest_labels(longer) -> None:
    model = made_up_model(gate={"holdout": "1d", "max_wait": 6, "refit": True})
    plain = gate_of(made_up_model(gate={"holdout": "1d", "max_wait": 6}).gate, "regression", "expected", 4)
    refitted = gate_of(model.gate, "regression", "expected", 4)
    one, other = (replayed(longer, parse("always"), gate) for gate in (plain, refitted))
    changed = [(a.cut, b.cut) for a, b in zip(one.champions, other.champions, strict=True) if a != b]
    assert changed
    assert all(after > before for before, after in changed)


def _gate(refit: bool):
    return gate_of(
        made_up_model(gate={"holdout": "3d", "max_wait": 6, "refit": refit}).gate, "regression", "expected", 4
    )


def test_labels_in_the_next_holdout_are_nothing_new_beside_a_refit(tmp_path) -> None:
    world = world_of(straight_history(26, rows=60, turn=9), tmp_path, gate={"holdout": "3d"})
    assert world.setup.holdout(20) == 3
    cell = world.candidate(16, "all")
    refitted, left = world.serving(15, cell, 16), world.serving(15, world.candidate(16, "all", holdout=True))
    policy = parse("every(1)", Limits(min_new_labels=60))

    def new(night: int, champion, *, gated: bool = True) -> int:
        return world.state(night, champion, [15], None, policy, gated=gated).new_labels

    assert [new(night, refitted) // 60 for night in (17, 18, 19, 20, 21)] == [0, 0, 0, 1, 2]
    assert [new(night, refitted, gated=False) // 60 for night in (17, 20)] == [1, 4]
    assert [new(night, left) // 60 for night in (17, 20)] == [4, 7]
    assert world.state(20, refitted, [15], None, policy).since_training == 4
    assert world.state(20, left, [15], None, policy).since_training == 5


def test_night_after_a_refit_starts_no_training_that_could_learn_nothing(tmp_path) -> None:
    world = world_of(straight_history(26, rows=60, turn=9), tmp_path, gate={"holdout": "3d"})
    path = replayed(world, parse("always"), _gate(refit=True))
    trained = [step.night for step in path.steps if step.verdict == "retrain"]
    served = [cell.cut for cell in path.champions]
    assert path.promotions >= 2
    for night in trained:
        at = night - world.scored[0]
        assert int(world.time.newest[night]) - world.setup.holdout(int(world.time.newest[night]) + 1) > served[at]
    assert any("0 new labels have matured" in step.reason for step in path.steps)


def test_night_of_a_verdict_decides_before_it_is_known(tmp_path) -> None:
    world = world_of(straight_history(26, rows=60, turn=9), tmp_path, gate={"holdout": "3d"})
    for refit in (False, True):
        path = replayed(world, parse("always"), _gate(refit))
        held = [step.night for step in path.steps if "still awaits its verdict" in step.reason]
        trained = [step.night for step in path.steps if step.verdict == "retrain"]
        assert held
        assert not {*held} & {*trained}
        changed = [s for s in range(1, len(path.champions)) if path.champions[s] != path.champions[s - 1]]
        assert all(world.scored[0] + s - 1 in {*held, *trained} for s in changed)
