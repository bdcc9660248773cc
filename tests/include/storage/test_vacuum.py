"""Which files go and which stay, on a disk and on S3 alike; and what stands in for a file whose rows were erased."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.storage.erased import affected, remove_old, without
from include.storage.lifetimes import lifetimes, stand_in
from include.storage.specs import TableSpec
from include.storage.tables import Table
from include.storage.vacuum import Kept, data_files, vacuum

if TYPE_CHECKING:
    from include.storage.locations import Location

SPEC = TableSpec("people", pa.schema([("id", pa.int64()), ("_partition", pa.string())]))
WEEK = Kept(versions=timedelta(days=7), grace=timedelta(days=1))


def _rows(*ids: int) -> list[pa.RecordBatch]:
    return [pa.record_batch({"id": pa.array(ids, pa.int64())})]


def _in(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture
def table(place: Location) -> Table:
    """Return a table whose partition ``a b`` was published three times, with a file that was staged and never shown."""
    found = Table(place / "people", SPEC)
    for number in (1, 2, 3):
        found.replace("a b", _rows(number))
    found.stage(_rows(9), "a b")
    return found


@pytest.mark.parametrize(("days", "gone"), [(0.5, 0), (2, 1), (8, 3)])
def test_age_decides_what_is_garbage(table: Table, days: float, gone: int) -> None:
    said = vacuum(table.location, [], WEEK, _in(days), dry_run=True)
    done = vacuum(table.location, [], WEEK, _in(days))

    assert said == done
    assert (len(done.removed), done.kept) == (gone, 4 - gone)
    assert len(list(data_files(table.location))) == 4 - gone
    assert table.read().column("id").to_pylist() == [3]


def test_pinned_version_stays(table: Table) -> None:
    done = vacuum(table.location, [1], WEEK, _in(400))

    assert len(done.removed) == 2
    assert table.read(version=1).column("id").to_pylist() == [1]


def test_lifetimes_tell_when_files_were_shown(table: Table) -> None:
    found = sorted(lifetimes(table.location).values(), key=lambda life: life.added)

    assert [(life.added, life.removed) for life in found] == [(1, 2), (2, 3), (3, None)]
    assert {life.values["_partition"] for life in found} == {"a b"}
    assert {life.path for life in found} < {file.path for file in data_files(table.location)}


def test_another_file_stands_in_for_one_whose_rows_were_erased(place: Location) -> None:
    table = Table(place / "people", SPEC)
    table.replace("p", _rows(1, 2, 3))
    table.replace("p", _rows(1, 2, 3, 4))

    def matches(batch: pa.RecordBatch, _: str) -> pa.Array:
        return pc.equal(batch.column("id"), 2)

    for file in affected(table, matches):
        staged = without(table, file, matches)
        if file.shown:
            table.publish([staged], run_key="erasure", token=table.token("p"))
        stand_in(table.location, file.path, staged.path)
        remove_old(table.location, file.path)
    ids = [[i for b in table.ordered(["id"], ["p"], v) for i in b.column("id").to_pylist()] for v in (1, 2, 3)]
    vacuum(table.location, [1, 2], WEEK, _in(400))

    assert affected(table, matches) == []
    assert ids == [[1, 3], [1, 3, 4], [1, 3, 4]]
    assert [i for b in table.ordered(["id"], ["p"], 1) for i in b.column("id").to_pylist()] == [1, 3]
