"""How long a training takes, in multiples of xgboost's own best path: a QuantileDMatrix from an Arrow table.

    python benchmarks/train_speed.py                         # 1,000,000 rows × 40, 40 rounds, 2 threads
    python benchmarks/train_speed.py --rows 100000 --repeats 3

Both start from the same Arrow rows, texts not yet encoded, and end with the model's bytes. Runs alternate, so that a busy
machine slows both; the ratio is of medians. Import times are shown apart.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def raw(rows: Any, features: tuple[str, ...], rounds: int, nthread: int) -> bytes:
    """Train as a person would who knows xgboost and Arrow."""
    import pyarrow as pa
    import xgboost as xgb

    columns = [rows[name].combine_chunks() for name in features]
    columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in columns]
    ready = pa.table(columns, names=list(features))
    matrix = xgb.QuantileDMatrix(ready, label=rows["label"].to_numpy(), nthread=nthread, enable_categorical=True)
    settings = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 6, "eta": 0.1, "nthread": nthread}
    return bytes(xgb.train(settings, matrix, rounds).save_raw("ubj"))


def ours(rows: Any, features: tuple[str, ...], rounds: int, nthread: int) -> bytes:
    """Train as a night does."""
    from include.config.model import Learner
    from include.training.fit import fit

    learner = Learner(rounds=rounds, device="cpu")
    return fit(
        lambda: iter(rows.to_batches()), features=features, learner=learner, task="binary", seed=0, nthread=nthread
    ).model


def timed(action: Callable[..., bytes], *arguments: Any) -> float:
    """Return an action's wall seconds."""
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def main() -> None:
    """Print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--nthread", type=int, default=2)
    asked = parser.parse_args()
    start = time.perf_counter()
    import include.training.fit
    import include.training.quantise  # noqa: F401

    print(f"imports                         {time.perf_counter() - start:8.2f} s")
    from benchmarks.model_rows import NUMBERS, TEXTS, table

    rows, features = table(asked.rows), (*NUMBERS, *TEXTS)
    for name, rounds in (("matrix and 1 round", 1), (f"{asked.rounds} rounds", asked.rounds)):
        times: dict[str, list[float]] = {"raw": [], "ours": []}
        for _ in range(asked.repeats):
            times["raw"].append(timed(raw, rows, features, rounds, asked.nthread))
            times["ours"].append(timed(ours, rows, features, rounds, asked.nthread))
        medians = {key: statistics.median(values) for key, values in times.items()}
        print(
            f"{name:24s} raw {medians['raw']:8.2f} s   ours {medians['ours']:8.2f} s   "
            f"ratio {medians['ours'] / medians['raw']:.2f}"
        )


if __name__ == "__main__":
    main()
