"""A table is opened once while nobody writes, and never shown older than it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from include.storage import newest as module
from include.storage.locations import Location
from include.storage.newest import forget, newest
from include.storage.specs import PARTITION, TableSpec
from include.storage.tables import Table

SPEC = TableSpec("people", pa.schema([("name", pa.string()), (PARTITION, pa.string())]))


def rows(*names: str) -> pa.Table:
    return pa.table({"name": pa.array(names, pa.string())})


@pytest.fixture
def table(tmp_path: Path) -> Table:
    forget()
    found = Table(Location.of(tmp_path / "people"), SPEC)
    found.append(rows("Ann"), "a", run_key="first")
    return found


def names(table: Table) -> list[str]:
    return sorted(table.read(["name"]).column("name").to_pylist())


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that are opened from here on by readers."""
    seen: list[str] = []

    def watched(uri: str, **options: object) -> DeltaTable:
        seen.append(uri)
        return DeltaTable(uri, **options)

    monkeypatch.setattr(module, "DeltaTable", watched)
    return seen


def test_reads_open_a_table_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    seen = opened(monkeypatch)
    for _ in range(3):
        assert names(table) == ["Ann"]
        assert Table.existing(table.location, "people") is not None
    assert len(seen) == 1


def test_own_commits_need_no_opening(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = opened(monkeypatch)
    table.append(rows("Bob"), "b", run_key="second")
    assert names(table) == ["Ann", "Bob"]
    assert seen == []


def test_commits_of_others_are_seen(table: Table) -> None:
    assert names(table) == ["Ann"]
    DeltaTable(table.location.uri).delete("name = 'Ann'")
    assert names(table) == []


def test_pins_stay_where_they_are(table: Table) -> None:
    pin = table.pinned()
    table.append(rows("Bob"), "b", run_key="second")
    assert (names(pin), pin.version()) == (["Ann"], table.version() - 1)
    assert names(table) == ["Ann", "Bob"]


def test_older_versions_are_still_read(table: Table) -> None:
    before = table.version()
    table.append(rows("Bob"), "b", run_key="second")
    assert table.read(["name"], version=before).column("name").to_pylist() == ["Ann"]


def test_a_table_made_anew_is_another_one(table: Table) -> None:
    assert names(table) == ["Ann"]
    shutil.rmtree(table.location.path)
    assert Table.existing(table.location, "people") is None
    table.append(rows("Zoe"), "a", run_key="first")
    assert names(table) == ["Zoe"]


def test_few_tables_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(module, "_MOST", 2)
    for name in ("a", "b", "c"):
        Table(Location.of(tmp_path / name), SPEC).append(rows(name), "a", run_key="first")
    assert [Path(uri).name for uri in module._held] == ["b", "c"]
    assert newest(Location.of(tmp_path / "a")).version() == 1
