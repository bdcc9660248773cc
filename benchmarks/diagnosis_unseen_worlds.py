"""Worlds that the diagnosis was not written on: bookings, traffic, rentals, made laws of another kind; and a third set.

The second set taught the diagnosis some general things when it was first judged by it; the third, car loans and commutes,
judged it afterwards. Partitions are days of bookings (without a clock), weeks of hourly traffic and of hourly rentals, days of made sensor
readings and of made orders,
parts of equal length of loans and commutes. The real ones need the shared data and are left out, loudly, where they are absent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from diagnosis_worlds import Rows, World

SHARED = Path(os.environ.get("NIGHTSHIFT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
HISTORY = 45


def shared(name: str) -> Rows:
    """Return all rows of a public set in the order of time."""
    parts = sorted((SHARED / "data" / name / "parquet").glob("period=*/part-0.parquet"))
    return pd.concat([pd.read_parquet(part) for part in parts]).sort_values("ts", ignore_index=True)


def hotel_world() -> World:
    """Return bookings by day of arrival, spring 2016: 45 days of history, then every second day of the next two months."""
    rows = shared("hotel").drop(columns=["label_ts", "booking_ts"])
    rows["id"] = np.arange(len(rows))
    days = [(str(day)[:10], part.reset_index(drop=True)) for day, part in rows.groupby("ts")]
    first = next(i for i, (day, _) in enumerate(days) if day == "2016-03-01")
    return World(
        "hotel",
        tuple(part for _, part in days[first : first + HISTORY]),
        tuple(days[first + HISTORY : first + HISTORY + 60 : 2]),
        ("id",),
        "ts",
        "target",
        ("lead_time", "adr", "stays_in_week_nights", "total_of_special_requests"),
        (("lead_time", "days"), ("adr", "currency"), ("stays_in_week_nights", "count")),
        ("market_segment", "meal", "hotel", "customer_type"),
    )


def traffic_world() -> World:
    """Return hourly traffic with its weather by week: 45 weeks from December 2015, then 25; raw defects left out."""
    rows = shared("metro").drop(columns=["holiday", "hour", "dow"])
    rows = rows[(rows["temp"] > 200) & (rows["rain_1h"] < 60)].drop_duplicates("ts")
    weeks = _by_week(rows, "2015-12-07")
    return World(
        "traffic",
        tuple(part for _, part in weeks[:HISTORY]),
        tuple(weeks[HISTORY : HISTORY + 25]),
        ("ts",),
        "ts",
        "target",
        ("temp", "clouds_all"),
        (("temp", "kelvin"),),
        ("weather_main", "weather_description"),
    )


def rental_world() -> World:
    """Return hourly bicycle rentals by week: 45 weeks from February 2011, then 25; rentals as the label."""
    rows = shared("bike").drop(columns=["season", "mnth", "holiday", "weekday"])
    rows["weathersit"] = rows["weathersit"].map({1: "clear", 2: "mist", 3: "wet", 4: "storm"})
    rows["celsius"] = rows.pop("temp") * 41
    rows["kmh"] = (rows.pop("windspeed") * 67).round(4)
    weeks = _by_week(rows.drop(columns=["atemp", "hr"]), "2011-02-07")
    return World(
        "rentals",
        tuple(part for _, part in weeks[:HISTORY]),
        tuple(weeks[HISTORY : HISTORY + 25]),
        ("ts",),
        "ts",
        "target",
        ("celsius", "kmh", "hum"),
        (("celsius", "celsius"), ("kmh", "km/h"), ("hum", "share")),
        ("weathersit",),
    )


def _by_week(rows: Rows, start: str) -> list[tuple[str, Rows]]:
    rows = rows[rows["ts"] >= start]
    week = (rows["ts"] - pd.Timestamp(start)).dt.days // 7
    first = pd.Timestamp(start)
    return [(str(first + pd.Timedelta(weeks=w))[:10], p.reset_index(drop=True)) for w, p in rows.groupby(week)]


def sensor_world(seed: int) -> World:
    """Return days of 2,000 readings of 12 machines: autocorrelated, heavy-tailed, with a daily cycle and gaps."""
    rng = np.random.default_rng(seed)
    days = [_sensor_day(rng, day) for day in range(HISTORY + 20)]
    return World(
        "sensors",
        tuple(days[:HISTORY]),
        tuple((f"day {HISTORY + i}", day) for i, day in enumerate(days[HISTORY:])),
        ("machine", "at"),
        "at",
        "label",
        ("pressure", "vibration", "flow"),
        (("pressure", "bar"), ("vibration", "mm"), ("flow", "litres")),
        ("machine", "state"),
    )


def _sensor_day(rng: np.random.Generator, day: int) -> Rows:
    n = 2000
    at = (
        pd.Timestamp("2025-03-01", tz="UTC")
        + pd.Timedelta(days=day)
        + pd.to_timedelta(np.sort(rng.uniform(0, 86400, n)), unit="s")
    )
    machine = rng.integers(0, 12, n)
    cycle = np.sin(2 * np.pi * at.hour / 24) + 0.1 * rng.normal()
    vibration = np.abs(rng.standard_t(4, n)) * (1 + 0.1 * machine) + 0.3 * cycle + 2
    flow = np.where(rng.random(n) < 0.3, 0.0, rng.gamma(4, 12, n)).round(1)
    frame = pd.DataFrame(
        {
            "machine": np.char.add("M-", machine.astype(str)),
            "at": at,
            "pressure": (3.2 + 0.4 * cycle + 0.2 * rng.normal(size=n) + 0.05 * machine).round(2),
            "vibration": vibration,
            "flow": flow,
            "state": rng.choice(["Running", "Idle", "Service Mode"], n, p=[0.7, 0.25, 0.05]),
            "label": (rng.random(n) < 1 / (1 + np.exp(4 - 0.7 * vibration))).astype(float),
        }
    )
    frame.loc[rng.random(n) < 0.04, "vibration"] = np.nan
    return frame


def order_world(seed: int) -> World:
    """Return days of 800 orders: a price on a grid of 0.99, Pareto quantities, minutes of delivery, long-tailed cities."""
    rng = np.random.default_rng(seed)
    days = [_order_day(rng, day) for day in range(HISTORY + 20)]
    return World(
        "orders",
        tuple(days[:HISTORY]),
        tuple((f"day {HISTORY + i}", day) for i, day in enumerate(days[HISTORY:])),
        ("order",),
        "at",
        "label",
        ("price", "quantity", "minutes"),
        (("price", "currency"), ("quantity", "count"), ("minutes", "minutes")),
        ("city", "payment", "tier"),
    )


def _order_day(rng: np.random.Generator, day: int) -> Rows:
    n = int(800 * rng.uniform(0.75, 1.25) * (0.7 if day % 7 >= 5 else 1.0))
    hour = rng.choice(24, n, p=_hours())
    at = (
        pd.Timestamp("2025-03-03")
        + pd.Timedelta(days=day)
        + pd.to_timedelta(hour * 3600 + rng.integers(0, 3600, n), unit="s")
    )
    price = np.floor(rng.lognormal(2.5 + 0.03 * rng.normal(), 0.7, n)) + 0.99
    minutes = rng.gamma(6, 6, n) + 5
    shares = (1.0 / np.arange(1, 61)) ** 0.8
    return pd.DataFrame(
        {
            "order": np.char.add(f"{day:03d}-", np.arange(n).astype(str)),
            "at": at,
            "price": price,
            "quantity": np.minimum(np.ceil(rng.pareto(1.8, n)), 200.0),
            "minutes": minutes,
            "city": np.char.add("City ", rng.choice(60, n, p=shares / shares.sum()).astype(str)),
            "payment": rng.choice(["card", "invoice", "wallet", "cash"], n, p=[0.5, 0.2, 0.22, 0.08]),
            "tier": rng.choice(["Gold", "Silver", "Basic"], n, p=[0.1, 0.3, 0.6]),
            "label": (rng.random(n) < 1 / (1 + np.exp(3 - 0.05 * minutes))).astype(float),
        }
    )


def _hours() -> np.ndarray:
    weight = np.array([1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3, 3, 3, 5, 7, 5, 3, 3, 3, 4, 7, 9, 8, 5, 3, 2], float)
    return weight / weight.sum()


def loan_world() -> World:
    """Return the made car loans of NannyML's tests by week of the reference: 45 weeks, then 25."""
    rows = _nannyml("synthetic_car_loan_reference", "repaid")
    weeks = _equal_parts(rows, HISTORY + 25)
    return World(
        "loans",
        tuple(part for _, part in weeks[:HISTORY]),
        tuple(weeks[HISTORY:]),
        ("id",),
        "ts",
        "target",
        ("car_value", "debt_to_income_ratio", "driver_tenure"),
        (("car_value", "currency"), ("debt_to_income_ratio", "share"), ("driver_tenure", "days")),
        ("salary_range", "size_of_downpayment"),
    )


def commute_world() -> World:
    """Return the made work-from-home table of NannyML's tests in equal parts: 45, then 25."""
    rows = _nannyml("synthetic_sample_reference", "work_home_actual")
    parts = _equal_parts(rows, HISTORY + 25)
    return World(
        "commutes",
        tuple(part for _, part in parts[:HISTORY]),
        tuple(parts[HISTORY:]),
        ("id",),
        "ts",
        "target",
        ("distance_from_office", "gas_price_per_litre", "public_transportation_cost", "tenure"),
        (("distance_from_office", "km"), ("gas_price_per_litre", "currency"), ("tenure", "days")),
        ("salary_range", "workday"),
    )


def _nannyml(name: str, label: str) -> Rows:
    rows = pd.read_parquet(SHARED / "data" / "nannyml" / f"{name}.parquet")
    rows["ts"] = pd.to_datetime(rows.pop("timestamp"))
    left_out = [column for column in ("y_pred", "y_pred_proba", "period") if column in rows]
    return rows.drop(columns=left_out).rename(columns={label: "target"}).sort_values("ts", ignore_index=True)


def _equal_parts(rows: Rows, count: int) -> list[tuple[str, Rows]]:
    """Return parts of equal length in time."""
    low, high = rows["ts"].min(), rows["ts"].max()
    place = ((rows["ts"] - low) / (high - low) * count).astype(int).clip(upper=count - 1)
    return [(f"part {p}", part.reset_index(drop=True)) for p, part in rows.groupby(place)]


def unseen_worlds() -> list[World]:
    """Return the worlds of the second set that can be made here."""
    return [*_where_shared("hotel", (hotel_world, traffic_world, rental_world)), sensor_world(31), order_world(32)]


def judging_worlds() -> list[World]:
    """Return the worlds of the third set, on which nothing was mended."""
    return _where_shared("nannyml", (loan_world, commute_world))


def _where_shared(name: str, makers: tuple[Callable[[], World], ...]) -> list[World]:
    if (SHARED / "data" / name).is_dir():
        return [make() for make in makers]
    print(f"no {name} at {SHARED / 'data'}: its worlds are left out", file=sys.stderr)
    return []
