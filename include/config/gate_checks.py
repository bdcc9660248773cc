"""Gate settings that no candidate could ever meet: refused, so that no night waits for them."""

from __future__ import annotations

from itertools import combinations
from math import isfinite
from typing import TYPE_CHECKING

from include.config.yaml_text import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.config.model import Behaviour, Model

_TASKS_OF_PARTS = {
    "fairness": ("binary",),
    "behaviour": ("binary", "regression"),
    "max_calibration_error": ("binary", "multiclass"),
}
"""Parts of the gate that are defined for some tasks only; elsewhere they could never be told, and every candidate would fail."""
_ORDERED = ("monotone", "directional")


def gate_flaws(model: Model) -> Iterator[Flaw]:
    """Yield what is wrong within the gate of a model."""
    gate = model.gate
    for key, tasks in _TASKS_OF_PARTS.items():
        if getattr(gate, key) and model.task not in tasks:
            yield Flaw(("gate", key), f"is for {' and '.join(tasks)} models, this one is {model.task}. Remove it.")
    if gate.holdout is not None and not gate.holdout:
        yield Flaw(("gate", "holdout"), "has no length. Expected a length of time, such as 14d.")
    limits = ("max_demographic_parity_difference", "max_equalised_odds_difference")
    if gate.fairness and model.task == "binary" and all(getattr(gate.fairness, limit) is None for limit in limits):
        said = f"sets no limit, so it could never be told. Expected {' or '.join(limits)}; else remove it."
        yield Flaw(("gate", "fairness"), said, True)
    yield from _behaviour_flaws(model)


def order_flaws(model: Model, others: Mapping[str, str]) -> Iterator[Flaw]:
    """Yield the expectations about how predictions move with a column that has no order.

    Parameters
    ----------
    others : mapping of str to str
        Types of the features that are no numbers, as far as they are known.
    """
    for index, each in enumerate(model.gate.behaviour):
        if each.kind in _ORDERED and each.column in others:
            said = f"is {each.kind!r}, but {each.column} is of type {others[each.column]}. Expected a number, or kind: invariance."
            yield Flaw(("gate", "behaviour", index, "kind"), said)


def _behaviour_flaws(model: Model) -> Iterator[Flaw]:
    expected = list(enumerate(model.gate.behaviour))
    for index, each in expected:
        path = ("gate", "behaviour", index)
        if each.change is not None and (not each.change or not isfinite(each.change)):
            yield Flaw((*path, "change"), f"is {each.change:g}, which changes nothing. Expected an amount, such as 1.")
        rises = model.learner.monotone.get(each.column, each.direction)
        if each.kind in _ORDERED and rises != each.direction:
            yield Flaw(path, f"contradicts learner.monotone.{each.column}: {rises}. Correct one of them.")
    for (first, one), (second, other) in combinations(expected, 2):
        if _contradict(one, other):
            said = (
                f"contradicts gate.behaviour[{first}]: {other.column} cannot move predictions up and down. Remove one."
            )
            yield Flaw(("gate", "behaviour", second), said)


def _contradict(one: Behaviour, other: Behaviour) -> bool:
    """Tell whether no prediction that moves at all meets both; two steps of another size may well differ on average."""
    kinds = {one.kind, other.kind}
    if one.column != other.column or one.direction == other.direction or not kinds <= set(_ORDERED):
        return False
    return "monotone" in kinds or one.change == other.change
