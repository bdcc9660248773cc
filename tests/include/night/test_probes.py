from __future__ import annotations

from typing import TYPE_CHECKING

from include.night.whole import night_step
from include.policy.decide import decided_again, decision_of
from include.policy.state import State
from tests.include.night.shops import SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World


def _auto(world: World) -> World:
    file = world.config / "models" / "sales.yaml"
    file.write_text(file.read_text().replace("policy: every(3)", "policy: {rule: auto, windows: [3d]}"))
    return world


def _record(world: World, partition: str) -> dict:
    found = world.project().model_ledger("sales").find(f"decision/{partition}")
    assert found is not None
    return found.body


def test_night_asks_the_cheap_candidates(world: World) -> None:
    _auto(world).night(SECOND)
    body = _record(world, SECOND)
    state = State.from_json(body["state"])

    assert [probe.window for probe in state.probes] == ["all", "last(3)", "decay(3)"]
    assert all(probe.cpu_seconds > 0 for probe in state.probes)
    newest = state.probes[0].pairs[-1]
    assert (newest.partition, newest.age) == ("2024-01-16", 1)  # labels come a day late
    assert body["decision"]["rule"] == "auto"
    assert body["decision"]["reason"].startswith("2 of 3 comparisons that auto needs, so every(7) still decides")


def test_gain_is_what_a_training_of_the_night_would_have_brought(world: World) -> None:
    for night in (SECOND, THIRD):
        _auto(world).night(night)
    trained = world.project().model_ledger("sales").records("candidate")[0].body["train"]["last"]
    state = State.from_json(_record(world, THIRD)["state"])

    assert trained == "2024-01-12"
    # the gate keeps three days: what could be trained instead reaches 2024-01-13, and was judged on what followed
    assert [pair.partition for pair in state.probes[0].pairs if pair.gain is not None] == ["2024-01-17"]


def test_two_newest_cuts_are_trained_a_night(world: World) -> None:
    _auto(world).night(SECOND)
    cells = world.folder / "home" / "models" / "sales" / "probes" / "cells"
    before = set(cells.rglob("*.npz"))
    world.night(THIRD)
    state = State.from_json(_record(world, THIRD)["state"])

    assert len(before) == 2 * 3 + 1  # one a window, and the champion's twin
    assert len(set(cells.rglob("*.npz")) - before) <= 2 * 3
    assert [pair.partition[-2:] for pair in state.probes[0].pairs] == ["14", "15", "16", "17"]
    assert "every(7)" not in _record(world, THIRD)["decision"]["reason"]


def test_decision_with_probes_replays(world: World) -> None:
    _auto(world).night(SECOND)
    body = _record(world, SECOND)

    assert decided_again(body) == decision_of(body)
    assert night_step(world.project(), "sales", SECOND, "decide")["reason"] == body["decision"]["reason"]


def test_other_rules_pay_for_no_candidates(world: World) -> None:
    world.night(SECOND)

    assert _record(world, SECOND)["state"]["probes"] == []
    assert not (world.folder / "home" / "models" / "sales" / "probes").exists()
