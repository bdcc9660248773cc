"""Rows that come late make a further revision; what was served stays."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.night.whole import run_ingest
from tests.include.night.shops import SECOND, THIRD, rows_of, state

if TYPE_CHECKING:
    from tests.include.night.shops import World

END_OF_THIRD = datetime(2024, 1, 19, tzinfo=UTC)


def _late(world: World) -> None:
    """One order of the second night comes late, and one outcome of it is corrected."""
    rows = world.orders(SECOND)
    rows[0]["sold"] = "false" if rows[0]["sold"] == "true" else "true"
    world.write_orders(SECOND, [*rows, {**rows[1], "number": "999999"}])


def test_late_row_is_known_when_its_night_ends(world: World) -> None:
    world.night(SECOND)
    _late(world)
    done = run_ingest(world.project(), "shop", THIRD)
    snapshots = world.project().snapshots("shop")
    assert snapshots is not None
    rows = {r["number"]: r for r in snapshots.read(partitions=[SECOND]).to_pylist()}

    assert done["published"] == [SECOND, THIRD]
    assert len(rows) == 49
    assert {int(r["_revision"]) for r in rows.values()} == {2}
    assert rows[999999]["_known_at"] == END_OF_THIRD
    assert rows[16000]["_known_at"] == rows[16000]["placed_at"]  # its outcome was corrected, it did not come late


def test_unchanged_rows_make_no_revision(world: World) -> None:
    world.night(SECOND)
    before = state(world.project())
    done = run_ingest(world.project(), "shop", SECOND)

    assert done["published"] == []
    assert state(world.project()) == before


def test_late_rows_refresh_labels_and_measures_only(world: World) -> None:
    world.night(SECOND)
    world.night(THIRD)
    served, evidence = rows_of(world.project(), "predictions"), rows_of(world.project(), "evidence", "order")
    measured = {(r["_partition"], r["metric"]): r for r in rows_of(world.project(), "performance", "metric")}
    _late(world)
    world.night("2024-01-19")
    project = world.project()
    labels = {r["_key"]: r["label"] for r in rows_of(project, "labels") if r["_partition"] == SECOND}
    again = {(r["_partition"], r["metric"]): r for r in rows_of(project, "performance", "metric")}

    assert len(labels) == 49
    assert again[SECOND, "log_loss"]["value"] != measured[SECOND, "log_loss"]["value"]
    assert again[SECOND, "log_loss"]["measured_in"] == "2024-01-19"
    assert [r for r in rows_of(project, "predictions") if r["_partition"] < "2024-01-19"] == served
    drawn = rows_of(project, "evidence", "order")
    assert {str(row) for row in evidence} < {str(row) for row in drawn}
    assert max(Counter((r["signal"], r["subject"], r["model_version"], r["_partition"]) for r in drawn).values()) == 1
