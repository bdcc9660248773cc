"""Try policies on a model's own past before one is switched on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import PolicyError
from include.partitions import typical_hours
from include.policy.advice import recommendation
from include.policy.alarms import Alarms
from include.policy.cells import Bench
from include.policy.drift import Drift
from include.policy.gather import gathered_once
from include.policy.gating import MODES, gate_of
from include.policy.hindsight import board_of
from include.policy.matrix import MEMORY_BYTES, Matrix, computed, fitting_workers
from include.policy.parse import Limits, Tried, parse
from include.policy.recipe import cheap_recipe, full_recipe
from include.policy.replay import replayed
from include.policy.rules.auto import HORIZON
from include.policy.standing import Judge, standing, told
from include.policy.timeline import timeline
from include.policy.windows import ALL, parse_window, usual_windows
from include.policy.world import Setup, World, wanted_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from include.config.model import Model
    from include.policy.history import History
    from include.policy.matrix import Progress
    from include.policy.parse import Policy
    from include.policy.replay import Path as ReplayPath
    from include.policy.timeline import Timeline
    from include.project import Project

SCHEMA = 1
BASELINES = ("never", "always", "k_of_n(2, 5)", "psi(0.2)", "drift_share(0.5)", "adwin")
DEFAULT_POLICIES = ("auto", "challenger(3%)", "every(3)", "every(7)", "on_loss(3)", "on_alarm")
MOST_NIGHTS = 400
"""Nights that decide, at most: the newest; a longer past would take a day to compute."""
_LEAST_HISTORY = 2
_FIFTH = 5
_ROUNDING = 0.05


@dataclass(frozen=True)
class Options:
    """How a backtest looks at the past.

    Attributes
    ----------
    first, last : str or None
        Keys of the first night that decides and of the last partition; everything before the first is history.
    label_delay : timedelta, int or None
        Time (or whole partitions) from the end of a partition until its labels are known; the rows' own when left out.
    latency : int
        Partitions from a training to its serving, beside the one that follows.
    windows : tuple of str
        Windows in partitions, all history always among them; those of the YAML, or usual ones, when empty.
    gates : bool
        Whether every policy is also replayed under each mode of the gate.
    workers : int or None
        Processes; as many as fit into cores and memory when left out, 0 for this one.
    memory_bytes : int
        That the processes may use together.
    seed : int
        Of intervals and random schedules.
    """

    first: str | None = None
    last: str | None = None
    label_delay: timedelta | int | None = None
    latency: int = 0
    windows: tuple[str, ...] = ()
    gates: bool = True
    workers: int | None = None
    memory_bytes: int = MEMORY_BYTES
    seed: int = 0


def run_backtest(
    project: Project,
    name: str,
    policies: Sequence[str] = (),
    options: Options | None = None,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return how policies would have done on a model's past, as JSON values (docs/backtest.md).

    Parameters
    ----------
    project : Project
        The installation; no night needs to have run.
    name : str
        Model.
    policies : sequence of str
        Rules to try; a usual set when empty. The baselines are always in.
    options : Options, optional
    cache : Path, optional
        Where the matrix is kept; beside the model's tables where those are local, else in the temporary folder.
    progress : callable, optional
        Called with cells done and cells to do.

    Raises
    ------
    PolicyError
        When a rule cannot be read, or the past is too short.
    """
    options = options or Options()
    model = project.catalog.model(name)
    parsed = [parse(rule) for rule in policies]  # a wrong rule is told before anything is computed
    folder = cache or _cache_of(project, name)
    history, kept = gathered_once(project, name, folder, None, options.last)
    return backtest(model, history, [policy.text for policy in parsed], options, folder, kept, progress)


def backtest(
    model: Model,
    history: History,
    policies: Sequence[str],
    options: Options,
    cache: Path,
    kept: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the same from a history; `kept` is the folder that `History.save` wrote."""
    world, cells = prepared(model, history, options, cache, kept, progress)
    judge = Judge.of(board_of(world, world.setup.windows), options.seed)
    settings = model.policy
    limits = Limits(settings.cooldown, settings.budget_minutes_per_week, settings.min_new_labels)
    tried = Tried(world.setup.windows, settings.horizon or HORIZON)
    asked = [parse(rule, limits, tried).text for rule in (policies or _usual(model))]
    names = dict.fromkeys([*asked, *(parse(rule).text for rule in BASELINES)])
    paths = {rule: replayed(world, _allowed(rule, limits, tried)) for rule in names}
    for rule in _calendars(world, paths):
        paths[rule] = replayed(world, _allowed(rule, limits, tried))
    found = {
        _shown(rule): standing(world, path, judge)
        | {"path": told(path), "gates": _gated(model, world, judge, _allowed(rule, limits, tried), options)}
        for rule, path in paths.items()
    }
    found |= _bounds(judge, found, len(world.nights))
    result = _header(model, world, options, cells) | {"asked": [_shown(rule) for rule in asked], "policies": found}
    result["frontier"] = _frontier(judge, len(world.nights))
    result["recommendation"] = recommendation(result)
    return result


def prepared(
    model: Model, history: History, options: Options, cache: Path, kept: Path, progress: Progress | None = None
) -> tuple[World, int]:
    """Return the world in which policies are replayed, its matrix computed, and how many cells that took."""
    delay = _delay_partitions(options.label_delay, history)
    time = timeline(history, delay)
    setup = _setup(model, time, options, delay or 0)
    recipes = {
        "full": full_recipe(model, history),
        "cheap": cheap_recipe(model, history, int(history.offsets[setup.start + 1])),
    }
    bench = Bench(history, recipes, cache / "cells", history.digests())  # type: ignore[arg-type]
    workers = fitting_workers(bench, options.memory_bytes) if options.workers is None else options.workers
    cells = computed(bench, kept, wanted_cells(time, setup), workers=workers, progress=progress)
    matrix = Matrix(bench)
    drift = Drift(matrix, time, setup.start)
    return World(matrix, time, setup, drift, Alarms(drift)), cells


def _setup(model: Model, time: Timeline, options: Options, delay: int) -> Setup:
    history = time.history
    grain = history.partitions[0].grain
    start = _start(time, options.first)
    if start + 2 >= len(history):
        found = f"has {len(history)} partitions, of which {start + 1} are history"
        raise PolicyError.at(f"backtest of {model.name}", found, "two more", "begin earlier, or bring more history")
    holdout = round(model.gate.holdout.total_seconds() / 3600 / typical_hours(grain))
    windows = options.windows or usual_windows(model.policy.windows, grain, delay)
    checked = tuple(parse_window(window).text for window in windows)
    return Setup(start, tuple(dict.fromkeys((ALL, *checked))), options.latency, holdout)


def _start(time: Timeline, first: str | None) -> int:
    """Return the night of the first champion: before the first one asked for, else after a fifth of the past."""
    keys = [partition.key for partition in time.history.partitions]
    if first is None:
        start = max(_LEAST_HISTORY, len(keys) // _FIFTH)
    elif first in keys:
        start = keys.index(first) - 1
    else:
        raise PolicyError.at(
            f"night {first}", "is not in the history", f"one from {keys[0]} to {keys[-1]}", "correct --from"
        )
    start = max(start, 0, len(keys) - 1 - MOST_NIGHTS)
    while start < len(keys) and int(time.newest[start]) < _LEAST_HISTORY - 1:
        start += 1
    return start


def _delay_partitions(delay: timedelta | int | None, history: History) -> int | None:
    if delay is None or isinstance(delay, int):
        return delay
    partitions = delay.total_seconds() / 3600 / typical_hours(history.partitions[0].grain)
    return int(np.ceil(partitions - _ROUNDING))  # 31 days are one month, whichever month it is


def _usual(model: Model) -> tuple[str, ...]:
    return tuple(dict.fromkeys((parse(model.policy.rule).text, *DEFAULT_POLICIES)))


def _shown(rule: str) -> str:
    return "always" if rule == "every(1)" else rule


def _allowed(rule: str, limits: Limits, tried: Tried) -> Policy:
    """Return the policy within the model's limits; what 0 and 100 % mean is held back by none."""
    return parse(rule, Limits() if rule in ("never", "every(1)") else limits, tried)


def _calendars(world: World, paths: Mapping[str, ReplayPath]) -> list[str]:
    """Return the every(n) whose count comes nearest to that of each policy, where it is not there."""
    nights = len(world.nights)
    counts = sorted({path.retrains for rule, path in paths.items() if not rule.startswith("every")})
    rules = [f"every({max(2, round(nights / count))})" for count in counts if 0 < count < nights]
    return [rule for rule in dict.fromkeys(rules) if rule not in paths]


def _gated(model: Model, world: World, judge: Judge, policy: Policy, options: Options) -> dict[str, Any]:
    """Return the figures of a policy under each mode of the gate: what the proof costs."""
    found: dict[str, Any] = {}
    for mode in MODES if options.gates else ():
        gate = gate_of(model.gate, model.task, mode, policy.tried.horizon)
        found[mode] = standing(world, replayed(world, policy, gate), judge)
        for name in ("losses", "calendar_losses"):
            found[mode].pop(name)
    return found


def _bounds(judge: Judge, found: dict[str, Any], nights: int) -> dict[str, Any]:
    """Return chance and hindsight at the count of each policy, as policies of their own."""
    from include.policy.hindsight import random_schedules

    bounds: dict[str, Any] = {}
    for count in sorted({policy["retrains"] for policy in found.values()}):
        if not 0 < count < nights:
            continue
        losses = random_schedules(judge.board, [0] * count, judge.seed).mean(axis=0)
        low, high = judge.interval(losses)
        common = {"retrains": count, "retrain_share": count / nights, "promotions": count}
        captured = judge.captured(losses)
        bounds[f"random({count})"] = {
            "mean_loss": float(losses.mean()), "low": low, "high": high, **common,
            "gain_captured": captured[0], "gain_low": captured[1], "gain_high": captured[2], "timing_skill": 0.0,
        }  # fmt: skip
        best = float(judge.hindsight[count])
        whole = float(judge.never.mean() - judge.always.mean())
        bounds[f"hindsight({count})"] = {
            "mean_loss": best, **common, "timing_skill": 1.0,
            "gain_captured": (float(judge.never.mean()) - best) / whole if whole > 0 else None,
        }  # fmt: skip
    return bounds


def _frontier(judge: Judge, nights: int) -> list[dict[str, Any]]:
    """Return, for every count of retrains, the best loss there could have been and that of a calendar."""
    whole = float(judge.never.mean() - judge.always.mean())
    found = []
    for count in range(nights + 1):
        best, calendar = float(judge.hindsight[count]), float(judge.calendar(count).mean())
        shares = [(float(judge.never.mean()) - loss) / whole if whole > 0 else None for loss in (best, calendar)]
        found.append(
            {"retrains": count, "hindsight": best, "calendar": calendar,
             "hindsight_captured": shares[0], "calendar_captured": shares[1]}
        )  # fmt: skip
    return found


def _header(model: Model, world: World, options: Options, cells: int) -> dict[str, Any]:
    history, time = world.time.history, world.time
    partitions = history.partitions
    nights = world.nights
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


def _note(world: World, options: Options) -> str:
    if options.first is None and len(world.nights) >= MOST_NIGHTS:
        return f"Only the newest {MOST_NIGHTS} nights decide; name others with --from and --to."
    return ""


def _cache_of(project: Project, name: str) -> Path:
    home = project.model_home(name)
    return home.path / "backtest" if home.is_local else Path(tempfile.gettempdir()) / "nightshift" / name


def without_gates(options: Options) -> Options:
    """Return the same options for a quicker look: no gate modes."""
    return replace(options, gates=False)
