"""Processes are killed with SIGKILL wherever it hurts, and run again: everything ends as if nobody had been killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.registry.champions import champion
from tests.include.night.shops import SECOND, World, copy_of, prepared, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SEED = 20240117
ROUNDS = int(os.environ.get("NIGHTSHIFT_FAULT_ROUNDS", "1"))  # for a soak: kill at so many times more places
FORCED = {"force": "try"}


class Zygote:
    """The process that forks those to be killed; see zygote.py."""

    def __init__(self, said: Path) -> None:
        self.said = said
        self._errors = said.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.zygote"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", said.read_text()[-2000:]

    def ask(self, world: World, work: str, **more: Any) -> list[int]:
        """Let a child do the work; returns how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"environ": world.environ, "night": SECOND, "work": work, **more}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def points(self, world: World, work: str, **more: Any) -> int:
        """Let a child do the work undisturbed; returns at how many points it could have been killed."""
        assert self.ask(world, work, **more) == [0], self.said.read_text()[-3000:]
        return int((world.folder / "points").read_text())

    def close(self) -> None:
        """Stop it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._errors.close()


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    found = Zygote(tmp_path_factory.mktemp("zygote") / "errors")
    yield found
    found.close()


def outcome(world: World) -> dict[str, Any]:
    """Return everything that must be the same in the end: rows, records, p-values, messages."""
    project = world.project()
    found: dict[str, Any] = {name: rows_of(project, name) for name in ("features", "labels", "predictions")}
    for name, order in (("performance", "metric"), ("signals", "signal"), ("alarms", "signal")):
        found[name] = sorted(map(str, rows_of(project, name, order)))
    evidence = rows_of(project, "evidence", "order")
    found["evidence"] = sorted(str({k: v for k, v in row.items() if k != "order"}) for row in evidence)
    for dataset in ("shop", "rates"):
        table = project.snapshots(dataset)
        assert table is not None
        found[dataset] = sorted(str(row) for row in table.read().to_pylist())
        found[f"ledger of {dataset}"] = [_told(r) for r in project.dataset_ledger(dataset).records()]
        assert project.dataset_ledger(dataset).verify() == len(found[f"ledger of {dataset}"])
    ledger = project.model_ledger("sales")
    found["ledger"] = [_told(record) for record in ledger.records()]
    assert ledger.verify() == len(found["ledger"])
    serving = champion(ledger.records())
    found["champion"] = serving.version if serving else None
    outbox = project.home.path / "outbox"
    found["waiting"] = sorted(path.name for path in (outbox / "pending").glob("[!.]*"))
    found["settled"] = sorted(path.name for path in (outbox / "settled").glob("[!.]*"))
    found["messages"] = sorted(path.name.split("-", 1)[1] for path in (project.home.path / "messages").glob("[!.]*"))
    return found


def _told(record: Any) -> tuple[str, str]:
    """Return what a record is and its key, which names candidates by digest and verdicts by content."""
    return record.kind, record.key


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return an installation before its second night is ingested."""
    return prepared(tmp_path_factory)


@pytest.fixture(scope="module")
def ingested(fresh: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return one whose second night is ingested and not yet begun."""
    found = copy_of(fresh, tmp_path_factory.mktemp("faults") / "ingested")
    found.ingest(SECOND)
    return found


def _killed(
    zygote: Zygote, start: World, folder: Path, work: str, *, places: int, moments: int, **more: Any
) -> dict[str, tuple[World, dict[str, Any]]]:
    """Kill the work at points spread over it and at random moments, run it again; returns the outcomes by place."""
    undisturbed = copy_of(start, folder / "undisturbed")
    last = zygote.points(undisturbed, work, **more)
    places, moments = min(last, places * ROUNDS), moments * ROUNDS
    expected = outcome(undisturbed)
    randomly = random.Random(SEED)
    kills = [{"kill_at": 1 + round(place * (last - 1) / (places - 1))} for place in range(places)]
    kills += [{"kill_after_ms": randomly.randrange(10, 1500)} for _ in range(moments)]
    found = {}
    for number, kill in enumerate(kills):
        world = copy_of(start, folder / f"{number}")
        ended = zygote.ask(world, work, **kill, **more)
        assert ended == [-9] or (ended == [0] and "kill_after_ms" in kill), zygote.said.read_text()[-3000:]
        assert zygote.ask(world, work, later=1, **more) == [0], f"{kill}: {zygote.said.read_text()[-3000:]}"
        found[str(kill)] = (world, outcome(world))
    for where, (_, ends) in found.items():
        for name, value in expected.items():
            assert ends[name] == value, f"killed at {where} of {last} points: {name} differs"
    return found


def test_killed_ingest_ends_as_if_undisturbed(zygote: Zygote, fresh: World, tmp_path: Path) -> None:
    _killed(zygote, fresh, tmp_path, "whole ingest", places=7, moments=1)


def test_killed_night_ends_as_if_undisturbed(zygote: Zygote, ingested: World, tmp_path: Path) -> None:
    _killed(zygote, ingested, tmp_path, "whole night", places=10, moments=2, options=FORCED)


def test_two_ingests_at_once_end_as_one(zygote: Zygote, fresh: World, tmp_path: Path) -> None:
    one, two = copy_of(fresh, tmp_path / "one"), copy_of(fresh, tmp_path / "two")
    zygote.ask(one, "whole ingest")
    ended = zygote.ask(two, "whole ingest", copies=2)
    assert ended == [0, 0], zygote.said.read_text()[-3000:]

    assert outcome(two) == outcome(one)


def test_two_nights_at_once_end_as_one(zygote: Zygote, ingested: World, tmp_path: Path) -> None:
    one, two = copy_of(ingested, tmp_path / "one"), copy_of(ingested, tmp_path / "two")
    assert zygote.ask(one, "whole night", options=FORCED) == [0]
    ended = zygote.ask(two, "whole night", options=FORCED, copies=2)
    assert ended == [0, 0], zygote.said.read_text()[-3000:]

    assert outcome(two) == outcome(one)


def test_each_step_by_two_at_once_ends_as_one(zygote: Zygote, ingested: World, tmp_path: Path) -> None:
    from include.night.wait import wait

    one, two = copy_of(ingested, tmp_path / "one"), copy_of(ingested, tmp_path / "two")
    assert zygote.ask(one, "whole night", options=FORCED) == [0]
    wait(two.project(), "sales", SECOND)
    for what in ("features", "score", "measure", "decide", "train", "gate", "promote", "report"):
        ended = zygote.ask(two, what, copies=2, options=FORCED if what == "decide" else {})
        assert ended == [0, 0], f"{what}: {zygote.said.read_text()[-3000:]}"

    assert outcome(two) == outcome(one)
