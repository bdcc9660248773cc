"""Made, seeded rows that the tests of training, scoring, registry and explanations share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.config.model import Learner
from include.registry.manifest import Lineage, TableInput
from include.training.fit import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.registry.artifact import Artifact

FEATURES = ("distance", "carrier", "hour", "holiday")
DAYS = tuple(f"2013-01-{day:02d}" for day in range(1, 11))


def flights(rows: int = 1000, seed: int = 7) -> pa.Table:
    """Return labelled rows: late when far, with carrier b, by chance; 1 % of distances and carriers missing."""
    random = np.random.default_rng(seed)
    distance, carrier = random.normal(size=rows), random.choice(["a", "b", "c", "d"], rows)
    late = distance + (carrier == "b") + random.normal(size=rows) > 0.5
    return pa.table(
        {
            "_key": [f"flight|{row}" for row in range(rows)],
            "_partition": np.sort(random.choice(DAYS, rows)),
            "holiday": random.random(rows) < 0.1,
            "distance": pa.array(distance, mask=random.random(rows) < 0.01),
            "hour": random.integers(0, 24, rows),
            "carrier": pa.array(carrier, mask=random.random(rows) < 0.01),
            "label": late.astype(float),
        }
    )


def rows_of(table: pa.Table, batch: int = 300) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Return what gives a table's rows in batches, again at each call."""
    return lambda: iter(table.to_batches(batch))


def replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    """Return a table with other values in one column."""
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def trained(table: pa.Table | None = None, **changes: Any) -> Artifact:
    """Return a small model of ten trees."""
    settings: dict[str, Any] = {
        "features": FEATURES,
        "learner": Learner(rounds=10),
        "task": "binary",
        "seed": 3,
        "nthread": 1,
        "lineage": LINEAGE,
    }
    return fit(rows_of(flights() if table is None else table), **(settings | changes))


@cache
def model() -> Artifact:
    """Return the same small model to every test that only reads one."""
    return trained()


LINEAGE = Lineage(
    model="flight_delay",
    partition="2013-01-13",
    inputs=(TableInput(table="models/flight_delay/features", version=4, partitions=DAYS),),
    train=DAYS,
    holdout=("2013-01-11", "2013-01-12"),
    trigger="every(7)",
    code="0.1.0",
)
