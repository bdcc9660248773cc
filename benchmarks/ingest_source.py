"""Reading a source typed by its contract: seconds beside pyarrow's own reading, and peak memory at 1 and 10 times the rows.

``python benchmarks/ingest_source.py`` prints ratios of medians of one run; each figure comes from a fresh interpreter,
and imports are not counted. ``--rows 1000000 --columns 40 --repeat 5 --folder F`` change the sizes; ``--large`` reads ten
times the rows as well, three times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from include.config.dataset import Dataset
from include.partitions import partition_from_key
from include.sources import files, open_source
from include.sources.connections import EnvironmentConnections

START = datetime(2013, 3, 1, tzinfo=UTC)
KEY = "2013-03-01"
BLOCK = 250_000


def schema(columns: int) -> pa.Schema:
    """Return an event time, a key, and numbers and texts in equal parts of four kinds."""
    kinds = (pa.float64(), pa.int32(), pa.string(), pa.float32())
    fields = [("at", pa.timestamp("us", tz="UTC")), ("id", pa.int64())]
    return pa.schema(fields + [(f"c{n}", kinds[n % 4]) for n in range(columns - 2)])


def dataset(path: Path, columns: int) -> Dataset:
    """Return the dataset that types a made file."""
    names = {pa.float64(): "float64", pa.int32(): "int32", pa.string(): "string", pa.float32(): "float32"}
    rules = {"at": {"type": "timestamp"}, "id": {"type": "int64"}}
    rules |= {field.name: {"type": names[field.type]} for field in schema(columns) if field.name.startswith("c")}
    said = {
        "name": "made",
        "description": "Made rows.",
        "owner": {"name": "benchmark"},
        "source": {"kind": "files", "path": str(path)},
        "event_time": "at",
        "contract": {"columns": rules},
    }
    return Dataset.model_validate(said)


def make(path: Path, rows: int, columns: int) -> None:
    """Write a file of one day's rows, block by block."""
    wanted = schema(columns)
    random = np.random.default_rng(7)
    words = pa.array([f"word {n}" for n in range(1000)])
    writer = (pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter)(path, wanted)
    with writer:
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            arrays = [_column(field.type, count, random, words) for field in list(wanted)[2:]]
            seconds = np.sort(random.integers(0, 86_400, count)) * 1_000_000
            at = pa.array(seconds + int(START.timestamp()) * 1_000_000).cast(wanted.field("at").type)
            identifiers = pa.array(np.arange(first, first + count))
            writer.write_table(pa.Table.from_arrays([at, identifiers, *arrays], schema=wanted))


def _column(kind: pa.DataType, count: int, random: np.random.Generator, words: pa.Array) -> pa.Array:
    if pa.types.is_string(kind):
        return words.take(pa.array(random.integers(0, len(words), count)))
    if pa.types.is_integer(kind):
        return pa.array(random.integers(0, 10_000, count, dtype=np.int32))
    return pa.array(random.normal(size=count)).cast(kind)


def ours(path: Path, columns: int) -> int:
    """Return the rows read through the source."""
    day = partition_from_key(KEY, "day", "UTC")
    source = open_source(dataset(path, columns), connections=EnvironmentConnections({}), base=path.parent)
    return sum(batch.num_rows for batch in source.read(day, day))


def theirs(path: Path, columns: int) -> int:
    """Return the rows read by pyarrow alone, in batches, as the file types them."""
    if path.suffix == ".parquet":
        return sum(b.num_rows for b in pq.ParquetFile(path, pre_buffer=False).iter_batches(65_536))
    options = pacsv.ConvertOptions(column_types=schema(columns))
    return sum(batch.num_rows for batch in pacsv.open_csv(path, convert_options=options))


def measured(which: str, path: Path, columns: int) -> dict[str, float]:
    """Return seconds, CPU seconds and peak MiB of one reading in a fresh interpreter."""
    command = [sys.executable, __file__, "--child", which, "--file", str(path), "--columns", str(columns)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def child(which: str, path: Path, columns: int) -> None:
    """Read once and print what it cost, imports left out."""
    assert files
    pa.scalar(1)  # pyarrow imports pandas the first time that it meets a Python value
    before, cpu = time.perf_counter(), time.process_time()
    rows = (ours if which == "ours" else theirs)(path, columns)
    spent = {"seconds": time.perf_counter() - before, "cpu": time.process_time() - cpu, "rows": rows}
    lines = Path("/proc/self/status").read_text().splitlines()  # the resource usage of a child starts at its parent's
    print(json.dumps(spent | {"mib": next(int(x.split()[1]) for x in lines if x.startswith("VmHWM:")) / 1024}))


def compare(path: Path, columns: int, repeat: int) -> dict[str, dict[str, float]]:
    """Return medians by reader; the two take turns, so that a busy machine harms both."""
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
    for _ in range(repeat):
        for which, found in runs.items():
            found.append(measured(which, path, columns))
    return {w: {key: statistics.median(run[key] for run in found) for key in found[0]} for w, found in runs.items()}


def main(options: Any) -> None:
    """Print one line a format and size."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sizes = [("parquet", options.rows), ("csv", options.rows)]
        for kind, rows in [*sizes, ("parquet", 10 * options.rows)] if options.large else sizes:
            path = Path(folder) / f"{rows}.{kind}"
            make(path, rows, options.columns)
            found = compare(path, options.columns, options.repeat if rows == options.rows else min(options.repeat, 3))
            mine, other = found["ours"], found["theirs"]
            assert mine["rows"] == other["rows"] == rows
            print(
                f"{kind} {rows:>11,} x {options.columns}: {mine['seconds']:6.2f} s, pyarrow {other['seconds']:6.2f} s "
                f"({mine['seconds'] / other['seconds']:.2f} x; CPU {mine['cpu'] / other['cpu']:.2f} x); "
                f"peak {mine['mib']:.0f} MiB, pyarrow {other['mib']:.0f} MiB",
                flush=True,
            )
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--folder", default=None)
    parser.add_argument("--child", choices=("ours", "theirs"))
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.file, chosen.columns)
    else:
        main(chosen)
