"""Try policies on a model's own past before one is switched on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.policy.advice import recommendation
from include.policy.alarms import Alarms
from include.policy.cells import Bench
from include.policy.drift import Drift
from include.policy.gather import gathered_once
from include.policy.gating import MODES, gate_of
from include.policy.hindsight import board_of
from include.policy.matrix import Matrix, computed, fitting_workers
from include.policy.options import Options, delay_partitions, setup_of
from include.policy.outcome import bounds, frontier, header
from include.policy.parse import Limits, Tried, parse
from include.policy.recipe import cheap_recipe, full_recipe
from include.policy.replay import replayed
from include.policy.standing import Judge, standing, surely_gained, told
from include.policy.timeline import timeline
from include.policy.windows import usual_horizon
from include.policy.world import World, wanted_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.config.model import Mode, Model
    from include.policy.gating import Gate
    from include.policy.history import History
    from include.policy.matrix import Progress
    from include.policy.parse import Policy
    from include.policy.recipe import Kind, Recipe
    from include.policy.replay import Path as ReplayPath
    from include.policy.timeline import Timeline
    from include.policy.world import Setup
    from include.project import Project

BASELINES = ("never", "always", "k_of_n(2, 5)", "psi(0.2)", "drift_share(0.5)", "adwin")
DEFAULT_POLICIES = ("auto", "challenger(3%)", "every(3)", "every(7)", "on_loss(3)", "on_alarm")


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
    folder = cache or cache_of(project, name)
    history, kept = gathered_once(project, name, folder, options.last)
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
    tried = Tried(world.setup.windows, settings.horizon or usual_horizon(history.partitions[0].grain))
    asked = [parse(rule, limits, tried).text for rule in (policies or _usual(model))]
    names = dict.fromkeys([*asked, *(parse(rule).text for rule in BASELINES)])
    paths = {rule: replayed(world, _allowed(rule, limits, tried)) for rule in names}
    for rule in _calendars(world, paths):
        paths[rule] = replayed(world, _allowed(rule, limits, tried))
    modes = MODES if options.gates else ()
    grain, days = history.partitions[0].grain, history.days_told(world.setup.start)
    gates = {mode: gate_of(model.gate, model.task, mode, tried.horizon, grain, days) for mode in modes}
    found = {
        _shown(rule): standing(world, path, judge)
        | {"path": told(path), "gates": _gated(world, judge, _allowed(rule, limits, tried), gates)}
        for rule, path in paths.items()
    }
    family = {name: found[name] for name in dict.fromkeys([*map(_shown, asked), "always"]) if name != "never"}
    for name, low in surely_gained(judge, family).items():
        found[name]["against_never"]["low_of_all"] = low
    found |= bounds(judge, {policy["retrains"] for policy in found.values()}, len(world.nights))
    result = header(model, world, options, cells) | {"asked": [_shown(rule) for rule in asked], "policies": found}
    result["frontier"] = frontier(judge, len(world.nights))
    result["recommendation"] = recommendation(result, model.gate.mode)
    return result


def prepared(
    model: Model, history: History, options: Options, cache: Path, kept: Path, progress: Progress | None = None
) -> tuple[World, int]:
    """Return the world in which policies are replayed, its matrix computed, and how many cells that took."""
    bench, time, setup = laid_out(model, history, options, cache)
    workers = fitting_workers(bench, options.memory_bytes) if options.workers is None else options.workers
    cells = computed(bench, kept, wanted_cells(time, setup), workers=workers, progress=progress)
    matrix = Matrix(bench)
    drift = Drift(matrix, time, setup.start)
    return World(matrix, time, setup, drift, Alarms(drift)), cells


def laid_out(model: Model, history: History, options: Options, cache: Path) -> tuple[Bench, Timeline, Setup]:
    """Return what the cells are computed with, what was known when, and what a replay takes as given."""
    delay = delay_partitions(options.label_delay, history)
    time = timeline(history, delay)
    setup = setup_of(model, time, options, delay or 0)
    recipes: dict[Kind, Recipe] = {
        "full": full_recipe(model, history),
        "cheap": cheap_recipe(model, history, int(history.offsets[setup.start + 1])),
    }
    return Bench(history, recipes, cache / "cells", history.digests()), time, setup


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


def _gated(world: World, judge: Judge, policy: Policy, gates: Mapping[Mode, Gate]) -> dict[str, Any]:
    """Return the figures of a policy under each mode of the gate: what the proof costs."""
    found: dict[str, Any] = {}
    for mode, gate in gates.items():
        found[mode] = standing(world, replayed(world, policy, gate), judge)
        for name in ("losses", "calendar_losses"):
            found[mode].pop(name)
    return found


def cache_of(project: Project, name: str) -> Path:
    """Return where a model's matrix is kept: beside its tables where those are local, else in the temporary folder."""
    home = project.model_home(name)
    return home.path / "backtest" if home.is_local else Path(tempfile.gettempdir()) / "nightshift" / name
