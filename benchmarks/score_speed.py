"""How long scoring takes, in multiples of xgboost's own prediction of the same Arrow batches, and of MLflow's pyfunc.

    python benchmarks/score_speed.py                        # 1,000,000 rows × 40, 200 trees, 2 threads
    python benchmarks/score_speed.py --rows 100000 --repeats 3

Once with 40 numbers, once with 30 numbers and 10 texts; all read the same Parquet file. `predict` is ``Booster.predict``
of a DMatrix from each Arrow batch. `pyfunc` is ``mlflow.pyfunc`` on pandas: of MLflow's own xgboost flavor with the same
trees for numbers, of the model that Nightshift logs for texts (MLflow's own flavor takes none). Runs alternate; ratios are
of medians. Peak memory is that of a fresh interpreter, for the rows and for four times as many.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

BATCH_ROWS = 65_536
TRAIN_ROWS = 50_000


def batches(path: Path, model: Any) -> Iterator[Any]:
    """Yield the file's rows: key, partition and the model's features."""
    import pyarrow.parquet as pq

    columns = ["_key", "_partition", *model.manifest.feature_names]
    yield from pq.ParquetFile(path, pre_buffer=False).iter_batches(BATCH_ROWS, columns=columns)


def artifact(features: tuple[str, ...], trees: int) -> Any:
    """Return a model trained on some of the rows."""
    from benchmarks.model_rows import chunk
    from include.config.model import Learner
    from include.training.fit import fit

    rows, learner = chunk(TRAIN_ROWS, 0, seed=1), Learner(rounds=trees, device="cpu")
    return fit(lambda: iter(rows.to_batches()), features=features, learner=learner, task="binary", seed=0, nthread=2)


def ours(path: Path, model: Any, nthread: int) -> int:
    """Score as a night does."""
    from include.scoring.batch import score

    return sum(batch.num_rows for batch in score(model, batches(path, model), nthread))


def predict(path: Path, model: Any, nthread: int) -> int:
    """Predict each Arrow batch with xgboost alone."""
    import pyarrow as pa
    import xgboost as xgb

    booster, rows = model.booster(nthread), 0
    for batch in batches(path, model):
        columns = [batch.column(name) for name in model.manifest.feature_names]
        columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in columns]
        table = pa.table(columns, names=list(model.manifest.feature_names))
        rows += len(booster.predict(xgb.DMatrix(table, enable_categorical=True, nthread=nthread)))
    return rows


def pyfunc_of_mlflow(folder: Path, path: Path, model: Any) -> Callable[[], int]:
    """Return a scoring by MLflow's own xgboost flavor with the same trees, its signature enforced."""
    import mlflow.pyfunc
    import mlflow.xgboost
    import pandas as pd
    from mlflow.models import infer_signature

    names = list(model.manifest.feature_names)
    signature = infer_signature(pd.read_parquet(path, columns=names).head(1000))
    mlflow.xgboost.save_model(
        model.booster(2), str(folder / "plain"), pip_requirements=["xgboost"], signature=signature
    )
    loaded = mlflow.pyfunc.load_model(str(folder / "plain"))
    return lambda: len(loaded.predict(pd.read_parquet(path, columns=names)))


def pyfunc_of_ours(folder: Path, path: Path, model: Any) -> Callable[[], int]:
    """Return a scoring by the model that Nightshift logs to MLflow."""
    import mlflow.pyfunc
    import pandas as pd

    from include.registry.model_folder import write_model_folder

    (folder / "ours").mkdir()
    write_model_folder(model, folder / "ours", "m-0", "0")
    loaded = mlflow.pyfunc.load_model(str(folder / "ours"))
    return lambda: len(loaded.predict(pd.read_parquet(path, columns=list(model.manifest.feature_names))))


def peak_mib(path: Path, store: Path, digest: str, nthread: int) -> float:
    """Return the peak memory of a fresh interpreter that loads the model and scores a file."""
    command = [sys.executable, __file__, "--child", str(path), str(store), digest, "--nthread", str(nthread)]
    found: float = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def run_child(path: Path, store: Path, digest: str, nthread: int) -> None:
    """Score a file and print this interpreter's largest resident memory in MiB."""
    from include.registry.artifact import load
    from include.storage.locations import Location

    ours(path, load(Location.of(store), digest), nthread)
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024)


def measure(folder: Path, path: Path, model: Any, pyfunc: Callable[..., Any], asked: argparse.Namespace) -> None:
    """Run everything for one model, print one line a figure."""
    actions: dict[str, Callable[[], int]] = {
        "ours": lambda: ours(path, model, asked.nthread),
        "predict": lambda: predict(path, model, asked.nthread),
        "pyfunc": pyfunc(folder, path, model),
        "decoding alone": lambda: sum(batch.num_rows for batch in batches(path, model)),
    }
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(asked.repeats + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            assert action() == asked.rows
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, seconds in medians.items():
        print(f"{name:20s} {seconds:8.2f} s   ours / this {medians['ours'] / seconds:.2f}", flush=True)


def measure_all(folder: Path, asked: argparse.Namespace) -> None:
    """Make the data and run both models."""
    from benchmarks.model_rows import CODES, NUMBERS, TEXTS, write
    from include.registry.artifact import save
    from include.storage.locations import Location

    path, longer = folder / "rows.parquet", folder / "longer.parquet"
    write(path, asked.rows)
    if asked.large:
        write(longer, 4 * asked.rows)
    cases = (("40 numbers", CODES, pyfunc_of_mlflow), ("30 numbers, 10 texts", TEXTS, pyfunc_of_ours))
    for title, rest, pyfunc in cases:
        print(f"--- {title}")
        model = artifact((*NUMBERS, *rest), asked.trees)
        measure(folder, path, model, pyfunc, asked)
        digest = save(model, Location.of(folder / "store"))
        small = peak_mib(path, folder / "store", digest, asked.nthread)
        print(f"peak memory          {small:8.0f} MiB", flush=True)
        if asked.large:
            large = peak_mib(longer, folder / "store", digest, asked.nthread)
            print(f"of four times the rows {large:6.0f} MiB, ratio {large / small:.2f}", flush=True)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--nthread", type=int, default=2)
    parser.add_argument("--large", action="store_true", help="the peak memory of four times the rows too")
    parser.add_argument("--child", nargs=3, metavar=("FILE", "STORE", "DIGEST"))
    asked = parser.parse_args()
    if asked.child:
        run_child(Path(asked.child[0]), Path(asked.child[1]), asked.child[2], asked.nthread)
        return
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    start = time.perf_counter()
    import mlflow.xgboost  # noqa: F401

    print(f"imports              {time.perf_counter() - start:8.2f} s")
    with tempfile.TemporaryDirectory() as name:
        measure_all(Path(name), asked)


if __name__ == "__main__":
    main()
