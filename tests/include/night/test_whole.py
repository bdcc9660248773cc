"""Two nights, and everything once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.errors import BlockedError
from include.night.reproduce import reproduced
from include.night.whole import night_step, run_night
from include.registry.champions import champion
from tests.include.night.shops import FIRST, SECOND, rows_of, state

if TYPE_CHECKING:
    from tests.include.night.shops import World

STEPS = ("features", "score", "measure", "decide", "train", "gate", "report")


def test_two_nights_give_champion_and_predictions(world: World) -> None:
    done = world.night(SECOND)
    predictions = rows_of(world.project(), "predictions")
    serving = champion(world.project().model_ledger("sales").records())

    assert (serving.version, serving.since) == (1, FIRST) if serving else False
    assert done["score"] == {"rows": 48, "model_version": 1}
    assert {row["_partition"] for row in predictions} == {SECOND}
    assert len(predictions) == 48
    assert done["decide"]["verdict"] == "hold"
    assert world.project().model_ledger("sales").verify() == len(world.project().model_ledger("sales").records())


def test_night_once_more_changes_nothing(world: World) -> None:
    world.night(SECOND)
    before = state(world.project())
    world.night(SECOND)

    assert state(world.project()) == before
    assert before["ledger sales"] > 5


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_each_step_twice_changes_nothing(world: World, night: str) -> None:
    if night == SECOND:
        world.night(SECOND)
    before = state(world.project())
    for what in STEPS:
        first = night_step(world.project(), "sales", night, what)
        assert night_step(world.project(), "sales", night, what) == first
        assert state(world.project()) == before, what


def test_champion_comes_out_byte_for_byte(world: World) -> None:
    found = reproduced(world.project(), "sales", "1")

    assert found["same"]
    assert found["expected"] == found["found"]


def test_forced_retraining_keeps_its_reason(world: World) -> None:
    done = world.night(SECOND, force="new shop opened")
    record = world.project().model_ledger("sales").records("decision")[-1]

    assert done["decide"]["verdict"] == "retrain"
    assert "new shop opened" in record.body["decision"]["reason"]
    assert done["gate"]["candidate"] == done["train"]["candidate"]


def test_night_refuses_to_begin_without_data(world: World) -> None:
    with pytest.raises(BlockedError, match="waits for its data"):
        run_night(world.project(), "sales", SECOND, wait_for_data=True)
    assert world.project().model_ledger("sales").find(f"night/{SECOND}") is None


def test_slack_down_never_fails_the_night(world: World) -> None:
    from include.project import Project
    from tests.include.night.shops import NOW

    class Down:
        def get(self, conn_id: str) -> None:
            raise ConnectionError(conn_id)

    world.ingest(SECOND)
    project = Project.open(environ=world.environ, actor="tester", clock=lambda: NOW, connections=Down())
    done = run_night(project, "sales", SECOND)

    assert done["score"]["rows"] == 48
    assert done["report"]["page"]
