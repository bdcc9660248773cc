"""Ingest and publish of one partition: seconds beside pyarrow's own reading and writing of the same rows, and peak memory.

    python benchmarks/publish_speed.py                       # 1,000,000 rows × 40 columns, medians of five
    python benchmarks/publish_speed.py --large               # and 10,000,000 rows once, for the peak memory

`ours` is what two tasks of a night do: read the file through the source, typed by the contract, into a staged file; then
show it by one commit, with its verdict, its page and its ledger record. The validation between them is left out: it has a
program of its own, `validate_speed.py`. `pyarrow` reads the file in batches and writes them with the same compression,
made durable as ours is. Each figure comes from a fresh interpreter, imports left out; the two take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ingest_source import BLOCK, KEY, dataset, make

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.project import Project

READ_ROWS = 65_536


def configure(folder: Path, columns: int) -> None:
    """Write the configuration of one dataset, whose file is ``data/rows.parquet`` beside it."""
    for name in ("datasets", "models"):
        (folder / name).mkdir()
    said = dataset(Path("data/rows.parquet"), columns).model_dump(mode="json", exclude_defaults=True)
    (folder / "datasets" / "made.yaml").write_text(json.dumps(said))


def opened(folder: Path, home: Path) -> Project:
    """Return the installation over the configuration, with tables at ``home``."""
    from include.project import Project

    return Project.open(environ={"NIGHTSHIFT_CONFIG": str(folder), "NIGHTSHIFT_HOME": str(home)}, actor="benchmark")


def passed(project: Project, attempt: str, rows: int) -> None:
    """Say that the staged rows passed, in place of a validation."""
    from include.contracts.validation import Validation
    from include.night.attempts import remember_validated

    remember_validated(project, "made", attempt, {KEY: Validation("made", KEY, rows, "pass", ()).as_json()})


def ours(folder: Path, home: Path) -> tuple[Callable[[], Any], ...]:
    """Return the two steps of Nightshift, and what goes on between them."""
    from include.night.ingest import ingest
    from include.night.publish import publish

    project = opened(folder, home)
    staged: dict[str, Any] = {}

    def show() -> int:
        return int(publish(project, "made", staged["attempt"])["rows"])

    return (
        lambda: staged.update(ingest(project, "made", KEY)),
        lambda: passed(project, staged["attempt"], staged["rows"]),
        show,
    )


def theirs(folder: Path, home: Path) -> tuple[Callable[[], Any], ...]:
    """Return pyarrow's reading and writing."""
    import pyarrow.parquet as pq

    def copied() -> int:
        file = pq.ParquetFile(folder / "data" / "rows.parquet", pre_buffer=False)
        home.mkdir()
        with pq.ParquetWriter(home / "rows.parquet", file.schema_arrow, compression="zstd") as writer:
            for batch in file.iter_batches(READ_ROWS):
                writer.write_batch(batch, row_group_size=BLOCK)
        handle = os.open(home / "rows.parquet", os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
        return int(file.metadata.num_rows)

    return (copied,)


def child(which: str, folder: Path) -> None:
    """Do it once, and print what it cost, imports left out."""
    import pyarrow as pa

    import include.night.publish
    import include.sources.files

    assert include.night.publish
    assert include.sources.files
    pa.scalar(1)  # pyarrow imports pandas the first time that it meets a Python value
    with tempfile.TemporaryDirectory(dir=folder) as home:
        steps = (ours if which == "ours" else theirs)(folder, Path(home) / "home")
        seconds, cpu, rows = 0.0, 0.0, 0
        for place, step in enumerate(steps):
            began, used = time.perf_counter(), time.process_time()
            rows = step()
            if place != 1:  # between the two steps stands the validation
                seconds, cpu = seconds + time.perf_counter() - began, cpu + time.process_time() - used
    lines = Path("/proc/self/status").read_text().splitlines()  # the resource usage of a child starts at its parent's
    mib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "rows": rows, "mib": mib}))


def measured(which: str, folder: Path) -> dict[str, float]:
    """Return seconds, CPU seconds and peak MiB of one doing in a fresh interpreter."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", which, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(folder: Path, rows: int, columns: int, repeats: int) -> dict[str, dict[str, float]]:
    """Return the medians by doer, after a print of them."""
    (folder / "data").mkdir(exist_ok=True)
    make(folder / "data" / "rows.parquet", rows, columns)
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "pyarrow": []}
    for _ in range(repeats):
        for which, found in runs.items():
            found.append(measured(which, folder))
    medians = {w: {key: statistics.median(run[key] for run in found) for key in found[0]} for w, found in runs.items()}
    mine, other = medians["ours"], medians["pyarrow"]
    assert mine["rows"] == other["rows"] == rows
    print(
        f"{rows:>11,} x {columns}: ours {mine['seconds']:6.2f} s, pyarrow {other['seconds']:6.2f} s "
        f"({mine['seconds'] / other['seconds']:.2f} x; CPU {mine['cpu'] / other['cpu']:.2f} x); "
        f"peak {mine['mib']:.0f} MiB, pyarrow {other['mib']:.0f} MiB",
        flush=True,
    )
    return medians


def main(options: argparse.Namespace) -> None:
    """Print one line a size."""
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        configure(Path(name), options.columns)
        small = compare(Path(name), options.rows, options.columns, options.repeats)
        if options.large:
            large = compare(Path(name), 10 * options.rows, options.columns, 1)
            print(f"peak of ten times the rows: {large['ours']['mib'] / small['ours']['mib']:.2f} x")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--child", choices=("ours", "pyarrow"))
    given = parser.parse_args()
    if given.child:
        child(given.child, given.folder)
    else:
        main(given)
