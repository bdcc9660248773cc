"""The default gate of models whose partitions are longer than a day: alive from the first candidate on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.night.wait import wait
from include.night.whole import run_ingest, run_night
from include.storage.schemas import predictions
from include.storage.tables import Table
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


def _certain(world: World, key: str, version: str) -> None:
    """Begin a night and let the champion that was replaced be all but certain, and right."""
    assert wait(world.project(), "box", key, expired=True)
    snapshots = world.project().snapshots("boxes")
    assert snapshots is not None
    boxes = snapshots.read(["number", "fragile"], [key]).to_pydict()
    rows = pa.table(
        {
            "_key": [str(number) for number in boxes["number"]],
            "model_version": [version] * len(boxes["number"]),
            "score": [0.98 if fragile else 0.02 for fragile in boxes["fragile"]],
            "scored_in": [key] * len(boxes["number"]),
        }
    )
    table = Table(world.project().model_home("box") / "predictions", predictions(["score"]))
    table.replace({"_partition": key, "role": "previous"}, rows.to_batches())


@pytest.mark.parametrize(("delay", "judged_in"), [("0m", 7), ("10d", 8)])
def test_champion_by_month_is_rolled_back_by_the_days_of_one_month(tmp_path: Path, delay: str, judged_in: int) -> None:
    world = make_boxes(tmp_path / "world", "binary", grain="month", count=COUNT, rows=90, policy="never")
    model = world.config / "models" / "box.yaml"
    model.write_text(model.read_text().replace("column: fragile", f"column: fragile, delay: {delay}"))
    keys = [p.key for p in partitions("month", COUNT)]
    run_ingest(world.project(), "boxes", keys[0], keys[-1])
    first = run_night(world.project(), "box", keys[TURN - 1], force="the first")["train"]["candidate"]
    run_night(world.project(), "box", keys[TURN], force="a worse one")
    for place in range(TURN + 1, judged_in + 1):
        if place == TURN + 1:
            _certain(world, keys[place], first)
        done = run_night(world.project(), "box", keys[place])
    starts = world.project().model_ledger("box").records("night_start")
    told = world.project().model_ledger("box").records("beside")[-1].body["evidence"]

    assert [bool(r.body["previous"]) for r in starts] == [False, False, True, False][: len(starts)]
    assert (told["nights"], told["values"]) == (1, 31)
    assert done["promote"]["champion"] == first
