"""A night killed anywhere and run again gives the tables of one that was never killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.night.publish import publish
from include.night.validate import validate
from include.night.whole import run_ingest, run_night
from include.registry.ledger import Ledger
from include.storage.tables import Table
from tests.include.night.shops import SECOND, World, copy_of, rows_of, state

if TYPE_CHECKING:
    from pathlib import Path


class Killed(BaseException):
    """Stands for the end of the process."""


def _dying(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, calls: int, *, after: bool) -> None:
    """Let the n-th call of a method die, before or after its effect."""
    real, seen = getattr(owner, name), [0]

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen[0] += 1
        if seen[0] == calls and not after:
            raise Killed
        result = real(self, *args, **kwargs)
        if seen[0] == calls:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, method)


def _outcome(world: World) -> dict[str, Any]:
    project = world.project()
    found: dict[str, Any] = {name: rows_of(project, name) for name in ("features", "labels", "predictions")}
    found["evidence"] = len(rows_of(project, "evidence", "order"))
    found["ledger"] = [record.key for record in project.model_ledger("sales").records()]
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, Any]]:
    """Return an installation whose second night is ingested, and the outcome of a night that nobody kills."""
    from tests.include.night.shops import prepared

    ready = copy_of(prepared(tmp_path_factory), tmp_path_factory.mktemp("repeat") / "ready")
    ready.ingest(SECOND)
    done = copy_of(ready, tmp_path_factory.mktemp("repeat") / "done")
    run_night(done.project(), "sales", SECOND, force="try")
    return ready, _outcome(done)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("calls", [1, 2, 4, 6])
def test_night_killed_at_a_ledger_record(
    whole: tuple[World, dict[str, Any]], tmp_path: Path, calls: int, after: bool
) -> None:
    world = copy_of(whole[0], tmp_path / "world")
    with pytest.MonkeyPatch.context() as patch:
        _dying(patch, Ledger, "append", calls, after=after)
        with pytest.raises(Killed):
            run_night(world.project(), "sales", SECOND, force="try")
    run_night(world.project(), "sales", SECOND, force="try")

    assert _outcome(world) == whole[1]


@pytest.mark.parametrize("calls", [1, 2])
def test_night_killed_at_a_table(whole: tuple[World, dict[str, Any]], tmp_path: Path, calls: int) -> None:
    world = copy_of(whole[0], tmp_path / "world")
    with pytest.MonkeyPatch.context() as patch:
        _dying(patch, Table, "publish", calls, after=True)
        with pytest.raises(Killed):
            run_night(world.project(), "sales", SECOND, force="try")
    run_night(world.project(), "sales", SECOND, force="try")

    assert _outcome(world) == whole[1]


def test_publication_killed_before_its_verdict(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _dying(patch, Ledger, "append", 1, after=False)
        with pytest.raises(Killed):
            run_ingest(world.project(), "shop", SECOND)
    done = run_ingest(world.project(), "shop", SECOND)
    verdicts = [r.body for r in world.project().dataset_ledger("shop").records() if r.body["partition"] == SECOND]

    assert SECOND in done["unchanged"]
    assert [(v["revision"], v["health"]) for v in verdicts] == [(1, "pass")]


def test_publishing_an_attempt_twice_changes_nothing(world: World) -> None:
    from include.night.ingest import ingest

    attempt = ingest(world.project(), "shop", SECOND)["attempt"]
    validate(world.project(), "shop", attempt)
    publish(world.project(), "shop", attempt)
    before = state(world.project())
    validate(world.project(), "shop", attempt)
    publish(world.project(), "shop", attempt)

    assert state(world.project()) == before
