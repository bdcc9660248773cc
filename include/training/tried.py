"""What xgboost says to a learner's parameters, without a model's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from include.errors import ModelError
from include.training.recipe import parameters_of, refusals

if TYPE_CHECKING:
    from include.config.model import Learner, Task

_ROWS, _COLUMNS = 12, 2
_CLASSES = ("a", "b", "c")


def refused(learner: Learner, task: Task) -> str | None:
    """Return why no training with a learner's parameters can work, None when one of a single tree does.

    Parameters
    ----------
    learner : Learner
        Its constraints are left out: they name features, which the made rows have not.
    task : str

    Examples
    --------
    >>> from include.config.model import Learner
    >>> refused(Learner(parameters={"max_depth": 3}), "binary") is None
    True
    >>> refused(Learner(parameters={"max_depht": 3}), "binary").split(".")[1]
    'parameters: xgboost does not know max_depht'
    """
    import xgboost as xgb

    plain = learner.model_copy(update={"monotone": {}, "device": "cpu"})
    rows = np.linspace(0, 1, _ROWS * _COLUMNS, dtype=np.float32).reshape(_ROWS, _COLUMNS)
    try:
        parameters = parameters_of(plain, task, 0, 1, _CLASSES if task == "multiclass" else (), ())
        with refusals():
            matrix = xgb.QuantileDMatrix(rows, label=_labels(task), nthread=1, max_bin=parameters.get("max_bin"))
            xgb.train(parameters, matrix, num_boost_round=1)
    except ModelError as error:
        return str(error)
    return None


def _labels(task: Task) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return labels that any objective of a task takes: classes, or numbers above 0 and below 1."""
    if task == "regression":
        return np.linspace(0.1, 0.9, _ROWS)
    return np.arange(_ROWS, dtype=np.float64) % (2 if task == "binary" else len(_CLASSES))
