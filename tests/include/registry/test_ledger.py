from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.errors import ConflictError, LedgerError
from include.registry.ledger import Ledger, Stamp
from include.storage.locations import Location

STAMP = Stamp("ann", "test", "0.1.0")


def _ledger(place: Location) -> Ledger:
    return Ledger(place, STAMP, lambda: datetime(2013, 3, 1, tzinfo=UTC))


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return Location.of(tmp_path / "ledger")


def test_records_come_back_in_order(place: Location) -> None:
    ledger = _ledger(place)
    ledger.append("decision", "decision/1", {"verdict": "hold"})
    ledger.append("gate", "gate/1", {"verdict": "pass"})

    assert [(r.number, r.kind) for r in _ledger(place).records()] == [(0, "decision"), (1, "gate")]
    assert _ledger(place).find("gate/1").body == {"verdict": "pass"}
    assert _ledger(place).last("decision").actor == "ann"


def test_same_key_returns_what_was_written_first(place: Location) -> None:
    first = _ledger(place).append("decision", "decision/1", {"verdict": "hold"})
    again = _ledger(place).append("decision", "decision/1", {"verdict": "retrain"})

    assert again == first
    assert len(_ledger(place).records()) == 1


def test_ledger_with_a_missing_record_is_refused(place: Location) -> None:
    for n in range(4):
        _ledger(place).append("gate", f"gate/{n}", {})
    (place.path / "0000000001.json").unlink()

    for read in (lambda: _ledger(place).records(), lambda: _ledger(place).append("gate", "gate/9", {})):
        with pytest.raises(LedgerError, match=r"0000000001.json: is missing. Expected every record up to 0000000003"):
            read()
    assert not (place.path / "0000000001.json").exists()


def test_many_writers_lose_and_double_nothing(place: Location) -> None:
    barrier = threading.Barrier(6)

    def write(worker: int) -> None:
        ledger = _ledger(place)
        barrier.wait()
        for i in range(15):
            ledger.append("step", f"shared/{i}", {"worker": worker})
            ledger.append("step", f"own/{worker}/{i}", {"worker": worker})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    keys = [record.key for record in _ledger(place).records()]

    assert len(keys) == len(set(keys)) == 15 + 6 * 15
    assert _ledger(place).verify() == len(keys)


def test_condition_is_judged_at_the_moment_of_writing(place: Location) -> None:
    ledger, other = _ledger(place), _ledger(place)
    ledger.records()
    other.append("promotion", "promotion/a", {"candidate": "a"})

    with pytest.raises(ConflictError, match="somebody was faster"):
        ledger.append("promotion", "promotion/b", {}, unless=lambda now: "somebody was faster" if now else None)
    assert len(_ledger(place).records()) == 1


def test_changed_record_breaks_the_chain(place: Location) -> None:
    _ledger(place).append("gate", "gate/1", {"verdict": "fail"})
    path = place.path / "0000000000.json"
    path.write_text(path.read_text().replace("fail", "pass"))

    with pytest.raises(LedgerError, match="was changed after it was written"):
        _ledger(place).records()


def test_replaced_record_breaks_the_chain_behind_it(place: Location) -> None:
    ledger = _ledger(place)
    for i in range(3):
        ledger.append("gate", f"gate/{i}", {})
    forged = Ledger(Location.of(place.path.parent / "forged"), STAMP, lambda: datetime(2014, 1, 1, tzinfo=UTC))
    forged.append("gate", "gate/0", {})
    (place.path / "0000000000.json").write_bytes((forged.location.path / "0000000000.json").read_bytes())

    with pytest.raises(LedgerError, match="0000000001.json: does not follow"):
        _ledger(place).verify()


def test_checkpoint_gives_the_same_records(place: Location) -> None:
    ledger = _ledger(place)
    for i in range(70):
        ledger.append("step", f"step/{i}", {"i": i})
    names = [path.name for path in (place.path / "checkpoints").iterdir()]

    assert names == ["0000000064.jsonl"]
    assert [r.body["i"] for r in _ledger(place).records()] == list(range(70))
    assert _ledger(place).verify() == 70


def _covered(place: Location) -> Path:
    """Return a record that a checkpoint covers, of a ledger whose checkpoint is older than what happens next."""
    ledger = _ledger(place)
    for i in range(70):
        ledger.append("step", f"step/{i}", {"i": i})
    assert _ledger(place).check() == 70
    time.sleep(0.02)
    return place.path / "0000000003.json"


@pytest.mark.parametrize("length", ["same", "other"])
def test_changed_record_behind_a_checkpoint_is_found(place: Location, length: str) -> None:
    path = _covered(place)
    told = path.stat()
    path.write_text(path.read_text().replace('"i":3', '"i":4' if length == "same" else '"i":44'))
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))

    assert len(_ledger(place).records()) == 70
    with pytest.raises(LedgerError, match=r"0000000003.json: was changed after it was written"):
        _ledger(place).check()


def test_removed_record_behind_a_checkpoint_is_found(place: Location) -> None:
    _covered(place).unlink()
    with pytest.raises(LedgerError, match=r"0000000003.json: is missing. Expected every record up to 0000000069.json"):
        _ledger(place).check()


def test_ledger_that_was_copied_is_whole(place: Location) -> None:
    path = _covered(place)
    path.write_bytes(path.read_bytes())
    assert _ledger(place).check() == 70


def test_half_written_record_says_where(place: Location) -> None:
    place.path.mkdir()
    (place.path / "0000000000.json").write_text('{"number": 0')

    with pytest.raises(LedgerError, match="0000000000.json: is not a record of a ledger"):
        _ledger(place).records()


def test_bodies_are_plain_json(place: Location) -> None:
    with pytest.raises(ValueError, match="JSON"):
        _ledger(place).append("gate", "gate/1", {"loss": float("nan")})
    record = _ledger(place).append("gate", "gate/1", {"nights": (1, 2)})

    assert json.loads((place.path / "0000000000.json").read_text())["body"] == {"nights": [1, 2]}
    assert record.body == {"nights": [1, 2]}
