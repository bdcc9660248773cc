"""Nights in any order give the same tables; decisions only go forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.night.whole import run_night
from tests.include.night.shops import SECOND, THIRD, World, copy_of, rows_of, state

if TYPE_CHECKING:
    from pathlib import Path


def _tables(world: World) -> dict[str, Any]:
    snapshots = world.project().snapshots("shop")
    assert snapshots is not None
    orders = sorted(snapshots.read().to_pylist(), key=lambda row: row["number"])
    return {"orders": orders, **{name: rows_of(world.project(), name) for name in ("features", "labels")}}


@pytest.mark.parametrize("delay", ["1d", "12h"])
def test_order_of_nights_does_not_matter(world: World, tmp_path: Path, delay: str) -> None:
    path = world.config / "models" / "sales.yaml"
    path.write_text(path.read_text().replace("delay: 1d", f"delay: {delay}"))
    other = copy_of(world, tmp_path / "other")
    world.ingest(SECOND)
    world.ingest(THIRD)
    other.ingest(THIRD)
    other.ingest(SECOND)
    for night in (SECOND, THIRD):
        run_night(world.project(), "sales", night)
    for night in (THIRD, SECOND):
        run_night(other.project(), "sales", night)

    assert _tables(other) == _tables(world)
    assert len(_tables(world)["labels"]) > 16 * 48


def test_redone_night_keeps_later_labels(world: World) -> None:
    world.night(SECOND)
    world.night(THIRD)
    rows = world.orders(SECOND)
    rows[0]["sold"] = "false" if rows[0]["sold"] == "true" else "true"
    world.write_orders(SECOND, rows)
    world.night("2024-01-19")
    before = state(world.project())
    for night in (SECOND, THIRD):
        run_night(world.project(), "sales", night)

    assert state(world.project()) == before


def test_decisions_only_go_forward(world: World) -> None:
    world.ingest(SECOND, THIRD)
    run_night(world.project(), "sales", THIRD)
    done = run_night(world.project(), "sales", SECOND, force="try")

    assert done["decide"]["verdict"] == "hold"
    assert done["decide"]["reason"] == f"the later night {THIRD} is decided already; decisions only go forward"
    assert done["score"]["rows"] == 48
    assert "skipped" in done["train"]
