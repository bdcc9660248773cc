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
    assert newest.gain is not None
    assert body["decision"]["rule"] == "auto"
    assert "a fresh candidate on" in body["decision"]["reason"]


def test_champion_is_not_judged_on_what_it_learned(world: World) -> None:
    _auto(world).night(SECOND)
    state = State.from_json(_record(world, SECOND)["state"])
    trained = world.project().model_ledger("sales").records("candidate")[0].body["train"]["last"]

    assert trained == "2024-01-12"
    assert {pair.partition for pair in state.probes[0].pairs if pair.gain is None} >= {"2024-01-12", "2024-01-11"}
    assert all(pair.gain is None for pair in state.probes[0].pairs if pair.partition <= trained)


def test_later_night_trains_only_what_is_new(world: World) -> None:
    _auto(world).night(SECOND)
    cells = world.folder / "home" / "models" / "sales" / "probes" / "cells"
    before = set(cells.rglob("*.npz"))
    world.night(THIRD)

    assert before < set(cells.rglob("*.npz"))
    assert len(set(cells.rglob("*.npz")) - before) <= 4  # one a window, and the champion's twin


def test_decision_with_probes_replays(world: World) -> None:
    _auto(world).night(SECOND)
    body = _record(world, SECOND)

    assert decided_again(body) == decision_of(body)
    assert night_step(world.project(), "sales", SECOND, "decide")["reason"] == body["decision"]["reason"]


def test_other_rules_pay_for_no_candidates(world: World) -> None:
    world.night(SECOND)

    assert _record(world, SECOND)["state"]["probes"] == []
    assert not (world.folder / "home" / "models" / "sales" / "probes").exists()
