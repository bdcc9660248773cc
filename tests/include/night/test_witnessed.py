"""The tables tell of records that are gone or were written anew, which a chain of digests cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.errors import LedgerError
from include.night import steps
from include.night.promote import act
from include.night.steps import steps_table
from include.night.whole import night_step
from include.night.witnessed import seen, unlike_witnessed
from tests.include.night.forged import changed, rechained, unchanged
from tests.include.night.shops import FIRST, SECOND, World

if TYPE_CHECKING:
    from include.night.witnessed import Difference


def _unlike(world: World) -> list[Difference]:
    return unlike_witnessed(world.project(), "sales")


def test_each_step_witnesses_the_records_of_its_end(world: World) -> None:
    records = world.project().model_ledger("sales").records()
    found = seen(world.project(), "sales")

    assert sorted(one.step for one in found) == ["decide", "features", "gate", "measure", "report", "score", "train"]
    assert [one.digest for one in found] == [records[one.records - 1].digest for one in found]
    assert found[-1].records == len(records)
    assert _unlike(world) == []


def test_a_dropped_newest_record_is_told(world: World) -> None:
    count = len(world.project().model_ledger("sales").records())
    rechained(world, unchanged, drop=1)

    (found,) = _unlike(world)
    assert (found.partition, found.recorded, found.again) == (FIRST, count - 1, count)
    assert found.what == "number of records of the ledger, as the step report saw it"


def test_a_record_written_anew_is_told_with_where_it_lies(world: World) -> None:
    world.night(SECOND)
    rechained(world, changed(f"decision/{SECOND}", state__new_labels=17))

    (found,) = _unlike(world)
    assert found.partition == SECOND
    assert f"(decision/{SECOND})" in found.what
    assert found.recorded != found.again


def test_records_after_the_newest_step_are_nothing_to_tell(world: World) -> None:
    act(world.project(), "sales", action="freeze", reason="audit", by_hand=True)

    assert _unlike(world) == []


def test_compaction_takes_no_witness_away(world: World) -> None:
    before = seen(world.project(), "sales")
    assert steps_table(world.project(), "models", "sales").compact()

    assert seen(world.project(), "sales") == before


def test_a_decided_night_without_its_record_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "seen_at", lambda *_: {})  # as commits were before they witnessed anything
    world.night(SECOND)
    newest = world.project().model_ledger("sales").records()
    dropped = len(newest) - next(r.number for r in newest if r.key == f"decision/{SECOND}")
    rechained(world, unchanged, drop=dropped)

    assert [(one.partition, one.what) for one in _unlike(world)] == [
        (SECOND, "record of the decision that its step has taken")
    ]
    rechained(world, unchanged, drop=2)
    assert [one.what for one in _unlike(world)] == [
        "record night_start of a night with predictions",
        "record of the decision that its step has taken",
    ]


def test_a_night_that_is_not_decided_yet_is_nothing_to_tell(world: World) -> None:
    from include.night.wait import wait

    world.ingest(SECOND)
    wait(world.project(), "sales", SECOND, expired=True)
    for step in ("features", "score"):
        night_step(world.project(), "sales", SECOND, step)

    assert _unlike(world) == []


def test_a_step_tells_its_own_error_where_the_ledger_is_broken(world: World) -> None:
    def broken(*_: Any) -> None:
        raise LedgerError.at("the ledger", "is broken", "a whole one", "restore it")

    project = world.project()
    project.model_ledger("sales").records = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError), steps.step(project, "models", "sales", FIRST, "score"):
        raise ZeroDivisionError

    rows = steps_table(world.project(), "models", "sales").read().to_pylist()
    assert sorted(row["state"] for row in rows if row["step"] == "score") == ["done", "failed"]
