"""One record is the promotion; what it rests on must still be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import BlockedError, ConflictError, LedgerError
from include.night.promote import act
from include.night.wait import wait
from include.night.whole import night_step
from tests.include.night.shops import SECOND, THIRD

if TYPE_CHECKING:
    from tests.include.night.shops import World


def _second_champion(world: World) -> tuple[str, str]:
    """Return the digests of the first and of the second champion."""
    done = world.night(SECOND, force="try")
    records = world.project().model_ledger("sales").records("promotion")
    assert done["gate"]["verdict"] == "pass"
    return records[0].body["candidate"], records[1].body["candidate"]


def test_promotion_serves_from_the_next_night(world: World) -> None:
    first, second = _second_champion(world)
    start = world.project().model_ledger("sales").find(f"night/{SECOND}")
    world.ingest(THIRD)

    assert start is not None
    assert start.body["champion"] == first
    assert (wait(world.project(), "sales", THIRD) or {})["champion"] == second


def _challenger(world: World, night: str) -> str:
    """Return the digest of a candidate that passed in a night and is not promoted."""
    world.ingest(night)
    project = world.project()
    wait(project, "sales", night, expired=True)
    for what in ("features", "score", "measure"):
        night_step(project, "sales", night, what)
    night_step(project, "sales", night, "decide", force="once more")
    night_step(project, "sales", night, "train")
    judged = night_step(project, "sales", night, "gate")
    assert judged["verdict"] == "pass"
    return str(judged["candidate"])


def test_refuses_a_candidate_of_an_earlier_champion(world: World) -> None:
    first, second = _second_champion(world)
    candidate = _challenger(world, THIRD)
    act(world.project(), "sales", action="roll_back", reason="worse")

    with pytest.raises(ConflictError, match=f"was judged against {second}, but the champion is {first}"):
        act(world.project(), "sales", action="promote", candidate=candidate)
    assert len(world.project().model_ledger("sales").records("promotion")) == 3
    world.ingest("2024-01-19")
    assert wait(world.project(), "sales", "2024-01-19") is not None  # no promotion is on its way any more


def test_night_waits_for_a_promotion_on_its_way(world: World) -> None:
    candidate = _challenger(world, SECOND)
    world.ingest(THIRD)
    assert wait(world.project(), "sales", THIRD) is None
    act(world.project(), "sales", action="promote")

    assert (wait(world.project(), "sales", THIRD) or {})["champion"] == candidate


def test_frozen_champion_refuses_a_challenger(world: World) -> None:
    candidate = _challenger(world, SECOND)
    act(world.project(), "sales", action="freeze", reason="audit")
    with pytest.raises(BlockedError, match="the champion is frozen: audit"):
        act(world.project(), "sales", action="promote", candidate=candidate)
    world.ingest(THIRD)

    assert (wait(world.project(), "sales", THIRD) or {})["champion_version"] == 1


def test_promoting_twice_is_one_record(world: World) -> None:
    _, second = _second_champion(world)
    again = act(world.project(), "sales", action="promote", candidate=second)

    assert (again["champion"], again["version"]) == (second, 2)
    assert len(world.project().model_ledger("sales").records("promotion")) == 2


def test_roll_back_serves_from_the_next_night(world: World) -> None:
    first, _ = _second_champion(world)
    told = act(world.project(), "sales", action="roll_back", reason="worse on Sundays", actor="ada")
    record = world.project().model_ledger("sales").records("promotion")[-1]
    done = world.night(THIRD)

    assert (told["champion"], told["version"]) == (first, 1)
    assert (record.actor, record.body["reason"]) == ("ada", "worse on Sundays")
    assert done["score"]["model_version"] == 1


@pytest.mark.parametrize(
    ("action", "reason", "message"),
    [
        ("roll_back", "why not", "has no earlier champion"),
        ("roll_back", "", "roll_back has no reason"),
        ("promote", "", "has no challenger"),
        ("dance", "fun", "action 'dance' is not known"),
    ],
)
def test_refuses_what_cannot_be_done(world: World, action: str, reason: str, message: str) -> None:
    before = len(world.project().model_ledger("sales").records())
    with pytest.raises(LedgerError, match=message):
        act(world.project(), "sales", action=action, reason=reason)
    assert len(world.project().model_ledger("sales").records()) == before


def test_frozen_champion_holds_until_thawed(world: World) -> None:
    act(world.project(), "sales", action="freeze", reason="audit")
    held = world.night(SECOND, force="try")
    act(world.project(), "sales", action="thaw", reason="audit done")
    free = world.night(THIRD, force="try again")

    assert held["decide"] == {
        "verdict": "hold",
        "reason": "the champion is frozen: audit",
        "rule": held["decide"]["rule"],
    }
    assert free["decide"]["verdict"] == "retrain"
