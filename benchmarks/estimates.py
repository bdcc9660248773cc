"""Estimated against realised performance on chunks whose covariates were shifted, and on chunks in the order of time.

Covariate shift: rows of all times are shuffled, so that nothing but the features differs; chunks are drawn from rows that
neither the model nor the reference saw, tilted along one to three random features by 0 to 2 standard deviations. In the
order of time: the same model and reference from the first part of the data, chunks from the rest as they came; there the
outcome given the features may change too, which no estimate without labels can see (shown apart).

Printed per metric: mean absolute error, bias, share of nominal 95 % intervals that held the realised value, their mean
width over that of pure sampling (± 1.96 standard errors of the realised metric).

The estimator was chosen on hotel, car_loan and sample (the last two are NannyML's) and on made rows; employment_ma and the
flights judge it.

    python benchmarks/estimates.py [--sets employment_ma,flights,bike] [--rows 2000] [--chunks 60] [--splits 3]
    python benchmarks/estimates.py --sets hotel,car_loan,sample
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from gate_modes import SHARED, Stream, load  # noqa: E402

from include.evaluation.metrics import Metric, metric  # noqa: E402
from include.signals.direct_loss import DirectLoss  # noqa: E402
from include.signals.estimate import Estimate, PerformanceEstimator  # noqa: E402

BINARY = ("auc", "accuracy", "log_loss", "brier", "average_precision")
REGRESSION = ("mae", "rmse", "mse")
THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))


NANNYML = {"car_loan": ("repaid", "analysis_target"), "sample": ("work_home_actual", "analysis_gt")}


def stream_of(name: str) -> Stream:
    """Return a public set: one of NannyML's (reference, then analysis with its labels), else as `gate_modes.load`."""
    if name not in NANNYML:
        return load(name)
    import pandas as pd

    label, truth = NANNYML[name]
    parts = {kind: pd.read_parquet(SHARED / "data" / "nannyml" / f"synthetic_{name}_{kind}.parquet")
             for kind in ("reference", "analysis", truth)}  # fmt: skip
    later = parts["analysis"].join(parts[truth].set_index("id") if "id" in parts[truth] else parts[truth], on="id")
    frame = pd.concat([parts["reference"], later], ignore_index=True)
    left_out = ["id", label, "timestamp", "period", "y_pred", "y_pred_proba"]
    features = frame.drop(columns=[column for column in left_out if column in frame])
    texts = [column for column in features if not pd.api.types.is_numeric_dtype(features[column])]
    features = features.astype(dict.fromkeys(texts, "category"))
    return Stream(name, "binary", features, frame[label].to_numpy(dtype=float), frame.index.to_numpy())


@dataclass
class Scores:
    """What one estimator achieved on one metric."""

    errors: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    untold: int = 0

    def add(self, estimate: Estimate, realised: Any) -> None:
        """Compare an estimate with the realised metric."""
        if estimate.value is None or realised.value is None or not realised.standard_error:
            self.untold += 1
            return
        self.errors.append(estimate.value - realised.value)
        self.held.append(bool(estimate.low <= realised.value <= estimate.high))
        self.widths.append((estimate.high - estimate.low) / (2 * 1.959964 * realised.standard_error))

    def line(self) -> str:
        """Return the figures as text."""
        if not self.errors:
            return f"cannot tell ({self.untold})"
        error = np.array(self.errors)
        told = f"  cannot tell {self.untold}" if self.untold else ""
        return (
            f"MAE {np.abs(error).mean():9.4f}  bias {error.mean():+9.4f}  held {np.mean(self.held):6.1%}  "
            f"width / sampling {np.mean(self.widths):5.2f}  chunks {len(error)}{told}"
        )


def trained(stream: Stream, rows: np.ndarray) -> np.ndarray:
    """Return the scores of all rows by a model that was taught on some."""
    import xgboost as xgb

    objective = "binary:logistic" if stream.task == "binary" else "reg:squarederror"
    taught = xgb.DMatrix(stream.features.iloc[rows], stream.label[rows], enable_categorical=True)
    model = xgb.train({"objective": objective, "max_depth": 6, "eta": 0.1, "nthread": THREADS}, taught, 80)
    return model.predict(xgb.DMatrix(stream.features, enable_categorical=True)).astype(float)


def tilted(codes: np.ndarray, pool: np.ndarray, rows: int, random: np.random.Generator) -> np.ndarray:
    """Return rows of the pool drawn with odds that rise along one to three random features."""
    strength, several = random.choice([0.0, 0.5, 1.0, 2.0]), int(random.integers(1, 4))
    columns = random.choice(codes.shape[1], several, replace=False)
    tilt = (
        strength * np.clip(codes[np.ix_(pool, columns)], -3, 3) @ random.choice([-1.0, 1.0], several) / np.sqrt(several)
    )
    odds = np.exp(tilt - tilt.max())
    return pool[random.choice(len(pool), rows, replace=False, p=odds / odds.sum())]


def standardised(frame: Any) -> np.ndarray:
    """Return numbers and category codes with mean 0 and standard deviation 1, nulls 0."""
    columns = [(c.cat.codes if c.dtype.name == "category" else c).to_numpy(float) for _, c in frame.items()]
    matrix = np.column_stack(columns)
    centred = (matrix - np.nanmean(matrix, axis=0)) / np.maximum(np.nanstd(matrix, axis=0), 1e-12)
    return np.nan_to_num(centred)


def compared(
    stream: Stream, reference: np.ndarray, chunks: list[np.ndarray], score: np.ndarray, seed: int
) -> dict[str, dict[str, Scores]]:
    """Return the figures of each estimator and metric over chunks."""
    import pyarrow as pa

    table = pa.Table.from_pandas(stream.features, preserve_index=False)
    metrics = [metric(name) for name in (BINARY if stream.task == "binary" else REGRESSION)]
    found: dict[str, dict[str, Scores]] = {}
    for name, ask in _estimators(stream, table, reference, score, seed).items():
        kept = found.setdefault(name, {each.name: Scores() for each in metrics})
        for chunk in chunks:
            for each, estimate in zip(metrics, ask(metrics, chunk), strict=True):
                kept[each.name].add(estimate, each.measure(stream.label[chunk], score[chunk]))
    return found


def _estimators(stream: Stream, table: Any, reference: np.ndarray, score: np.ndarray, seed: int) -> dict[str, Any]:
    label, own, rows = stream.label[reference], score[reference], table.take(reference)

    def unmoved(metrics: list[Metric], chunk: np.ndarray) -> list[Estimate]:
        return [replaced(each, label, own, len(chunk)) for each in metrics]

    found: dict[str, Any] = {"reference's own value": unmoved}
    if stream.task == "regression":
        direct = DirectLoss(label, own, rows, seed=seed, threads=THREADS)
        found["direct loss"] = lambda metrics, chunk: direct.estimate(metrics, score[chunk], table.take(chunk))
        return found
    plain = PerformanceEstimator(label, own, seed=seed)
    weighted = PerformanceEstimator(label, own, rows, seed=seed, threads=THREADS)
    found["CBPE"] = lambda metrics, chunk: plain.estimate(metrics, score[chunk])
    found["CBPE, importance-weighted"] = lambda metrics, chunk: weighted.estimate(
        metrics, score[chunk], table.take(chunk)
    )
    return found


def replaced(each: Metric, label: np.ndarray, score: np.ndarray, rows: int) -> Estimate:
    """Return the reference's own value as an estimate, with pure sampling error at the chunk's size."""
    own = each.measure(label, score)
    spread = own.standard_error * np.sqrt(1 + len(label) / rows)
    return Estimate(
        each.name,
        own.value,
        own.value - 1.96 * spread,
        own.value + 1.96 * spread,
        spread,
        rows,
        0.95,
        len(label),
        "pass",
    )


def report(title: str, found: dict[str, dict[str, Scores]]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for name, by_metric in found.items():
        for each, scores in by_metric.items():
            print(f"  {name:26s} {each:18s} {scores.line()}", flush=True)


def merged(parts: list[dict[str, dict[str, Scores]]]) -> dict[str, dict[str, Scores]]:
    """Return the figures of several splits together."""
    total: dict[str, dict[str, Scores]] = {}
    for part in parts:
        for name, by_metric in part.items():
            for each, scores in by_metric.items():
                into = total.setdefault(name, {}).setdefault(each, Scores())
                into.errors += scores.errors
                into.held += scores.held
                into.widths += scores.widths
                into.untold += scores.untold
    return total


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="employment_ma,flights,bike")
    parser.add_argument("--rows", type=int, default=2000, help="rows of a chunk")
    parser.add_argument("--chunks", type=int, default=60)
    parser.add_argument("--splits", type=int, default=3, help="different models and references")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for name in args.sets.split(","):
        stream = stream_of(name)
        codes, count = standardised(stream.features), len(stream.label)
        size, own = (40_000, 50_000) if count > 150_000 else (count // 4, count // 4)
        rows = min(args.rows, count // 8)
        parts = []
        for split in range(args.splits):
            random = np.random.default_rng([args.seed, split])
            order = random.permutation(count)
            score = trained(stream, order[:size])
            pool = order[size + own :]
            chunks = [tilted(codes, pool, rows, random) for _ in range(args.chunks // args.splits)]
            parts.append(compared(stream, order[size : size + own], chunks, score, split))
        report(f"{name}: covariate shift only, {rows} rows a chunk, reference of {own} rows", merged(parts))
        score = trained(stream, np.arange(size))
        later = np.arange(size + own, count)
        chunks = [
            later[at : at + rows] for at in np.linspace(0, len(later) - rows, min(args.chunks // 2, 30)).astype(int)
        ]
        report(
            f"{name}: in the order of time (concept drift included)",
            compared(stream, np.arange(size, size + own), chunks, score, 0),
        )


if __name__ == "__main__":
    main()
