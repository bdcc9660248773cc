"""A small installation: orders of a shop by day, exchange rates beside them, and one model of what is sold."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from include.night.whole import run_ingest, run_night
from include.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

HISTORY = ("2024-01-01", "2024-01-16")
FIRST, SECOND, THIRD = "2024-01-16", "2024-01-17", "2024-01-18"
NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
ROWS = 48  # two an hour

SHOP = """\
name: shop
description: One order of a shop.
owner: {name: Shop team, slack: "#shop"}
source: {kind: files, path: "data/shop/{key}.csv"}
event_time: placed_at
key: [number]
outcome: [sold]
late_for: 2d
first_partition: 2024-01-01
last_partition: 2024-01-31
contract:
  columns:
    number: {type: int64, nullable_share: 0}
    placed_at: {type: timestamp, nullable_share: 0}
    amount: {type: float64, nullable_share: 0, range: [0, 100]}
    channel: {type: string, nullable_share: 0, set: [web, desk]}
    sold: {type: bool}
"""
RATES = """\
name: rates
description: The exchange rate of an hour.
owner: {name: Rates team, slack: "#rates"}
source: {kind: files, path: "data/rates/{key}.csv"}
event_time: placed_at
key: [placed_at]
first_partition: 2024-01-01
last_partition: 2024-01-31
contract:
  columns:
    placed_at: {type: timestamp, nullable_share: 0}
    rate: {type: float64, nullable_share: 0, range: [0, 10]}
"""
SALES = """\
name: sales
description: Chance that an order is paid.
owner: {name: Sales team, slack: "#sales"}
task: binary
rows: shop
datasets: [rates]
features: sales.sql
target: {dataset: shop, column: sold, delay: 1d}
first_partition: 2024-01-17
feature_contract:
  amount: {range: [0, 90]}
learner: {rounds: 8, parameters: {max_depth: 3}}
policy: every(3)
gate: {mode: non_inferior, margin: 0.5, holdout: 3d}
alerts: {deadline: 1m}
"""
SALES_SQL = """\
SELECT shop._key, shop.amount, shop.channel, rates.rate
FROM shop ASOF LEFT JOIN rates ON rates._known_at <= shop._prediction_time
"""


@dataclass(frozen=True)
class World:
    """A folder with configuration, source files and tables."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment that names it."""
        return {"NIGHTSHIFT_HOME": str(self.folder / "home"), "NIGHTSHIFT_CONFIG": str(self.folder / "config")}

    @property
    def config(self) -> Path:
        """Return the configuration folder."""
        return self.folder / "config"

    def project(self) -> Project:
        """Return a new installation object over it, as each task opens one."""
        return Project.open(environ=self.environ, actor="tester", clock=lambda: NOW)

    def ingest(self, first: str, last: str | None = None) -> None:
        """Ingest both datasets."""
        for dataset in ("shop", "rates"):
            run_ingest(self.project(), dataset, first, last)

    def night(self, partition: str, **options: Any) -> dict[str, Any]:
        """Ingest and run one night."""
        self.ingest(partition)
        return run_night(self.project(), "sales", partition, **options)

    def orders(self, partition: str) -> list[dict[str, Any]]:
        """Return the rows of a source file of orders."""
        with (self.config / "data" / "shop" / f"{partition}.csv").open() as stream:
            return list(csv.DictReader(stream))

    def write_orders(self, partition: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write the source file of a day's orders."""
        write_csv(self.config / "data" / "shop" / f"{partition}.csv", rows)


def with_gate(world: World, gate: str, **more: str) -> None:
    """Give the model another gate, and replace other lines of its file by their keys."""
    text = SALES.replace("gate: {mode: non_inferior, margin: 0.5, holdout: 3d}", f"gate: {gate}")
    for key, value in more.items():
        lines = [f"{key}: {value}" if line.startswith(f"{key}: ") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    (world.config / "models" / "sales.yaml").write_text(text)


def poison(world: World, first: str, last: str, channel: str) -> None:
    """Turn the outcome of one channel's orders into its opposite, from a day to a day."""
    day = date.fromisoformat(first)
    while day.isoformat() <= last:
        orders = world.orders(day.isoformat())
        wrong = {"true": "false", "false": "true"}
        turned = [o | {"sold": wrong[o["sold"]]} if o["channel"] == channel else o for o in orders]
        world.write_orders(day.isoformat(), turned)
        day += timedelta(days=1)


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows under the names of the first."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def make_world(folder: Path, days: int = 22) -> World:
    """Write configuration and source files; nothing is ingested yet."""
    world = World(folder)
    for name in ("datasets", "models", "data/shop", "data/rates"):
        (world.config / name).mkdir(parents=True)
    (world.config / "datasets" / "shop.yaml").write_text(SHOP)
    (world.config / "datasets" / "rates.yaml").write_text(RATES)
    (world.config / "models" / "sales.yaml").write_text(SALES)
    (world.config / "models" / "sales.sql").write_text(SALES_SQL)
    for place in range(days):
        day = date(2024, 1, 1) + timedelta(days=place)
        world.write_orders(day.isoformat(), _orders(place, day))
        rates = [{"placed_at": f"{day}T{hour:02d}:00:00Z", "rate": round(1 + hour / 100, 2)} for hour in range(24)]
        write_csv(world.config / "data" / "rates" / f"{day}.csv", rates)
    return world


def _orders(place: int, day: date) -> list[dict[str, Any]]:
    random = np.random.default_rng(place)
    amount = random.uniform(0, 80, ROWS).round(2)
    web = random.random(ROWS) < 0.5
    sold = random.random(ROWS) < 1 / (1 + np.exp((amount - 40) / 8 - web))
    return [
        {
            "number": place * 1000 + row,
            "placed_at": f"{day}T{row // 2:02d}:{15 + 30 * (row % 2)}:00Z",
            "amount": float(amount[row]),
            "channel": "web" if web[row] else "desk",
            "sold": str(bool(sold[row])).lower(),
        }
        for row in range(ROWS)
    ]


def prepared(factory: pytest.TempPathFactory) -> World:
    """Return the installation after its history and its first night, made once a test session; copy it, never write it."""
    world = World(factory.getbasetemp() / "prepared-shop")
    if not (world.folder / "ready").exists():
        make_world(world.folder)
        world.ingest(*HISTORY)
        run_night(world.project(), "sales", FIRST)
        (world.folder / "ready").touch()
    return world


def copy_of(world: World, folder: Path) -> World:
    """Return a copy that a test may change."""
    shutil.copytree(world.folder, folder)
    return World(folder)


def state(project: Project) -> dict[str, Any]:
    """Return the versions of all tables of data and the lengths of all ledgers (costs of steps left out)."""
    found: dict[str, Any] = {}
    home = project.home.path
    for log in sorted(home.glob("*/*/*/_delta_log")):
        if log.parent.name != "steps":
            found[str(log.parent.relative_to(home))] = len(list(log.glob("*.json")))
    for dataset in ("shop", "rates"):
        found[f"ledger {dataset}"] = len(project.dataset_ledger(dataset).records())
    found["ledger sales"] = len(project.model_ledger("sales").records())
    return found


def rows_of(project: Project, table: str, order: str = "_key") -> list[dict[str, Any]]:
    """Return the rows of one of the model's tables, in order."""
    from include.storage.tables import Table

    found = Table.existing(project.model_home("sales") / table, table)
    return sorted(found.read().to_pylist(), key=lambda row: (row["_partition"], row[order])) if found else []
