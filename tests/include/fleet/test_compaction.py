"""Small files are merged while others write; nothing is lost, nothing doubled, and what is pinned still reads."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa

from include.fleet.compaction import compact
from include.fleet.retention import retain
from include.night.steps import steps_table
from include.storage.locations import Location
from include.storage.specs import TableSpec
from include.storage.tables import Table
from tests.include.night.shops import FIRST, SECOND, World, rows_of

ROOT = Path(__file__).resolve().parents[3]
WRITES = 25
SPEC = TableSpec("made", pa.schema([("id", pa.int64()), ("_partition", pa.string())]))
WRITER = """
import sys, pyarrow as pa
from tests.include.fleet.test_compaction import SPEC, Location, Table
place, mine, writes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
appended, published = Table(Location.of(place + "/appended"), SPEC), Table(Location.of(place + "/published"), SPEC)
for number in range(writes):
    one = pa.table({"id": pa.array([mine * 1000 + number], pa.int64())})
    appended.append(one, f"p{number % 2}", run_key=f"{mine}/{number}")
    appended.append(one, f"p{number % 2}", run_key=f"{mine}/{number}")
    published.replace(f"w{mine}", one.to_batches())
    print(published.version(), flush=True)
"""
KEEPER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tests.include.fleet.test_compaction import SPEC, Location, Table
from include.storage.vacuum import Kept, vacuum
place = sys.argv[1]
while not Path(place, "stop").exists():
    for name in ("appended", "published"):
        table = Table(Location.of(f"{place}/{name}"), SPEC)
        pinned = [] if name == "appended" else [3, 7]
        table.compact()
        vacuum(table.location, pinned, Kept(timedelta(0), timedelta(seconds=4)), datetime.now(UTC))
    print("round", flush=True)
"""


def _started(program: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *words]
    return subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def test_upkeep_beside_writers_loses_nothing(tmp_path: Path) -> None:
    for name in ("appended", "published"):
        Table(Location.of(tmp_path / name), SPEC).ensure()
    keeper = _started(KEEPER, str(tmp_path))
    writers = [_started(WRITER, str(tmp_path), str(mine), str(WRITES)) for mine in (1, 2)]
    said = [writer.communicate(timeout=300)[0] for writer in writers]
    (tmp_path / "stop").touch()
    rounds = keeper.communicate(timeout=120)[0].count("round")
    appended, published = (Table(Location.of(tmp_path / name), SPEC) for name in ("appended", "published"))
    ids = Counter(row["id"] for row in appended.read().to_pylist())

    assert [w.returncode for w in (*writers, keeper)] == [0, 0, 0]
    assert all(len(text.split()) == WRITES for text in said)
    assert rounds >= 1
    assert ids == Counter({mine * 1000 + number: 1 for mine in (1, 2) for number in range(WRITES)})
    assert sorted(row["id"] for row in published.read().to_pylist()) == [1000 + WRITES - 1, 2000 + WRITES - 1]
    for version in (3, 7):
        shown = sum(row["rows"] for row in published.contents(version))
        assert 1 <= shown == published.read(version=version).num_rows


def test_steps_become_one_file_a_night(world: World) -> None:
    world.night(SECOND)
    table = steps_table(world.project(), "models", "sales")
    before, rows = len(table.contents()), rows_of(world.project(), "steps", "attempt")
    done = compact(world.project(), least=4)

    assert before > 10
    assert {"table": "models/sales/steps", "before": before, "after": 2} in done["tables"]
    assert rows_of(world.project(), "steps", "attempt") == rows
    assert compact(world.project(), least=4) == {"tables": []}


def test_few_files_are_left_alone(world: World) -> None:
    assert compact(world.project()) == {"tables": []}


def test_appending_again_after_compaction_is_still_a_no_op(tmp_path: Path) -> None:
    table = Table(Location.of(tmp_path / "made"), SPEC)
    one = pa.table({"id": pa.array([1], pa.int64())})
    for number in range(5):
        table.append(one, "p", run_key=f"night {number}")
    assert table.compact()
    again = table.append(one, "p", run_key="night 3")

    assert again.changed is False
    assert (table.read().num_rows, len(table.contents())) == (5, 1)


def test_night_after_upkeep_is_a_night(world: World) -> None:
    compact(world.project(), least=1)
    retain(world.project())

    assert world.night(SECOND)["score"]["rows"] == 48
    assert world.night(FIRST)["decide"]["rule"] == "bootstrap"
