"""Small installations whose model is a YAML of ten lines: any task, any length of partition, CSV or Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from include.partitions import partition_at
from tests.include.night.shops import World

if TYPE_CHECKING:
    from pathlib import Path

    from include.partitions import Grain, Partition

START = datetime(2024, 1, 1, tzinfo=UTC)
TARGETS = {"binary": "fragile", "regression": "weight", "multiclass": "kind"}
DATASET = """\
name: boxes
description: One box.
owner: {{name: Box team, slack: "#boxes"}}
source: {{kind: files, path: data/boxes.{ending}}}
partition: {grain}
event_time: packed_at
key: [number]
outcome: [fragile, weight, kind]
"""
MODEL = """\
name: box
description: What a box is.
owner: {{name: Box team, slack: "#boxes"}}
task: {task}
rows: boxes
target: {{dataset: boxes, column: {target}}}
first_partition: {first}
learner: {{rounds: 12, parameters: {{max_depth: 3}}}}
gate: {{mode: non_inferior, margin: {margin}, holdout: {holdout}}}
policy: {policy}
"""
_HOLDOUT = {"hour": "3h", "day": "3d", "week": "21d", "month": "93d", "year": "1100d"}


def partitions(grain: Grain, count: int) -> list[Partition]:
    """Return the first partitions of the year."""
    found = [partition_at(START, grain, "UTC")]
    while len(found) < count:
        found.append(found[-1].following())
    return found


def boxes_of(keys: list[Partition], rows: int, new_class_from: int | None = None) -> pa.Table:
    """Return rows spread over partitions; from one of them on, some boxes are of a class never seen before."""
    random = np.random.default_rng(7)
    tables = []
    for place, partition in enumerate(keys):
        length = partition.end - partition.start
        height, width = random.normal(size=rows), random.normal(size=rows)
        colour = random.choice(["red", "blue"], rows)
        load = height + 0.5 * width + (colour == "red") + 0.3 * random.normal(size=rows)
        kind = np.where(load < 0, "light box", np.where(load < 1, "box", "heavy box")).astype(object)
        if new_class_from is not None and place >= new_class_from:
            kind[width > 1] = "wide box"
        tables.append(
            pa.table(
                {
                    "number": pa.array(range(place * rows, (place + 1) * rows), pa.int64()),
                    "packed_at": pa.array(
                        [partition.start + length * (i + 0.5) / rows for i in range(rows)], pa.timestamp("us", "UTC")
                    ),
                    "height": height,
                    "width": width,
                    "colour": colour,
                    "fragile": load > 0.5,
                    "weight": np.round(10 * load, 3),
                    "kind": pa.array(kind.tolist()),
                }
            )
        )
    return pa.concat_tables(tables)


def make_boxes(
    folder: Path,
    task: str,
    *,
    grain: Grain = "day",
    ending: str = "parquet",
    count: int = 18,
    rows: int = 60,
    new_class_from: int | None = None,
    policy: str = "every(3)",
    margin: float = 30,
    more: str = "",
) -> World:
    """Write configuration and one file of rows; nothing is ingested yet."""
    world = World(folder)
    for name in ("datasets", "models", "data"):
        (world.config / name).mkdir(parents=True)
    keys = partitions(grain, count)
    table = boxes_of(keys, rows, new_class_from)
    place = world.config / "data" / f"boxes.{ending}"
    if ending == "csv":
        pa_csv.write_csv(table.set_column(1, "packed_at", _texts(table["packed_at"])), place)
    else:
        pq.write_table(table, place)
    (world.config / "datasets" / "boxes.yaml").write_text(DATASET.format(ending=ending, grain=grain))
    values = {"task": task, "target": TARGETS[task], "first": keys[count // 2].key, "policy": policy}
    model = MODEL.format(**values, margin=margin, holdout=_HOLDOUT[grain])
    (world.config / "models" / "box.yaml").write_text(model + more)
    return world


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([value.isoformat() for value in column.to_pylist()])


def rows_of(world: World, name: str) -> list[dict[str, Any]]:
    """Return the rows of one of the model's tables, in order."""
    from include.storage.tables import Table

    found = Table.existing(world.project().model_home("box") / name, name)
    return found.read().to_pylist() if found else []
