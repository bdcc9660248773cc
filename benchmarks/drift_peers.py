"""Other libraries on the files of drift_speed.py, run by an interpreter of their own: they do not install with ours.

    PEER/bin/python benchmarks/drift_peers.py --library frouros --folder FOLDER

Prints one JSON line: version, seconds (wall) and CPU seconds for reading both files and measuring every column once on
all rows; imports apart.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

NUMBERS = [f"number_{i:02d}" for i in range(30)]
TEXTS = [f"text_{i}" for i in range(10)]


def frouros(folder: Path) -> int:
    """Kolmogorov-Smirnov on each number and chi-square on each text, nulls dropped, read with pyarrow."""
    import pyarrow.parquet as pq
    from frouros.detectors.data_drift import ChiSquareTest, KSTest

    reference, current = (pq.read_table(folder / f"{side}.parquet") for side in ("reference", "current"))
    for kind, names in ((KSTest, NUMBERS), (ChiSquareTest, TEXTS)):
        for name in names:
            detector = kind()
            detector.fit(X=reference[name].drop_null().to_numpy())
            detector.compare(X=current[name].drop_null().to_numpy())
    return len(NUMBERS) + len(TEXTS)


def nannyml(folder: Path) -> int:
    """Univariate drift with the library's default methods (Jensen-Shannon), one chunk."""
    import pandas as pd
    from nannyml import UnivariateDriftCalculator

    reference, current = (pd.read_parquet(folder / f"{side}.parquet") for side in ("reference", "current"))
    asked = UnivariateDriftCalculator(column_names=[*NUMBERS, *TEXTS], treat_as_categorical=TEXTS, chunk_number=1)
    asked.fit(reference).calculate(current)
    return len(NUMBERS) + len(TEXTS)


LIBRARIES: dict[str, Callable[[Path], int]] = {"frouros": frouros, "nannyml": nannyml}


def main() -> None:
    """Print what a library needs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", choices=sorted(LIBRARIES), required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # it would wait for the network
    __import__(arguments.library)
    start, cpu = time.perf_counter(), time.process_time()
    columns = LIBRARIES[arguments.library](arguments.folder)
    found = {
        "library": arguments.library,
        "version": importlib.metadata.version(arguments.library),
        "columns": columns,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
