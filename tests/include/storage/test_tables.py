from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from include.errors import ConflictError, StorageError
from include.storage.locations import Location, quoted
from include.storage.migrations import MIGRATIONS
from include.storage.specs import Publication, TableSpec
from include.storage.tables import Table

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("_partition", pa.string())])
SPEC = TableSpec("people", SCHEMA)
REVISED = TableSpec(
    "people",
    pa.schema([*SCHEMA, ("_revision", pa.string())]),
    partition_by=("_partition", "_revision"),
)


def _rows(*ids: int) -> list[pa.RecordBatch]:
    return [pa.record_batch({"id": pa.array(ids, pa.int64()), "name": [f"n{i}" for i in ids]})]


def _ids(table: Table, *partitions: str, **options: object) -> list[int]:
    return sorted(table.read(["id"], partitions or None, **options).column("id").to_pylist())


@pytest.fixture
def table(place: Location) -> Table:
    return Table(place / "people", SPEC)


def test_nothing_there_reads_as_no_rows(table: Table) -> None:
    assert table.read().num_rows == 0
    assert table.version() is None
    assert table.partitions() == []
    assert table.files() == []


@pytest.mark.parametrize("damage", ["cut", "overwritten", "gone"])
def test_damaged_data_file_is_told(tmp_path: Path, damage: str) -> None:
    table = Table(Location.of(tmp_path) / "people", SPEC)
    table.replace("2013-03-01", _rows(1, 2))
    file = next(path for path in table.location.path.rglob("*.parquet") if "_delta_log" not in path.parts)
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:40] if damage == "cut" else b"\x99" * len(content))

    with pytest.raises(StorageError, match=r"table .*people: a data file cannot be read \(.*To do: restore the file"):
        table.read()
    with pytest.raises(FileNotFoundError if damage == "gone" else StorageError, match=file.name):
        list(table.ordered(["id"], ["2013-03-01"]))


def test_staged_rows_are_invisible_until_published(table: Table) -> None:
    table.ensure()
    staged = table.stage(_rows(1, 2), "2013-03-01")

    assert table.read().num_rows == 0
    assert staged.rows == 2
    assert table.publish([staged]).changed is True
    assert _ids(table) == [1, 2]


def test_publishing_replaces_its_partition_only(table: Table) -> None:
    table.replace("2013-03-01", _rows(1, 2))
    table.replace("2013-03-02", _rows(3))
    table.replace("2013-03-01", _rows(4))

    assert _ids(table) == [3, 4]
    assert _ids(table, "2013-03-01") == [4]
    assert table.rows("2013-03-02") == 1


def test_same_content_again_changes_nothing(table: Table) -> None:
    first = table.replace("2013-03-01", _rows(1, 2))
    again = table.replace("2013-03-01", _rows(1, 2))

    assert (first.changed, again.changed) == (True, False)
    assert table.version() == first.version


def test_pinned_version_stays_as_it_was(table: Table) -> None:
    first = table.replace("2013-03-01", _rows(1))
    table.replace("2013-03-01", _rows(2))

    assert _ids(table, version=first.version) == [1]
    assert _ids(table) == [2]


def test_stale_publisher_is_refused(table: Table) -> None:
    table.replace("2013-03-01", _rows(1))
    token = table.token("2013-03-01")
    stale = table.stage(_rows(2), "2013-03-01")
    table.replace("2013-03-01", _rows(3))

    with pytest.raises(ConflictError, match="published by somebody else"):
        table.publish([stale], token=token)
    assert _ids(table) == [3]


def test_two_publishers_of_a_new_partition_give_one(table: Table) -> None:
    table.ensure()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: table.replace("2013-03-01", _rows(1, 2, 3)), range(4)))

    assert _ids(table) == [1, 2, 3]
    assert sum(published.changed for published in done) == 1


def test_publishers_of_many_partitions_lose_nothing(table: Table) -> None:
    table.ensure()
    keys = [f"2013-03-{day:02d}" for day in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: table.replace(key, _rows(int(key[-2:]))), keys))

    assert _ids(table) == list(range(1, 9))


def _publication(table: Table, key: str, *ids: int, token: int | None = -1) -> Publication:
    return Publication((table.stage(_rows(*ids), key),), token=token)


def test_many_partitions_are_shown_by_one_commit(table: Table) -> None:
    table.replace("2013-03-01", _rows(1, 2))
    table.replace("2013-03-03", _rows(3))
    before = table.version()
    done = table.publish_all(
        [
            _publication(table, "2013-03-01", 1, 2),
            _publication(table, "2013-03-02", 5),
            _publication(table, "2013-03-04", 6),
        ]
    )

    assert [one.changed for one in done] == [False, True, True]
    assert (_ids(table), table.version()) == ([1, 2, 3, 5, 6], before + 1)
    assert _ids(table, "2013-03-01") == [1, 2]
    table.publish_all([_publication(table, "2013-03-01", 7), _publication(table, "2013-03-03", 8)])
    assert _ids(table) == [5, 6, 7, 8]
    assert table.publish_all([]) == []


def test_one_stale_partition_stops_the_whole_commit(table: Table) -> None:
    first, second = table.tokens(["2013-03-01", "2013-03-02"])
    mine = [
        _publication(table, "2013-03-01", 1, token=first),
        _publication(table, "2013-03-02", 2, token=second),
    ]
    table.replace("2013-03-02", _rows(3))

    with pytest.raises(ConflictError, match="_partition=2013-03-02: was published by somebody else"):
        table.publish_all(mine)
    assert _ids(table) == [3]


def test_publishers_of_overlapping_ranges_double_nothing(tmp_path: Path) -> None:
    table = Table(Location.of(tmp_path) / "people", SPEC)
    table.ensure()
    keys = [f"2013-03-{day:02d}" for day in range(1, 7)]
    ranges = [[_publication(table, key, 100 * place + at) for at, key in enumerate(keys)] for place in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(table.publish_all, ranges))

    found = _ids(table)
    assert len(found) == len({number // 100 for number in found}) * 6 == 6


def test_publications_that_differ_in_two_columns_are_refused(place: Location) -> None:
    both = ("_partition", "_revision")
    table = Table(place / "people", TableSpec("people", REVISED.schema, partition_by=both, replaced_by=both))
    staged = [table.stage(_rows(1), {"_partition": f"2013-03-0{n}", "_revision": str(n)}) for n in (1, 2)]

    with pytest.raises(StorageError, match="differ in two partition columns"):
        table.publish_all([Publication((one,)) for one in staged])
    assert _ids(table) == []


def test_append_adds_once_per_key(table: Table) -> None:
    rows = pa.Table.from_batches(_rows(1))
    table.append(rows, "2013-03-01", run_key="night 1")
    table.append(rows, "2013-03-01", run_key="night 1")
    table.append(rows, "2013-03-01", run_key="night 2")

    assert _ids(table) == [1, 1]


def test_rows_that_do_not_fit_leave_nothing(tmp_path: Path) -> None:
    table = Table(Location.of(tmp_path / "people"), SPEC)
    table.ensure()
    broken = [pa.record_batch({"id": ["one"], "name": ["n"]})]

    with pytest.raises(StorageError, match="table people"):
        table.stage(broken, "2013-03-01")
    assert list((tmp_path / "people").rglob("*.parquet")) == []


def test_missing_and_unknown_columns_are_named(table: Table) -> None:
    with pytest.raises(StorageError, match=r"lack columns \['name'\] and have unknown columns \['nam'\]"):
        table.stage([pa.record_batch({"id": [1], "nam": ["n"]})], "2013-03-01")


def test_ordered_rows_come_as_written(table: Table) -> None:
    table.replace("b", _rows(3, 1, 2))
    table.replace("a", _rows(9, 8))
    found = [i for batch in table.ordered(["id", "_partition"], ["b", "a"]) for i in batch.column("id").to_pylist()]

    assert found == [3, 1, 2, 9, 8]


@pytest.mark.parametrize("key", ["a b", "a/b", "50%", "2013-03-01T05Z", "ü|:"])
def test_keys_of_any_text_come_back(tmp_path: Path, key: str) -> None:
    table = Table(Location.of(tmp_path / "people"), SPEC)
    table.replace(key, _rows(1))
    table.replace(key, _rows(2))

    assert table.partitions() == [key]
    assert _ids(table, key) == [2]
    assert [b.num_rows for b in table.ordered(["id"], [key])] == [1]


def test_empty_key_is_refused() -> None:
    with pytest.raises(StorageError, match="is empty"):
        quoted("")


def test_revision_names_a_folder_and_is_replaced(place: Location) -> None:
    table = Table(place / "people", REVISED)
    first = table.replace({"_partition": "p", "_revision": "1"}, _rows(1))
    same = table.replace({"_partition": "p", "_revision": "2"}, _rows(1))
    table.replace({"_partition": "p", "_revision": "2"}, _rows(1, 2))

    assert (first.changed, same.changed) == (True, False)
    assert {row["_revision"] for row in table.contents()} == {"2"}
    assert set(table.read().column("_revision").to_pylist()) == {"2"}


def test_new_columns_are_added_and_old_rows_are_null(place: Location) -> None:
    Table(place / "people", SPEC).replace("p", _rows(1))
    wider = Table(place / "people", TableSpec("people", SCHEMA.append(pa.field("age", pa.int32())), version=2))
    wider.ensure()

    assert wider.read().column("age").to_pylist() == [None]


def test_older_table_goes_through_every_step(place: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    Table(place / "people", SPEC).replace("p", _rows(1))
    steps: list[int] = []
    for version in (1, 2):
        monkeypatch.setitem(MIGRATIONS, ("people", version), lambda _, version=version: steps.append(version))
    third = Table(place / "people", TableSpec("people", SCHEMA, version=3))
    third.ensure()
    third.ensure()

    assert steps == [1, 2]
    assert _ids(third) == [1]
    with pytest.raises(StorageError, match="schema version 3. Expected version 1 or older"):
        Table(place / "people", SPEC).read()


def test_table_of_a_newer_version_is_refused(place: Location) -> None:
    Table(place / "people", TableSpec("people", SCHEMA, version=2)).ensure()

    for use in (
        lambda: Table(place / "people", SPEC).ensure(),
        lambda: Table(place / "people", SPEC).read(),
        lambda: Table(place / "people", SPEC).version(),
        lambda: Table.existing(place / "people", "people"),
        lambda: Table(place / "people", SPEC).replace("p", _rows(1)),
    ):
        with pytest.raises(StorageError, match="schema version 2. Expected version 1 or older"):
            use()


def test_changed_type_is_refused(place: Location) -> None:
    Table(place / "people", SPEC).ensure()
    other = pa.schema([("id", pa.string()), ("name", pa.string()), ("_partition", pa.string())])

    with pytest.raises(StorageError, match="column 'id': is stored as long"):
        Table(place / "people", TableSpec("people", other)).ensure()


def test_killed_publisher_leaves_a_table_that_works(tmp_path: Path) -> None:
    program = """
import os, sys, pyarrow as pa
sys.path.insert(0, {root!r})
from include.storage.locations import Location
from include.storage.specs import Publication, TableSpec
from include.storage.tables import Table
table = Table(Location.of({place!r}), TableSpec("people", pa.schema([("id", pa.int64()), ("_partition", pa.string())])))
table.ensure()
staged = table.stage([pa.record_batch({{"id": [1, 2, 3]}})], "p")
if {when!r} == "before":
    os._exit(137)
table.publish([staged])
os._exit(137)
"""
    root, place = str(Path(__file__).resolve().parents[3]), str(tmp_path / "people")
    spec = TableSpec("people", pa.schema([("id", pa.int64()), ("_partition", pa.string())]))
    seen = []
    for when in ("before", "after", "after"):
        done = subprocess.run([sys.executable, "-c", program.format(root=root, place=place, when=when)], check=False)
        assert done.returncode == 137
        seen.append(Table(Location.of(place), spec).read().num_rows)

    assert seen == [0, 3, 3]
