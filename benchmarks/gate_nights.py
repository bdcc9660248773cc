"""Poisoned newest windows through whole nights: may a candidate that learned flipped labels become champion.

Each life is an installation of its own: sixteen calm days, a first night (which freezes the golden set and makes the first
champion), then eight days on which the labels of one of four segments are flipped, in training and hold-out alike, and
a night with a forced retraining on the newest days. Nothing is simulated but the rows: ingest, contract, features,
labels, training, gate and promotion are the night's own steps.

    python benchmarks/gate_nights.py [--lives 20] [--rows 200] [--sound]
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.night.whole import run_ingest, run_night  # noqa: E402
from include.project import Project  # noqa: E402

CALM, DAYS = 16, 24
START = date(2024, 1, 1)
SEGMENTS = np.array(["north", "south", "east", "west"])
DATASET = """\
name: orders
description: One order.
owner: {name: Shop}
source: {kind: files, path: "data/{key}.csv"}
event_time: placed_at
key: [number]
outcome: [paid]
contract:
  columns:
    number: {type: int64}
    placed_at: {type: timestamp}
    amount: {type: float64}
    visits: {type: float64}
    region: {type: string}
    paid: {type: bool}
"""
MODEL = """\
name: paid
description: Chance that an order is paid.
owner: {name: Shop}
task: binary
rows: orders
target: {dataset: orders, column: paid, delay: 1d}
learner: {rounds: 40, parameters: {max_depth: 3}}
window: {last: 4d}
policy: never
gate: {holdout: 4d, golden_set: {rows: 500}}
"""


def write_days(folder: Path, rows: int, poisoned: str | None, rng: np.random.Generator) -> list[str]:
    """Write configuration and one CSV a day; return the keys."""
    for name in ("datasets", "models", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "datasets" / "orders.yaml").write_text(DATASET)
    (folder / "models" / "paid.yaml").write_text(MODEL)
    keys = [(START + timedelta(days=n)).isoformat() for n in range(DAYS)]
    for place, key in enumerate(keys):
        amount, visits = rng.normal(size=rows), rng.normal(size=rows)
        region = rng.choice(SEGMENTS, rows)
        paid = rng.random(rows) < 1 / (1 + np.exp(-(1.5 * amount + 0.5 * visits + 0.1 * rng.normal())))
        paid = np.where((place >= CALM) & (region == poisoned), ~paid, paid)
        with (folder / "data" / f"{key}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["number", "placed_at", "amount", "visits", "region", "paid"])
            for row in range(rows):
                at = datetime.fromisoformat(key) + timedelta(minutes=row * 1440 // rows)
                values = (f"{amount[row]:.4f}", f"{visits[row]:.4f}", region[row], str(bool(paid[row])).lower())
                writer.writerow([place * rows + row, f"{at.isoformat()}Z", *values])
    return keys


def lived(folder: Path, rows: int, poisoned: str | None, seed: int) -> dict[str, bool]:
    """Return what became of the candidate of the last night."""
    keys = write_days(folder / "config", rows, poisoned, np.random.default_rng(seed))
    environ = {"NIGHTSHIFT_HOME": str(folder / "home"), "NIGHTSHIFT_CONFIG": str(folder / "config")}
    project = Project.open(environ=environ, actor="benchmark", clock=lambda: datetime(2024, 3, 1, tzinfo=UTC))
    run_ingest(project, "orders", keys[0], keys[CALM])
    run_night(project, "paid", keys[CALM], force="first")
    run_ingest(project, "orders", keys[CALM + 1], keys[-1])
    done = run_night(project, "paid", keys[-1], force="newest days")
    report = project.model_ledger("paid").records("gate")[-1].body["report"]
    findings = {part["name"]: part["finding"] for part in report["parts"]}
    return {
        "without": findings["performance"] == "pass",
        "promoted": "promote" in done,
        "asked": report["ask_person"],
    }


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200, help="a day")
    parser.add_argument("--sound", action="store_true", help="flip nothing")
    args = parser.parse_args()
    found = []
    for life in range(args.lives):
        with tempfile.TemporaryDirectory(prefix="nightshift-gate-") as folder:
            poisoned = None if args.sound else str(SEGMENTS[life % len(SEGMENTS)])
            found.append(lived(Path(folder), args.rows, poisoned, life))
        print(f"  life {life}: {found[-1]}", flush=True)
    total = {name: sum(one[name] for one in found) for name in found[0]}
    print(
        f"{args.lives} lives, {'sound' if args.sound else 'poisoned'}: the newest nights alone would promote "
        f"{total['without']}, with the golden set {total['promoted']} promoted, a person asked {total['asked']}"
    )


if __name__ == "__main__":
    main()
