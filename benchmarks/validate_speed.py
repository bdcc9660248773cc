"""How long validation takes, in multiples of Great Expectations' own pandas engine, and how much memory.

    python benchmarks/validate_speed.py                      # 1,000,000 rows × 40 columns, 40 checks, 2 threads
    python benchmarks/validate_speed.py --rows 100000 --repeats 3

Both read the same Parquet file and answer the same 40 checks: number of rows, events inside the partition, a unique key,
14 ranges, 13 shares of missing values, 6 sets and 4 patterns. `ours` is `include.contracts.check.Checker`, `pandas` is
``pandas.read_parquet`` and a checkpoint-free run of the same suite in Great Expectations' pandas engine, both with
``BOOLEAN_ONLY``. Runs alternate; ratios are of medians. Peak memory is that of a fresh interpreter, imports included, for
the rows and, with ``--large``, for ten times as many. `bulk` is the time of one of 59 small partitions of 20 columns in one
`Checker`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CHUNK_ROWS = 262_144
NUMBERS = tuple(f"number_{i:02d}" for i in range(28))
TEXTS = tuple(f"text_{i}" for i in range(10))
LETTERS = tuple("abcdefgh")
DAY = "2013-03-01"


def write(path: Path, rows: int) -> None:
    """Write a partition of 40 columns, chunk by chunk: id, event time, 28 numbers, 10 texts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from include.partitions import partition_from_key

    start = int(partition_from_key(DAY, "day", "UTC").start.timestamp() * 1_000_000)
    random, writer = np.random.default_rng(0), None
    for first in range(0, rows, CHUNK_ROWS):
        count = min(CHUNK_ROWS, rows - first)
        ids = np.arange(first, first + count)
        columns: dict[str, Any] = {"id": ids}
        columns["start"] = pa.array(start + ids * 86_400_000_000 // rows, pa.timestamp("us", tz="UTC"))
        columns |= {name: pa.array(random.normal(size=count), mask=random.random(count) < 0.02) for name in NUMBERS}
        columns |= {name: np.array(LETTERS)[random.integers(0, 8, count)] for name in TEXTS}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def contract() -> Any:
    """Return the dataset with the 40 checks (and 40 types, which are read from the schema)."""
    from include.config.dataset import Dataset

    columns: dict[str, dict[str, Any]] = {"id": {"type": "int64"}, "start": {"type": "timestamp"}}
    columns |= {name: {"type": "float64", "range": [-10, 10]} for name in NUMBERS[:14]}
    columns |= {name: {"type": "float64", "nullable_share": 0.1} for name in NUMBERS[14:27]} | {
        NUMBERS[27]: {"type": "float64"}
    }
    columns |= {name: {"type": "string", "set": LETTERS} for name in TEXTS[:6]}
    columns |= {name: {"type": "string", "regex": "[a-h]"} for name in TEXTS[6:]}
    return Dataset(
        name="made",
        description="Made rows.",
        owner={"name": "Benchmarks"},
        source={"kind": "files", "path": "made.parquet"},
        event_time="start",
        key=("id",),
        contract={"columns": columns, "partition": {"rows_per_hour": [1, None]}},
    )


def ours(path: Path, memory: str = "512MB", threads: int = 2) -> bool:
    """Validate as a night does."""
    from include.contracts.check import Checker
    from include.partitions import partition_from_key

    with Checker(memory=memory, threads=threads) as checker:
        found = checker.check(contract(), [str(path)], partition_from_key(DAY, "day", "UTC"))
    assert sum(check.rule != "type" for check in found.checks) == 40
    return found.health == "pass"


def pandas(path: Path) -> bool:
    """Validate with Great Expectations' pandas engine."""
    import pandas as pd

    from include.contracts.library import ExpectationSuite, new_context

    context = new_context()
    frame = pd.read_parquet(path)
    asset = context.data_sources.add_pandas("made").add_dataframe_asset("made")
    batch = asset.add_batch_definition_whole_dataframe("made").get_batch({"dataframe": frame})
    found = batch.validate(ExpectationSuite(name="made", expectations=pandas_suite()), result_format="BOOLEAN_ONLY")
    assert len(found.results) == 40
    return bool(found.success)


def pandas_suite() -> list[Any]:
    """Return the 40 checks as the pandas engine knows them."""
    from include.contracts.library import gxe
    from include.partitions import partition_from_key

    day = partition_from_key(DAY, "day", "UTC")
    suite: list[Any] = [gxe.ExpectTableRowCountToBeBetween(min_value=24)]
    suite.append(
        gxe.ExpectColumnValuesToBeBetween(column="start", min_value=day.start, max_value=day.end, strict_max=True)
    )
    suite.append(gxe.ExpectColumnValuesToBeUnique(column="id"))
    suite += [gxe.ExpectColumnValuesToBeBetween(column=name, min_value=-10, max_value=10) for name in NUMBERS[:14]]
    suite += [gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=0.9) for name in NUMBERS[14:27]]
    suite += [gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(LETTERS)) for name in TEXTS[:6]]
    return suite + [gxe.ExpectColumnValuesToMatchRegex(column=name, regex="^[a-h]") for name in TEXTS[6:]]


def bulk(folder: Path, partitions: int = 59, rows: int = 900) -> float:
    """Return the seconds a partition of a bulk history, after the first."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from include.config.dataset import Dataset
    from include.contracts.check import Checker
    from include.partitions import partition_from_key

    names = [f"number_{i:02d}" for i in range(18)]
    rules = {"id": {"type": "int64"}, "start": {"type": "timestamp"}} | {
        name: {"type": "float64", "nullable_share": 0.1, "range": [-10, 10]} for name in names
    }
    dataset = Dataset(**(contract().model_dump() | {"contract": {"columns": rules}}))
    first, random, seconds = partition_from_key(DAY, "day", "UTC"), np.random.default_rng(0), []
    with Checker() as checker:
        for number in range(partitions + 1):
            day, path = first.shifted(number), folder / f"bulk-{number}.parquet"
            starts = [day.start + timedelta(seconds=i * 86_400 / rows) for i in range(rows)]
            columns = {"id": np.arange(rows), "start": pa.array(starts, pa.timestamp("us", tz="UTC"))}
            pq.write_table(pa.table(columns | {name: random.normal(size=rows) for name in names}), path)
            began = time.perf_counter()
            assert checker.check(dataset, [str(path)], day).health == "pass"
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def timed(action: Callable[[], bool]) -> float:
    """Return the wall seconds of an action that must pass."""
    began = time.perf_counter()
    assert action()
    return time.perf_counter() - began


def peak_mib(path: Path) -> float:
    """Return the peak memory of a fresh interpreter that validates a file.

    Read from /proc, because the resource usage of a child starts at its parent's.
    """
    code = (
        "import re, sys; from pathlib import Path; sys.path.insert(0, '.')\n"
        "from benchmarks.validate_speed import ours\n"
        f"assert ours(Path({str(path)!r}))\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024)"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    began = time.perf_counter()
    import include.contracts.engine

    assert include.contracts.engine
    found: dict[str, float] = {"import_seconds": time.perf_counter() - began, "rows": given.rows}
    with tempfile.TemporaryDirectory() as folder:
        path, large = Path(folder) / "rows.parquet", Path(folder) / "many.parquet"
        write(path, given.rows)
        times: dict[str, list[float]] = {"ours": [], "pandas": []}
        for _ in range(given.repeats):
            times["ours"].append(timed(lambda: ours(path)))
            times["pandas"].append(timed(lambda: pandas(path)))
        found |= {f"{name}_seconds": statistics.median(values) for name, values in times.items()}
        found["ratio"] = found["ours_seconds"] / found["pandas_seconds"]
        found["bulk_seconds"] = bulk(Path(folder))
        found["peak_mib"] = peak_mib(path)
        if given.large:
            write(large, given.rows * 10)
            found["peak_mib_of_ten_times"] = peak_mib(large)
            found["peak_ratio"] = found["peak_mib_of_ten_times"] / found["peak_mib"]
    for name, value in found.items():
        print(f"{name:<24}{value:>12,.3f}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
