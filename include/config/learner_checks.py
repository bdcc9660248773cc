"""What of a learner's parameters no training can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.errors import did_you_mean
from include.config.learner_names import FITTING, OURS
from include.config.yaml_text import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.model import Model


def learner_flaws(model: Model) -> Iterator[Flaw]:
    """Yield the parameters that Nightshift sets itself, and an objective that is not one of the task."""
    parameters = model.learner.parameters
    for name in parameters:
        if name in OURS:
            yield Flaw(("learner", "parameters", name), f"is set by Nightshift. {OURS[name]}.", True)
    objective, fitting = parameters.get("objective"), FITTING[model.task]
    if objective is not None and not str(objective).startswith(fitting):
        said = f"is {objective!r}, not an objective of a {model.task} task. Expected {_expected(fitting)}."
        yield Flaw(("learner", "parameters", "objective"), said + did_you_mean(str(objective), fitting))


def unusable_parameters(model: Model) -> Iterator[Flaw]:
    """Yield what xgboost refuses or does not know of a learner's parameters, by training a tree on a few made rows."""
    if not model.learner.parameters:
        return
    from include.training.tried import refused

    said = refused(model.learner, model.task)
    if said is not None:
        named = next((name for name in model.learner.parameters if name in said), None)
        yield Flaw(("learner", "parameters", *([named] if named else [])), f"is wrong: {said.partition(': ')[2]}")


def _expected(fitting: tuple[str, ...]) -> str:
    shown = [f"{name}…" if name.endswith(":") else name for name in fitting]
    return f"one of: {', '.join(shown)}" if len(shown) > 1 else shown[0]
