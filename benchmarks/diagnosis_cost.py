"""What it costs to diagnose every night: CPU seconds of a night's diagnosis, beside its whole step `measure`.

A model with 40 features (30 numeric, 10 categorical) and 5 partitions of history; then two nights more. The second is
measured: its data are diagnosed, and the labels of the night before, which have matured.

    python benchmarks/diagnosis_cost.py --rows 100000 1000000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.night import measure as measuring
from include.night import watch as watching
from include.night.whole import night_step, run_ingest, run_night
from include.project import Project

_WORK = {"diagnose_earlier": measuring.diagnose_earlier, "diagnose_night": watching.diagnose_night}
DAYS = 7
NUMBERS, TEXTS = 30, 10
DATASET = """\
name: events
description: One event.
owner: {{name: Team}}
source: {{kind: files, path: "data/{{key}}.parquet"}}
event_time: at
key: [id]
outcome: [label]
contract:
  columns:
    id: {{type: int64}}
    at: {{type: timestamp}}
    label: {{type: float64}}
{columns}
"""
MODEL = """\
name: chance
description: Chance that the label is one.
owner: {name: Team}
task: binary
rows: events
target: {dataset: events, column: label, delay: 1d}
learner: {rounds: 5, parameters: {max_depth: 3}}
window: {last: 1d}
policy: never
gate: {holdout: 1d}
"""


def key(place: int) -> str:
    """Return the key of the day so many days after the first."""
    return (date(2024, 1, 1) + timedelta(days=place)).isoformat()


def write_day(folder: Path, place: int, rows: int) -> None:
    """Write one day's rows as a Parquet file."""
    rng = np.random.default_rng(place)
    start = np.datetime64(key(place), "us")
    words = np.array([f"category {number}" for number in range(50)])
    columns: dict[str, Any] = {
        "id": place * 10**9 + np.arange(rows),
        "at": pa.array(
            start + np.sort(rng.integers(0, 86_400_000_000, rows)).astype("m8[us]"), pa.timestamp("us", "UTC")
        ),
    }
    columns |= {f"x{i}": rng.normal(size=rows).round(6 if i % 2 else 2) for i in range(NUMBERS)}
    columns |= {f"c{i}": words[rng.integers(0, 50, rows)] for i in range(TEXTS)}
    columns["label"] = (rng.random(rows) < 1 / (1 + np.exp(-columns["x0"]))).astype(float)
    pq.write_table(pa.table(columns), folder / f"{key(place)}.parquet")


def measured(folder: Path, rows: int) -> dict[str, float]:
    """Return CPU seconds of the parts of a night."""
    for name in ("datasets", "models", "data"):
        (folder / "config" / name).mkdir(parents=True)
    listed = [f"    x{i}: {{type: float64}}" for i in range(NUMBERS)] + [
        f"    c{i}: {{type: string}}" for i in range(TEXTS)
    ]
    (folder / "config" / "datasets" / "events.yaml").write_text(DATASET.format(columns="\n".join(listed)))
    (folder / "config" / "models" / "chance.yaml").write_text(MODEL)
    environ = {"NIGHTSHIFT_HOME": str(folder / "home"), "NIGHTSHIFT_CONFIG": str(folder / "config")}
    project = Project.open(environ=environ, actor="benchmark", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    found: dict[str, float] = {}
    for place in range(DAYS):
        write_day(folder / "config" / "data", place, rows)
        run_ingest(project, "events", key(place))
        if place == DAYS - 3:
            run_night(project, "chance", key(place), force="first")
        elif place > DAYS - 3:
            found = _night(project, key(place))
    return found


def _night(project: Project, night: str) -> dict[str, float]:
    from include.night.wait import wait

    wait(project, "chance", night, expired=True)
    for what in ("features", "score"):
        night_step(project, "chance", night, what)
    found: dict[str, float] = {}
    for module, name, told in ((measuring, "diagnose_earlier", "labels"), (watching, "diagnose_night", "data")):
        setattr(module, name, _timed(found, _WORK[name], told))
    start = time.process_time()
    night_step(project, "chance", night, "measure")
    found["measure"] = time.process_time() - start
    return found


def _timed(found: dict[str, float], work: Callable[..., Any], told: str) -> Callable[..., Any]:
    """Return the same work, whose CPU seconds are noted."""

    def timed(*arguments: Any) -> Any:
        start = time.process_time()
        result = work(*arguments)
        found[told] = time.process_time() - start
        return result

    return timed


def main() -> None:
    """Print a line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="a night")
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory(prefix="nightshift-cost-") as folder:
            found = measured(Path(folder), rows)
        print(
            f"{rows:,} rows x {NUMBERS + TEXTS}: diagnosis of the data {found['data']:.2f} s CPU, of the matured labels "
            f"{found['labels']:.2f} s, the whole step measure {found['measure']:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
