"""The default gate of models whose partitions are longer than a day: alive from the first candidate on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.night.whole import run_ingest, run_night
from tests.include.night.boxes import make_boxes, partitions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.night.shops import World

COUNT, TURN = 10, 6


def _turned(world: World, grain: str, *, dated: bool) -> None:
    """Let what is fragile be turned round from a partition on, and, unless dated, all rows be at the start of theirs."""
    place = world.config / "data" / "boxes.parquet"
    keys, table = partitions(grain, COUNT), pq.read_table(world.config / "data" / "boxes.parquet")
    later = pc.greater_equal(table["packed_at"], pa.scalar(keys[TURN].start, pa.timestamp("us", "UTC")))
    table = table.set_column(5, "fragile", pc.xor(table["fragile"], later))
    if not dated:
        rows = table.num_rows // COUNT
        starts = [key.start for key in keys for _ in range(rows)]
        table = table.set_column(1, "packed_at", pa.array(starts, pa.timestamp("us", "UTC")))
    pq.write_table(table, place)


@pytest.mark.parametrize(
    ("grain", "dated", "held", "values"),
    [("month", True, 1, 31), ("year", True, 1, 45), ("week", True, 2, 14), ("month", False, 3, 3)],
)
def test_better_candidate_passes_the_default_gate(
    tmp_path: Path, grain: str, dated: bool, held: int, values: int
) -> None:
    world = make_boxes(tmp_path / "world", "binary", grain=grain, count=COUNT, rows=90 if grain != "year" else 45)
    _turned(world, grain, dated=dated)
    model = world.config / "models" / "box.yaml"
    lines = [line for line in model.read_text().splitlines() if not line.startswith("gate:")]
    model.write_text("\n".join([*lines, "window: {last: 70d}" if grain != "year" else "window: {last: 800d}", ""]))
    keys = [p.key for p in partitions(grain, COUNT)]
    run_ingest(world.project(), "boxes", keys[0], keys[-1])
    first = run_night(world.project(), "box", keys[TURN - 1])
    done = run_night(world.project(), "box", keys[COUNT - 1], force="the world has turned")
    candidate = world.project().model_ledger("box").records("candidate")[-1].body
    report = world.project().model_ledger("box").records("gate")[-1].body["report"]
    performance = report["parts"][0]

    assert first["gate"]["verdict"] == "pass", first["gate"]
    assert done["gate"]["verdict"] == "pass", done["gate"]
    assert len(candidate["holdout_partitions"]) == held == report["nights"]
    assert performance["numbers"]["blocks"] == values
