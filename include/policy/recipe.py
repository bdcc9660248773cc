"""How the backtest trains: xgboost on arrays with the model's own settings, full or cheap, one function for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from include.training.recipe import parameters_of, refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    import xgboost as xgb
    from numpy.typing import NDArray

    from include.config.model import Learner, Model, Task
    from include.policy.history import History
    from include.policy.windows import Window

    Scorer = Callable[[NDArray[np.float32]], NDArray[np.float32]]

CHEAP_ROWS = 65_536
"""Rows that a cheap candidate of endless history would be trained on; a shorter history is used whole."""
_FASTER = 3
_GROWTH = 16
_LARGEST_STEP = 0.3
_CLIP = 1e-15
_CHUNK = 262_144
Kind = Literal["full", "cheap"]


@dataclass(frozen=True)
class Recipe:
    """What decides a candidate beside its rows.

    Attributes
    ----------
    kind : str
        ``full``: what the night would train; ``cheap``: a third of the trees, three times the step, fewer rows.
    parameters : dict
        All of xgboost's, device and seed among them.
    rounds : int
        Trees (times classes).
    cheap_rows : int
        See `sample_size`; 0 takes all rows.
    reference_rows : int
        Rows of the longest window that is compared, see `sample_size`.
    """

    kind: Kind
    parameters: dict[str, Any]
    rounds: int
    cheap_rows: int = 0
    reference_rows: int = 0

    @property
    def digest_text(self) -> str:
        """Everything that changes what is trained, as text."""
        told = {k: v for k, v in self.parameters.items() if k not in ("nthread", "verbosity")}
        return repr((sorted(told.items()), self.rounds, self.cheap_rows, self.reference_rows))


def full_recipe(model: Model, history: History) -> Recipe:
    """Return the recipe of the model's learner, one thread."""
    return Recipe("full", _parameters(model.learner, model.task, history), model.learner.rounds)


def cheap_recipe(model: Model, history: History, first_rows: int) -> Recipe:
    """Return the recipe of cheap candidates: a third of the trees with thrice the step, on a sample of the rows.

    `first_rows` are those that the first champion learned from: the sample is laid out for sixteen times as many, rounded
    up to a power of four, so that it does not depend on how much is still to come.
    """
    parameters = _parameters(model.learner, model.task, history)
    step = "learning_rate" if "learning_rate" in parameters else "eta"
    parameters[step] = max(float(parameters[step]), min(_LARGEST_STEP, _FASTER * float(parameters[step])))
    reference = int(4 ** np.ceil(np.log(_GROWTH * max(1, first_rows)) / np.log(4)))
    return Recipe("cheap", parameters, max(1, round(model.learner.rounds / _FASTER)), CHEAP_ROWS, reference)


def _parameters(learner: Learner, task: Task, history: History) -> dict[str, Any]:
    return parameters_of(learner, task, learner.seed, 1, history.classes, history.names)


def sample_size(rows: float, recipe: Recipe) -> int:
    """Return how many rows stand for a window of so many in a cheap training.

    Parameters
    ----------
    rows : float
        Rows of the window.
    recipe : Recipe
        With ``cheap_rows`` M and ``reference_rows`` R.

    Notes
    -----
    m = (n^-½ + s)^-2 with s = max(0, M^-½ − R^-½). Where the loss falls with the number of rows like a + b·n^-½, the
    differences of two windows are then those of full trainings, whatever b. Samples of one size for all windows would
    flatter the short ones (measured on flights by week: ``last(8)`` loses 3.5 % to all history when trained in full,
    1.0 % with samples of one size, 3.3 % with these).

    Examples
    --------
    >>> recipe = Recipe("cheap", {}, 50, cheap_rows=10_000, reference_rows=1_048_576)
    >>> sample_size(300_000, recipe), sample_size(36_000, recipe)
    (8496, 4894)
    """
    if not recipe.cheap_rows:
        return round(rows)
    shift = max(0.0, recipe.cheap_rows**-0.5 - recipe.reference_rows**-0.5)
    shifted = float(max(rows, 1.0)) ** -0.5 + shift
    return max(1, int(0.5 + shifted**-2))


def chosen_rows(
    start: int, end: int, weight: NDArray[np.float64] | None, recipe: Recipe, priority: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Return the places of the rows to train on, and their weights.

    Parameters
    ----------
    start, end : int
        Rows of the window.
    weight : array, shape (end - start,), or None
    recipe : Recipe
    priority : array, shape (n_rows,)
        One uniform number a row: the same rows are drawn for neighbouring cuts, so that candidates differ by their window
        and not by the draw.
    """
    count = end - start
    size = sample_size(count, recipe)
    if size >= count:
        return np.arange(start, end), weight
    places = np.sort(np.argpartition(priority[start:end], size - 1)[:size])
    return places + start, None if weight is None else weight[places]


def trained(
    features: NDArray[np.float32],
    label: NDArray[np.float32],
    weight: NDArray[np.float64] | None,
    recipe: Recipe,
    kinds: tuple[str, ...],
) -> tuple[Scorer, bytes]:
    """Return a function that scores rows with a candidate trained on these, and the candidate's bytes.

    Parameters
    ----------
    features, label, weight : arrays of shape (n_rows, n_features), (n_rows,), (n_rows,)
    recipe : Recipe
    kinds : tuple of str
        ``q`` or ``c`` of each feature.

    Raises
    ------
    ModelError
        When xgboost refuses the labels or the parameters.
    """
    import xgboost as xgb

    types = ["c" if kind == "c" else "q" for kind in kinds]
    with refusals():
        data = xgb.QuantileDMatrix(
            features, label, weight=weight, feature_types=types, enable_categorical=True, nthread=1,
            max_bin=int(recipe.parameters.get("max_bin", 256)),
        )  # fmt: skip
        booster = xgb.train(recipe.parameters, data, recipe.rounds)
    return _scorer(booster), bytes(booster.save_raw("ubj"))


def restored(model: bytes) -> Scorer:
    """Return the function that scores rows with a candidate that `trained` gave the bytes of."""
    import xgboost as xgb

    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(model))
    return _scorer(booster)


def _scorer(booster: xgb.Booster) -> Scorer:
    def score(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [booster.inplace_predict(rows[at : at + _CHUNK]) for at in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    return score


def row_losses(task: Task, label: NDArray[np.float32], score: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the loss of each row: log loss in nats for classes, squared error for numbers.

    Examples
    --------
    >>> row_losses("regression", np.float32([1, 2]), np.float32([3, 2])).tolist()
    [4.0, 0.0]
    >>> row_losses("binary", np.float32([1, 0]), np.float32([0.5, 0.5])).round(4).tolist()
    [0.6931, 0.6931]
    """
    wide = score.astype(np.float64)
    if task == "regression":
        return np.asarray((label - wide) ** 2)
    chosen = (
        wide[np.arange(len(label)), label.astype(np.intp)] if wide.ndim == 2 else np.where(label == 1, wide, 1 - wide)
    )
    return np.asarray(-np.log(np.clip(chosen, _CLIP, 1 - _CLIP)))


def training_rows(
    history: History, last: int, window: Window, known_by: int | None
) -> tuple[int, int, NDArray[np.float64] | None, NDArray[np.bool_] | None]:
    """Return the rows of a window that ends with partition `last`: start, end, weights, and which labels were known.

    Parameters
    ----------
    history : History
    last : int
        Place of the newest partition.
    window : Window
    known_by : int or None
        Instant in microseconds; None where all labels of the window were known.
    """
    first = last + 1 - window.reach(last + 1)
    start, end = int(history.offsets[first]), int(history.offsets[last + 1])
    ages = np.repeat(np.arange(last - first, -1, -1), np.diff(history.offsets[first : last + 2]))
    known = None if known_by is None else np.asarray(history.known[start:end] <= known_by)
    return start, end, window.weights(ages), known
