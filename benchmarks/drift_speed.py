"""How long profiles and signals take, in multiples of the time pyarrow needs to decode the same columns.

Prints medians of five repetitions in one run, import times apart, and the peak memory of child interpreters:

    python benchmarks/drift_speed.py                 # 1,000,000 rows
    python benchmarks/drift_speed.py --rows 10000000 --repeats 1
    python benchmarks/drift_speed.py --peer frouros=PEER/bin/python --peer nannyml=PEER/bin/python

The data (30 numeric and 10 categorical columns, of several shapes) are made in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CATEGORIES = (2, 3, 5, 8, 12, 20, 40, 80, 150, 300)
CHUNK_ROWS = 262_144


def write(path: Path, rows: int, seed: int) -> None:
    """Write a Parquet file of 40 columns: normal, lognormal, t₃, counts, mostly zero, gamma; Zipf categories."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    laws: list[Callable[[int], Any]] = [
        lambda n: random.normal(3, 2, n),
        lambda n: random.lognormal(0, 1, n),
        lambda n: random.standard_t(3, n),
        lambda n: random.integers(0, 50, n),
        lambda n: np.where(random.random(n) < 0.6, 0.0, random.exponential(2, n)),
        lambda n: random.gamma(2, 3, n),
    ]
    writer = None
    for start in range(0, rows, CHUNK_ROWS):
        n = min(CHUNK_ROWS, rows - start)
        columns: dict[str, Any] = {}
        for i in range(30):
            mask = random.random(n) < 0.05 if i % 3 == 0 else None
            columns[f"number_{i:02d}"] = pa.array(laws[i % 6](n), mask=mask)
        for i, size in enumerate(CATEGORIES):
            names = np.array([f"category {j:03d}" for j in range(size)])
            shares = 1 / np.arange(1, size + 1)
            columns[f"text_{i}"] = names[random.choice(size, n, p=shares / shares.sum())]
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=CHUNK_ROWS // 2)
    if writer is not None:
        writer.close()


def batches(path: Path) -> Iterator[Any]:
    """Yield the record batches of a Parquet file as `include.signals` reads them."""
    from include.signals.reading import parquet_batches

    yield from parquet_batches(path)


def median_seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the median wall time of an action, after one repetition that does not count."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def cached(folder: Path) -> tuple[Any, Any]:
    """Return edges and profile of the reference as the tables keep them."""
    import pyarrow.parquet as pq

    from include.signals.profile_rows import from_rows

    reference = from_rows(pq.read_table(folder / "profile.parquet"))
    return reference.edges, reference


def one_side(folder: Path) -> int:
    """Profile the partition and measure all signals of its features, the reference's profile read from its table."""
    from include.signals.measure import signals_of
    from include.signals.profile import profile

    edges, reference = cached(folder)
    current = profile(batches(folder / "current.parquet"), edges)
    return len(signals_of(current, reference, key="benchmark", hours=(24.0, 24.0)))


def both_sides(folder: Path) -> int:
    """Find the edges, profile both sides and measure all signals, from the files alone."""
    from include.signals.measure import signals_of
    from include.signals.profile import edges_from, profile

    edges = edges_from(batches(folder / "reference.parquet"))
    reference = profile(batches(folder / "reference.parquet"), edges)
    current = profile(batches(folder / "current.parquet"), edges)
    return len(signals_of(current, reference, key="benchmark", hours=(24.0, 24.0)))


def decode(folder: Path) -> int:
    """Decode the partition's columns with pyarrow, all at once: what everything is compared with."""
    import pyarrow.parquet as pq

    return int(pq.read_table(folder / "current.parquet").num_rows)


def stream(folder: Path) -> int:
    """Decode the partition's columns with pyarrow, batch by batch."""
    return sum(batch.num_rows for batch in batches(folder / "current.parquet"))


def scipy_loop(folder: Path) -> int:
    """Decode both sides and call scipy column by column: Kolmogorov-Smirnov on numbers, chi-square on counts of texts."""
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from scipy.stats import chi2_contingency, ks_2samp

    sides = [pq.read_table(folder / f"{side}.parquet") for side in ("reference", "current")]
    for name in sides[0].column_names:
        columns = [side[name].drop_null() for side in sides]
        if name.startswith("number"):
            ks_2samp(*(column.to_numpy() for column in columns), method="asymp")
            continue
        counts = [{row["values"]: row["counts"] for row in pc.value_counts(column).to_pylist()} for column in columns]
        names = sorted(set(counts[0]) | set(counts[1]))
        chi2_contingency(np.array([[side.get(one, 0) for one in names] for side in counts]))
    return sides[0].num_columns


CHILDREN = {"one_side": one_side, "both_sides": both_sides, "stream": stream, "decode": decode, "scipy": scipy_loop}


def child(name: str, folder: Path) -> dict[str, float]:
    """Run one of the actions in a fresh interpreter; return its wall seconds, imports apart, and peak MiB."""
    command = [sys.executable, __file__, "--child", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_child(name: str, folder: Path) -> None:
    """Print what this interpreter needed for one action."""
    start = time.perf_counter()
    import pandas  # noqa: F401  (pyarrow imports it at the first array it makes)
    import scipy.special  # noqa: F401

    import include.signals.measure
    import include.signals.reading  # noqa: F401

    imported = time.perf_counter() - start
    cpu = time.process_time()
    CHILDREN[name](folder)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - start - imported
    print(json.dumps({"imports": imported, "seconds": wall, "cpu_seconds": cpu, "peak_mib": peak_mib()}))


def peak_mib() -> float:
    """Return this program's largest resident memory; Linux's own figure, since getrusage's is inherited by children."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child", choices=sorted(CHILDREN))
    parser.add_argument("--peer", action="append", default=[], metavar="LIBRARY=PYTHON", help="frouros or nannyml")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        run_child(arguments.child, arguments.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), arguments.rows, arguments.repeats)
        peers(Path(name), arguments.peer)


def measure(folder: Path, rows: int, repeats: int) -> None:
    """Make the data, run everything, print one line a figure."""
    for seed, side in enumerate(("reference", "current")):
        write(folder / f"{side}.parquet", rows, seed)
    import pyarrow.parquet as pq

    from include.signals.profile import edges_from, profile
    from include.signals.profile_rows import to_rows

    edges = edges_from(batches(folder / "reference.parquet"))
    reference = profile(batches(folder / "reference.parquet"), edges)
    pq.write_table(to_rows(reference, with_edges=True), folder / "profile.parquet")

    names = [name for name in CHILDREN if name != "scipy"]
    seconds = {name: median_seconds(lambda name=name: CHILDREN[name](folder), repeats) for name in names}  # type: ignore[misc]
    base = seconds["decode"]
    print(f"rows: {rows:,}, 40 columns, medians of {repeats}")
    print(f"decode (pyarrow, whole): {base:.3f} s; batch by batch: {seconds['stream']:.3f} s")
    print(
        f"profile + signals, reference cached: {seconds['one_side']:.3f} s = {seconds['one_side'] / base:.2f} × decode"
    )
    print(
        f"both sides from scratch: {seconds['both_sides']:.3f} s = {seconds['both_sides'] / 2 / base:.2f} × decode both"
    )
    for name in ("stream", "one_side", "both_sides"):
        found = child(name, folder)
        spent = f"{found['seconds']:.2f} s after {found['imports']:.2f} s of imports"
        print(f"fresh interpreter, {name}: peak {found['peak_mib']:.0f} MiB, {spent}")


def peers(folder: Path, wanted: list[str]) -> None:
    """Print how much longer scipy and other libraries take for both sides than we do, each once in a fresh interpreter.

    Ours is run before and after each of them, so that what else the machine does falls on both.
    """
    runs = {"scipy": lambda: child("scipy", folder)}
    for one in wanted:
        library, python = one.split("=", 1)
        runs[library] = lambda library=library, python=python: peer(library, python, folder)
    for name, run in runs.items():
        before, theirs, after = child("both_sides", folder), run(), child("both_sides", folder)
        wall, cpu = ((before[key] + after[key]) / 2 for key in ("seconds", "cpu_seconds"))
        print(
            f"{name} {theirs.get('version', '')}: {theirs['seconds']:.1f} s = {theirs['seconds'] / wall:.1f} × both sides; "
            f"CPU {theirs['cpu_seconds']:.1f} s = {theirs['cpu_seconds'] / cpu:.1f} ×",
            flush=True,
        )


def peer(library: str, python: str, folder: Path) -> dict[str, Any]:
    """Run another library in its own interpreter; return what it prints."""
    script = Path(__file__).with_name("drift_peers.py")
    command = [python, str(script), "--library", library, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
