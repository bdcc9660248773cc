"""Better parameters by trying: time-ordered splits, pruned, seeded, and resumed where it stopped."""

from __future__ import annotations

import hashlib
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import ModelError
from include.registry.manifest import Tuning, canonical
from include.training.recipe import refusals
from include.training.trials import keep_trial, restore_trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import optuna
    import xgboost as xgb

    from include.config.model import Learner, Tune
    from include.storage.locations import Location
    from include.training.blocks import Blocks

FOLDS = ((0.55, 0.70), (0.70, 0.85), (0.85, 1.0))
PATIENCE = 20
MIN_ROWS = 20
_STARTUP = 5
_SPACE: dict[str, tuple[float, float, bool]] = {
    "eta": (0.02, 0.3, True),
    "max_depth": (3, 10, False),
    "min_child_weight": (1.0, 100.0, True),
    "subsample": (0.5, 1.0, False),
    "colsample_bytree": (0.5, 1.0, False),
    "lambda": (0.1, 20.0, True),
}
_DEFAULTS = {"min_child_weight": 1.0, "subsample": 1.0, "colsample_bytree": 1.0, "lambda": 1.0}  # xgboost's own
_SAME = {"learning_rate": "eta", "reg_lambda": "lambda"}


@dataclass(frozen=True)
class Fold:
    """One split: rows up to an instant, and those right after it."""

    train: xgb.QuantileDMatrix
    valid: xgb.QuantileDMatrix


def tune(
    encoded: Blocks,
    rows: int,
    learner: Learner,
    parameters: dict[str, Any],
    *,
    study: Location | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[dict[str, Any], int, Tuning]:
    """Return better parameters, the rounds they need, and what was tried.

    Parameters
    ----------
    encoded : Blocks
        All encoded rows.
    rows : int
        How many of them, the oldest by partition, may be trained on.
    learner : Learner
        Its `tune` sets trials and minutes; parameters that it names itself are kept as they are.
    parameters : dict
        All parameters of an untuned training; they are the first trial, so the result is never worse on the splits.
    study : Location, optional
        Folder in which finished trials are kept, by rows and settings: after an interruption the rest follows as if there
        had been none, and a finished search is read, not repeated.
    clock : callable
        Seconds; trials start while `budget_minutes` are not over, those before an interruption included.

    Raises
    ------
    ModelError
        With fewer than 20 rows, or when xgboost refuses the parameters.

    Notes
    -----
    Three splits: trained on the oldest 55, 70, 85 % of the rows (by partition), validated on the next 15 %. Rounds stop
    after `PATIENCE` without gain; the rounds returned are the mean of the splits' best, at most `learner.rounds`. Trials
    are drawn by a tree-structured Parzen estimator seeded by (seed, number of finished trials), and pruned after a split
    whose mean loss so far is above the median of the trials before.

    References
    ----------
    Bergstra et al., *Algorithms for Hyper-Parameter Optimization*, 2011; optuna's ``TPESampler`` and ``MedianPruner``.
    """
    settings = learner.tune
    if settings is None or rows < MIN_ROWS:
        raise ModelError.at("training rows", f"are {rows}", f"at least {MIN_ROWS} to tune on", "remove `tune`")
    judged = {name: value for name, value in parameters.items() if name != "eval_metric"}  # a loss, never a score
    folds = _folds(encoded, rows, judged)
    fixed = {_SAME.get(name, name) for name in learner.parameters}
    free = {name: bounds for name, bounds in _SPACE.items() if name not in fixed}
    opened = _opened()
    name = hashlib.sha256(canonical([encoded.sha256, rows, {**judged, "rounds": learner.rounds, "free": sorted(free)}]))
    place = study / name.hexdigest()[:16] if study else None
    _search(opened, place, folds, judged, free, learner.rounds, settings, clock)
    done = opened.get_trials(deepcopy=False)
    complete = [trial for trial in done if trial.state.name == "COMPLETE"]
    best = min(complete, key=lambda trial: (trial.value, trial.number))
    report = Tuning(
        trials=len(complete),
        pruned=sum(trial.state.name == "PRUNED" for trial in done),
        loss=float(best.value),
        untuned_loss=float(complete[0].value),
    )
    return parameters | best.params, int(best.user_attrs["rounds"]), report


def _folds(encoded: Blocks, rows: int, parameters: dict[str, Any]) -> list[Fold]:
    from include.training.quantise import quantised

    shared = {"nthread": parameters["nthread"], "max_bin": parameters.get("max_bin")}
    found = []
    for start, end in FOLDS:
        first, last = round(rows * start), round(rows * end)
        train = quantised(encoded, encoded.between(0, first), **shared)
        found.append(Fold(train, quantised(encoded, encoded.between(first, last), ref=train, **shared)))
    return found


def _opened() -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=0))


def _search(
    study: optuna.Study,
    place: Location | None,
    folds: Sequence[Fold],
    parameters: dict[str, Any],
    free: dict[str, tuple[float, float, bool]],
    rounds: int,
    settings: Tune,
    clock: Callable[[], float],
) -> None:
    import optuna

    began, spent = clock(), restore_trials(study, place) if place else 0.0
    finished = len(study.get_trials(deepcopy=False))
    while finished < settings.trials and (finished == 0 or spent < 60 * settings.budget_minutes):
        study.sampler = _sampler(parameters, free, finished)
        trial = study.ask()
        chosen = parameters | {name: _suggested(trial, name, *bounds) for name, bounds in free.items()}
        value = _tried(trial, folds, chosen, rounds)
        told = study.tell(trial, value, state=None if value is not None else optuna.trial.TrialState.PRUNED)
        now = clock()
        if place:
            keep_trial(told, now - began, place)
        finished, began, spent = finished + 1, now, spent + now - began


def _sampler(parameters: dict[str, Any], free: Iterable[str], finished: int) -> optuna.samplers.BaseSampler:
    """Return what draws the next trial: the same after the same number of finished ones, interrupted or not."""
    import optuna

    seed = int(np.random.SeedSequence([parameters["seed"], finished]).generate_state(1)[0])
    drawn = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP)
    if finished:
        return drawn
    untuned = {name: parameters.get(name, _DEFAULTS.get(name)) for name in free}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # optuna marks this sampler as experimental
        return optuna.samplers.PartialFixedSampler(untuned, drawn)


def _suggested(trial: optuna.Trial, name: str, low: float, high: float, log: bool) -> float | int:
    if isinstance(low, int) and isinstance(high, int):
        return int(trial.suggest_int(name, low, high))
    return float(trial.suggest_float(name, low, high, log=log))


def _tried(trial: optuna.Trial, folds: Sequence[Fold], parameters: dict[str, Any], rounds: int) -> float | None:
    """Return the mean loss over the splits, None when the trial is given up before the last."""
    import xgboost as xgb

    losses, best = [], []
    for step, fold in enumerate(folds):
        with refusals():
            booster = xgb.train(
                parameters,
                fold.train,
                rounds,
                evals=[(fold.valid, "later")],
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
        losses.append(float(booster.best_score))
        best.append(booster.best_iteration + 1)
        trial.report(float(np.mean(losses)), step)
        if step < len(folds) - 1 and trial.should_prune():
            return None
    trial.set_user_attr("rounds", max(1, round(float(np.mean(best)))))
    return float(np.mean(losses))
