"""How a candidate is trained, in xgboost's own words, and what is checked before."""

from __future__ import annotations

import difflib
import platform
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.config.learner_names import OBJECTIVES, OURS
from include.errors import ModelError
from include.training.device import device_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.config.model import Learner, Task

_RUNTIME = ("seed", "nthread", "device", "verbosity")
_COMMON = (
    "eta",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bytree",
    "lambda",
    "alpha",
    "gamma",
    "max_bin",
)


def parameters_of(
    learner: Learner, task: Task, seed: int, nthread: int, classes: Sequence[str], features: Sequence[str]
) -> dict[str, Any]:
    """Return all parameters given to xgboost: the defaults, the learner's own, then what Nightshift decides.

    Raises
    ------
    ModelError
        When the learner's parameters set what Nightshift decides, or a constraint names no feature.
    """
    _check_learner(learner, features)
    found: dict[str, Any] = {"objective": OBJECTIVES[task], "tree_method": "hist", "max_depth": 6, "eta": 0.1}
    found |= learner.parameters
    if "learning_rate" in learner.parameters:
        del found["eta"]
    found |= {"seed": seed % 2**31, "nthread": max(1, nthread), "device": device_for(learner.device), "verbosity": 1}
    if task == "multiclass":
        found["num_class"] = len(classes)
    if learner.monotone:
        signs = ",".join(str(learner.monotone.get(name, 0)) for name in features)
        found["monotone_constraints"] = f"({signs})"
    return found


def recorded(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that a manifest records under that name: those that do not depend on the machine."""
    return {name: value for name, value in parameters.items() if name not in _RUNTIME}


def check_labels(labels: np.ndarray[Any, Any], task: Task, classes: Sequence[str]) -> None:
    """Refuse labels that nothing can be learned from: none, a value that is no class, one class only."""
    if not len(labels):
        raise ModelError.at(
            "training rows", "are none", "rows with mature labels", "ingest history, or wait until labels have matured"
        )
    if task == "regression":
        return
    found = np.unique(labels)
    allowed = 2 if task == "binary" else len(classes)
    strange = found[~np.isin(found, np.arange(allowed))]
    if len(strange):
        expected = "0 and 1" if task == "binary" else f"whole numbers from 0 to {allowed - 1}, one for each class"
        raise ModelError.at("training rows", f"have the label {strange[0]:g}", expected, "check the target's column")
    if len(found) < 2:
        name = classes[int(found[0])] if task == "multiclass" else f"{found[0]:g}"
        raise ModelError.at(
            "training rows",
            f"have {len(labels)} labels that are all {name}",
            "at least two classes",
            "train on a longer window, or check the target's column",
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what xgboost refuses, or does not know, into errors a user can act on."""
    import xgboost as xgb

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except (xgb.core.XGBoostError, ValueError, TypeError) as error:
            said = _plain(error)
            about_label = "label" in said.lower()
            raise ModelError.at(
                "training",
                f"xgboost refuses ({said})",
                "labels that the objective allows" if about_label else "parameters it accepts",
                "check the target's values, or learner.parameters" if about_label else "check learner.parameters",
            ) from error
    unused = [str(warning.message) for warning in caught if "are not used" in str(warning.message)]
    if unused:
        names = unused[0].partition("{")[2].partition("}")[0].replace('"', "").strip()
        near = difflib.get_close_matches(names.split(",")[0].strip(), _COMMON, 1)
        raise ModelError.at(
            "learner.parameters",
            f"xgboost does not know {names}",
            f"its own parameter names{f' (did you mean {near[0]!r}?)' if near else ''}",
            "correct or remove it",
        )


def libraries() -> dict[str, str]:
    """Return the versions that shape a model's bytes."""
    import xgboost as xgb

    return {
        "python": platform.python_version(),
        "xgboost": xgb.__version__,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def _check_learner(learner: Learner, features: Sequence[str]) -> None:
    reserved = [name for name in learner.parameters if name in OURS]
    if reserved:
        raise ModelError.at(
            "learner.parameters",
            f"{reserved[0]} is set by Nightshift",
            f"any other than {', '.join(OURS)}",
            "use the learner's own keys (seed, device, monotone) and remove it there",
        )
    unknown = sorted(set(learner.monotone) - set(features))
    if unknown:
        raise ModelError.at(
            "learner.monotone", f"{unknown[0]!r} is not a feature", f"one of {', '.join(features)}", "correct its name"
        )


def _plain(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip() and "Stack trace" not in line]
    text = lines[0].split("] ", 1)[-1].strip() if lines else type(error).__name__
    return re.sub(r"^\S+\.(?:cc|cu|h|cuh):\d+: (?:Check failed: [^:]*: )?", "", text)[:200]
