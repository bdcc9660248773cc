"""A small world of rides and readings, with the future planted in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from include.config.dataset import Dataset
from include.config.model import Model
from include.features.build import build
from include.partitions import Partition, partition_at, partition_from_key

OWNER = {"name": "Team"}
INSTANT = pa.timestamp("us", tz="UTC")
NIGHT = partition_from_key("2013-03-03", "day", "UTC")

RIDES = Dataset(
    name="rides",
    description="A ride.",
    owner=OWNER,
    source={"kind": "files", "path": "rides.csv"},
    event_time="start",
    key=("id",),
    outcome=("minutes", "late"),
    contract={
        "columns": {
            "id": {"type": "int64"},
            "start": {"type": "timestamp"},
            "station": {"type": "string"},
            "length": {"type": "float64"},
            "minutes": {"type": "float64"},
            "late": {"type": "bool"},
        }
    },
)
READINGS = Dataset(
    name="readings",
    description="The weather at a station.",
    owner=OWNER,
    source={"kind": "files", "path": "readings.csv"},
    event_time="taken",
    key=("station", "taken"),
    known_at={"column": "arrived"},
    outcome=("corrected",),
    contract={
        "columns": {
            "station": {"type": "string"},
            "taken": {"type": "timestamp"},
            "arrived": {"type": "timestamp"},
            "temp": {"type": "float64"},
            "corrected": {"type": "float64"},
        }
    },
)
STATIONS = Dataset(
    name="stations",
    description="A station.",
    owner=OWNER,
    source={"kind": "files", "path": "stations.csv"},
    key=("station",),
    static=True,
    contract={"columns": {"station": {"type": "string"}, "height": {"type": "float64"}}},
)
DATASETS: dict[str, Dataset] = {one.name: one for one in (RIDES, READINGS, STATIONS)}

POINT_IN_TIME = """
SELECT rides._key, rides.length, readings.temp, stations.height
FROM rides
ASOF LEFT JOIN readings ON readings.station = rides.station AND readings._known_at <= rides._prediction_time
LEFT JOIN stations ON stations.station = rides.station
"""


def model(**changes: object) -> Model:
    return Model(
        **{
            "name": "late",
            "description": "Late.",
            "owner": OWNER,
            "task": "binary",
            "rows": "rides",
            "datasets": ("readings", "stations"),
            "features": "late.sql",
            "lead": "1h",
            "lookback": "1d",
            "target": {"dataset": "rides", "column": "late"},
        }
        | changes
    )


def instants(values: list[datetime]) -> pa.Array:
    return pa.array(values, INSTANT)


def rides(days: list[Partition], an_hour: int = 1) -> pa.Table:
    """Return rides evenly through each day, at stations A and B in turn."""
    starts = [day.start + timedelta(minutes=60 * i / an_hour) for day in days for i in range(24 * an_hour)]
    count = len(starts)
    return pa.table(
        {
            "id": list(range(count)),
            "start": instants(starts),
            "station": ["AB"[i % 2] for i in range(count)],
            "length": [float(i % 7) for i in range(count)],
            "minutes": [float(i % 11) for i in range(count)],
            "late": [i % 3 == 0 for i in range(count)],
            "_partition": [partition_at(start, "day", "UTC").key for start in starts],
            "_known_at": instants(starts),
        }
    )


def readings(days: list[Partition], delay: timedelta = timedelta(minutes=20)) -> pa.Table:
    """Return an hourly reading of each station that arrives a little later; its temperature says when it was taken."""
    taken = [day.start + timedelta(hours=i) for day in days for i in range(24) for _ in "AB"]
    arrived = [instant + delay for instant in taken]
    hours = [(instant - datetime(2013, 3, 1, tzinfo=UTC)).total_seconds() / 3600 for instant in taken]
    return pa.table(
        {
            "station": list("AB") * (len(taken) // 2),
            "taken": instants(taken),
            "arrived": instants(arrived),
            "temp": hours,
            "corrected": [hour + 0.5 for hour in hours],
            "_partition": [partition_at(instant, "day", "UTC").key for instant in taken],
            "_known_at": instants(arrived),
        }
    )


def with_reading(table: pa.Table, taken: datetime, arrived: datetime, temp: float, station: str = "A") -> pa.Table:
    """Return the readings and one more."""
    row = {
        "station": station,
        "taken": taken,
        "arrived": arrived,
        "temp": temp,
        "corrected": temp,
        "_partition": partition_at(taken, "day", "UTC").key,
        "_known_at": arrived,
    }
    return pa.concat_tables([table, pa.Table.from_pylist([row], schema=table.schema)])


STATIONS_TABLE = pa.table({"station": ["A", "B"], "height": [10.0, None]})


def inputs(**tables: pa.Table) -> Mapping[str, Callable[[], list[pa.RecordBatch]]]:
    days = [NIGHT.preceding(), NIGHT]
    given = {"rides": rides(days), "readings": readings(days), "stations": STATIONS_TABLE} | tables
    return {name: (lambda table=table: table.to_batches(max_chunksize=7)) for name, table in given.items()}


def features(
    sql: str | None = POINT_IN_TIME, first: Partition = NIGHT, last: Partition | None = None, **given: object
) -> pa.Table:
    """Return the feature rows; ``given`` are tables, or ``of`` a model, ``datasets``, ``memory``, ``threads``."""
    options = {name: given.pop(name) for name in ("memory", "threads", "where") if name in given}
    made = build(
        given.pop("of", model()),
        given.pop("datasets", DATASETS),
        inputs(**given),
        first,
        last or first,
        sql,
        **options,
    )
    return pa.Table.from_batches(list(made))
