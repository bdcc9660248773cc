"""Replay decides every recorded night again: verdicts and numbers must agree, words need not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from include.errors import LedgerError
from include.night.promote import act
from include.night.replay import replayed
from include.night.whole import run_night
from include.policy.rules.fixed import Every
from include.policy.state import Answer
from tests.include.night.shops import SECOND, THIRD

if TYPE_CHECKING:
    from include.policy.state import State
    from tests.include.night.shops import World


def _lines(world: World) -> list[tuple[str, Any, Any, bool]]:
    rows = replayed(world.project(), "sales")
    return [(row["partition"], row["recorded"], row["again"], row["same"]) for row in rows]


def _forge(world: World, night: str, **changed: Any) -> None:
    """Append the record of a decision that was changed; the ledger's chain is whole."""
    ledger = world.project().model_ledger("sales")
    body = copy.deepcopy(dict(next(r for r in ledger.records("decision") if r.body["partition"] == night).body))
    body["decision"] |= changed
    ledger.append("decision", f"decision/{night}/forged", body)


def test_reworded_reasons_agree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.night(SECOND)
    world.night(THIRD)
    said = Every.answer

    def otherwise(self: Every, state: State) -> Answer:
        answer = said(self, state)
        return Answer(answer.retrain, f"in other words: {answer.reason}", answer.evidence, answer.window)

    monkeypatch.setattr(Every, "answer", otherwise)

    assert {line[3] for line in _lines(world)} == {True}
    assert len(_lines(world)) == 3


def test_a_record_changed_behind_a_checkpoint_is_found(world: World) -> None:
    world.night(SECOND)
    ledger = world.project().model_ledger("sales")
    decided = ledger.find(f"decision/{SECOND}")
    while len(ledger.records()) < 70:
        ledger.append("note", f"note/{len(ledger.records())}", {})
    path = ledger.location.path / f"{decided.number:010d}.json"
    assert len(_lines(world)) == 2

    path.write_bytes(path.read_bytes().replace(b'"verdict":"', b'"verdict":"not '))

    with pytest.raises(LedgerError, match="was changed after it was written"):
        _lines(world)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"verdict": "retrain"}, "verdict of the decision"),
        ({"evidence": {"passed": 99, "n": 3}}, "evidence.passed of the decision"),
        ({"rule": "auto"}, "rule of the decision"),
    ],
)
def test_changed_decision_is_named(world: World, changed: dict[str, Any], what: str) -> None:
    world.night(SECOND)
    _forge(world, SECOND, **changed)
    different = [row for row in replayed(world.project(), "sales") if not row["same"]]

    assert [row["reason"] for row in different] == [what]


def test_retraining_called_held_back_is_named(world: World) -> None:
    world.night(SECOND, force="try")
    reason = "the later night 2024-01-30 is decided already; decisions only go forward"
    _forge(world, SECOND, verdict="hold", reason=reason, evidence={"forced": "try"}, rule="manual")
    different = [row for row in replayed(world.project(), "sales") if not row["same"]]

    assert len(different) == 1


def test_night_before_a_decided_one_is_held_back_again(world: World) -> None:
    world.ingest(SECOND, THIRD)
    run_night(world.project(), "sales", THIRD)
    run_night(world.project(), "sales", SECOND, force="try")

    assert _lines(world)[-1] == (SECOND, "hold", "hold", True)


def test_frozen_champion_is_held_back_again(world: World) -> None:
    act(world.project(), "sales", action="freeze", reason="audit", by_hand=True)
    world.night(SECOND, force="try")
    act(world.project(), "sales", action="thaw", reason="audit over", by_hand=True)

    assert _lines(world)[-1] == (SECOND, "hold", "hold", True)
