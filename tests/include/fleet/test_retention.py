"""What is removed, and what never is: pinned, shown, staged, young."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.errors import LedgerError
from include.fleet.places import pins
from include.fleet.retention import retain
from include.night.ingest import ingest
from include.night.publish import publish
from include.night.reproduce import reproduced
from include.night.validate import validate
from include.project import Project
from include.storage.vacuum import data_files
from tests.include.night.shops import FIRST, SECOND, World, rows_of, state


def _later(world: World, **ages: int) -> Project:
    """Return the installation as it will be opened in some days."""
    now = datetime.now(UTC) + timedelta(**ages)
    return Project.open(environ=world.environ, actor="fleet", clock=lambda: now)


def _changed(world: World, partition: str) -> None:
    """Publish a further revision of a day's orders."""
    rows = world.orders(partition)
    rows[0]["amount"] = "1.25"
    world.write_orders(partition, rows)
    world.ingest(partition)


def _files(world: World, table: str) -> set[str]:
    return {f.path for f in data_files(world.project().home / table)}


def _keep(world: World, **retention: str) -> None:
    text = ", ".join(f"{name}: {value}" for name, value in retention.items())
    for path in (*world.config.glob("datasets/*.yaml"), *world.config.glob("models/*.yaml")):
        path.write_text(path.read_text() + f"retention: {{{text}}}\n")


def test_superseded_versions_go_when_nothing_pins_them(world: World) -> None:
    _changed(world, FIRST)
    rows = world.orders(FIRST)
    rows[0]["amount"] = "2.5"
    world.write_orders(FIRST, rows)
    world.ingest(FIRST)
    before = _files(world, "datasets/shop/snapshots")
    done = retain(_later(world, days=366))
    gone = before - _files(world, "datasets/shop/snapshots")

    # the first night pins the first revision and the newest one is shown: the second is garbage, and what other days staged
    assert [path.split("/")[1] for path in gone if FIRST in path] == ["_revision=2"]
    assert done["files"] >= len(gone)
    assert {path.split("/")[1] for path in _files(world, "datasets/shop/snapshots") if FIRST in path} == {
        "_revision=1",
        "_revision=3",
    }


def test_pinned_versions_stay_for_ever(world: World) -> None:
    _changed(world, FIRST)
    retain(_later(world, days=30_000))
    project = world.project()
    table = project.snapshots("shop")
    assert table is not None
    for pinned, versions in pins(project).items():
        assert versions, pinned
    for version in pins(project)["datasets/shop/snapshots"]:
        rows = sum(b.num_rows for b in table.ordered(["number"], table.partitions(version), version))
        assert rows == 16 * 48

    assert reproduced(project, "sales", "1")["answer"] == "same"


def test_dry_run_removes_nothing(world: World) -> None:
    _changed(world, FIRST)
    _changed(world, "2024-01-15")
    before = {t: _files(world, t) for t in ("datasets/shop/snapshots", "models/sales/labels")}
    _keep(world, versions="0d")
    done = retain(_later(world, days=9), dry_run=True)

    assert done["dry_run"] is True
    assert {t: _files(world, t) for t in before} == before
    assert world.project().dataset_home("shop").path.joinpath("attempts").exists()


def test_nothing_goes_within_the_grace_period(world: World) -> None:
    ingest(world.project(), "shop", SECOND)
    _changed(world, FIRST)
    _changed(world, FIRST)
    _keep(world, versions="0d", grace="7d")
    before = state(world.project()), _files(world, "datasets/shop/snapshots")
    done = retain(_later(world, days=6))

    assert (done["files"], done["attempts"]) == (0, 0)
    assert (state(world.project()), _files(world, "datasets/shop/snapshots")) == before


def test_forgotten_staged_files_go_and_their_publication_says_so(world: World) -> None:
    from include.errors import StorageError

    attempt = ingest(world.project(), "shop", SECOND)["attempt"]
    validate(world.project(), "shop", attempt)
    later = _later(world, days=8)
    done = retain(later)

    assert done["attempts"] > 0
    assert any(t["table"] == "datasets/shop/snapshots" for t in done["tables"])
    with pytest.raises(StorageError, match="is not there"):
        publish(later, "shop", attempt)


def test_old_attempt_is_refused_before_its_files_may_go(world: World) -> None:
    from include.errors import StorageError

    attempt = ingest(world.project(), "shop", SECOND)["attempt"]
    validate(world.project(), "shop", attempt)
    with pytest.raises(StorageError, match=r"more than 84h ago.*run the whole ingest again"):
        publish(_later(world, days=4), "shop", attempt)
    assert publish(_later(world, days=3), "shop", attempt)["published"] == [SECOND]


def test_tables_read_the_same_after_retention(world: World) -> None:
    world.night(SECOND)
    before = {name: rows_of(world.project(), name) for name in ("features", "labels", "predictions")}
    _keep(world, versions="0d", grace="1d")
    retain(_later(world, days=4000))

    assert {name: rows_of(world.project(), name) for name in before} == before
    world.night(SECOND)
    assert world.night("2024-01-18")["score"]["rows"] == 48


def test_quarantine_is_emptied_by_age(world: World) -> None:
    rows = world.orders(SECOND)
    rows[0]["channel"] = "phone"
    world.write_orders(SECOND, rows)
    world.ingest(SECOND)
    assert len(_files(world, "datasets/shop/quarantine")) == 1
    first = retain(_later(world, days=366))
    retain(_later(world, days=380))

    assert first["quarantined"] == [f"shop/{SECOND}"]
    assert _files(world, "datasets/shop/quarantine") == set()


def test_model_without_its_file_keeps_its_pins(world: World) -> None:
    _changed(world, FIRST)
    (world.config / "models" / "sales.yaml").unlink()
    done = retain(_later(world, days=4000))

    assert "models/sales/features" in done["left_alone"]
    assert "_revision=1" in {path.split("/")[1] for path in _files(world, "datasets/shop/snapshots") if FIRST in path}


def test_broken_ledger_stops_all_removal(world: World) -> None:
    _changed(world, FIRST)
    _changed(world, FIRST)
    record = world.project().model_home("sales").path / "ledger" / "0000000001.json"
    record.write_text(record.read_text().replace("sales", "salez").replace("pass", "bad"))
    before = _files(world, "datasets/shop/snapshots")
    with pytest.raises(LedgerError, match="0000000001"):
        retain(_later(world, days=4000))

    assert _files(world, "datasets/shop/snapshots") == before


def test_fragments_of_killed_processes_are_swept(world: World) -> None:
    fragment = world.project().home.path / "outbox" / "pending" / ".tmp-0123"
    fragment.write_bytes(b"half a mess")
    young, old = retain(_later(world, hours=23)), retain(_later(world, hours=25))

    assert (young["fragments"], old["fragments"]) == (0, 1)
    assert not fragment.exists()
