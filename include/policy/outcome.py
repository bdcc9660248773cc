"""What a backtest tells beside each policy's figures: what was compared, chance and hindsight, the frontier."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from include.evaluation.plan import LEAST_DAYS, divides
from include.policy.hindsight import random_schedules
from include.policy.options import MOST_NIGHTS

if TYPE_CHECKING:
    from include.config.model import Model
    from include.policy.options import Options
    from include.policy.standing import Judge
    from include.policy.world import World

SCHEMA = 1


def header(model: Model, world: World, options: Options, cells: int) -> dict[str, Any]:
    """Return what was compared, and how."""
    history, time = world.time.history, world.time
    partitions, nights = history.partitions, world.nights
    first = nights[0]
    return {
        "schema": SCHEMA,
        "model": model.name,
        "task": history.task,
        "loss": "squared error" if history.task == "regression" else "log loss (nats)",
        "grain": partitions[0].grain,
        "history": {
            "first": partitions[0].key,
            "last": partitions[world.setup.start].key,
            "partitions": world.setup.start + 1,
        },
        "nights": {"first": partitions[first].key, "last": partitions[nights[-1]].key, "decisions": len(nights)},
        "partitions": [partitions[s].key for s in world.scored],
        "rows": int(history.offsets[-1]),
        "label_delay_partitions": int(first - time.newest[first]),
        "latency_partitions": world.setup.latency,
        "holdout_partitions": world.setup.holdout(int(time.newest[nights[-1]]) + 1),
        "windows": list(world.setup.windows),
        "refit": model.gate.refit,
        "seed": options.seed,
        "cells_computed": cells,
        "note": _note(world, options),
    }


def bounds(judge: Judge, counts: set[int], nights: int) -> dict[str, Any]:
    """Return chance and hindsight at each count of retrains, as policies of their own; null is what only a rule has."""
    found: dict[str, Any] = {}
    for count in sorted(counts):
        if not 0 < count < nights:
            continue
        common = {
            "retrains": count,
            "retrain_share": count / nights,
            "promotions": count,
            "cpu_seconds": None,
            "path": None,
        }
        losses = random_schedules(judge.board, [0] * count, judge.seed).mean(axis=0)
        low, high = judge.interval(losses)
        captured = judge.captured(losses)
        found[f"random({count})"] = {
            "mean_loss": float(losses.mean()), "low": low, "high": high, **common,
            "gain_captured": captured[0], "gain_low": captured[1], "gain_high": captured[2], "timing_skill": 0.0,
        }  # fmt: skip
        best = float(judge.hindsight[count])
        found[f"hindsight({count})"] = {
            "mean_loss": best, "low": None, "high": None, **common,
            "gain_captured": _share(judge, best), "gain_low": None, "gain_high": None, "timing_skill": 1.0,
        }  # fmt: skip
    return found


def frontier(judge: Judge, nights: int) -> list[dict[str, Any]]:
    """Return, for every count of retrains, the best loss there could have been and that of a calendar."""
    found = []
    for count in range(nights + 1):
        best, calendar = float(judge.hindsight[count]), float(judge.calendar(count).mean())
        found.append(
            {"retrains": count, "hindsight": best, "calendar": calendar,
             "hindsight_captured": _share(judge, best), "calendar_captured": _share(judge, calendar)}
        )  # fmt: skip
    return found


def _share(judge: Judge, loss: float) -> float | None:
    never = float(judge.never.mean())
    whole = never - float(judge.always.mean())
    return (never - loss) / whole if whole > 0 else None


def _note(world: World, options: Options) -> str:
    partitions = world.time.history.partitions
    notes = []
    if options.first is None and len(world.nights) >= MOST_NIGHTS:
        notes.append(f"Only the newest {MOST_NIGHTS} nights decide; name others with --from and --to.")
    gaps = sum(later.start != earlier.end for earlier, later in pairwise(partitions))
    if gaps:
        notes.append(
            f"The history has {gaps} gap{'s' if gaps > 1 else ''} without labelled rows; these partitions count as no nights."
        )
    grain, start = partitions[0].grain, world.setup.start
    if divides(grain) and world.time.history.days_told(start) < LEAST_DAYS:
        notes.append(
            f"The rows do not tell the days of a {grain}, so the gate has one value of each; name event_time where there is one."
        )
    return " ".join(notes)
