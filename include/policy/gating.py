"""The gate inside a replay: the same judgement as a night's, on the nights of the matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from include.evaluation.metrics import default_metric
from include.evaluation.nights import PairedNights
from include.evaluation.performance import judge_gain
from include.evaluation.terms import Terms

if TYPE_CHECKING:
    from include.config.model import GateSettings, Mode
    from include.policy.cells import Cell
    from include.policy.world import World

MODES: tuple[Mode, ...] = ("superior", "non_inferior", "expected")


@dataclass(frozen=True)
class Gate:
    """What a candidate must show.

    Attributes
    ----------
    terms : Terms
        Mode, margin, confidence, longest wait.
    refit : bool
        After a pass the same recipe is trained up to the newest label, and that serves.
    """

    terms: Terms
    refit: bool = False


def gate_of(settings: GateSettings, task: str, mode: Mode, horizon: int) -> Gate:
    """Return the performance part of a model's gate under a mode; its other parts need rows that a replay has not."""
    margin = settings.margin if settings.metric is None else 0.0
    terms = Terms(
        mode=mode,
        metric=default_metric(task),
        margin=margin,
        confidence=settings.confidence,
        max_wait=settings.max_wait,
        horizon=horizon,
    )
    return Gate(terms, settings.refit)


def judged(
    world: World, gate: Gate, candidate: Cell, champion: Cell, night: int, first_look: int | None
) -> tuple[Literal["pass", "fail", "wait"], int]:
    """Return the verdict on a candidate at the end of a night, and the labelled nights it rests on.

    Both are judged on the labelled partitions after their training cuts; one that the champion learned from would favour
    it. What is still open after `max_wait` further labelled nights is a fail.
    """
    first = max(candidate.cut, champion.cut) + 1
    places = [
        s for s in range(first, int(world.time.newest[night]) + 1) if np.isfinite(world.matrix.mean(candidate, s))
    ]
    count = len(places)
    if not places:
        return "wait", 0
    old = np.array([world.matrix.mean(champion, s) for s in places])
    new = np.array([world.matrix.mean(candidate, s) for s in places])
    rows = world.matrix.scores(candidate).rows[places]
    keys = tuple(world.time.history.partitions[s].key for s in places)
    paired = PairedNights(keys, old - new, old, new, rows, ())
    finding = judge_gain(paired, gate.terms, count if first_look is None else first_look).part.finding
    if finding in ("pass", "fail"):
        return ("pass" if finding == "pass" else "fail"), count
    waited = 0 if first_look is None else count - first_look
    return ("fail" if waited >= gate.terms.max_wait else "wait"), count
