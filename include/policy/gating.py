"""The gate inside a replay: the same judgement as a night's, on the nights of the matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from include.evaluation.metrics import default_metric
from include.evaluation.nights import PairedNights
from include.evaluation.performance import absolute_margin, worse_evidence
from include.evaluation.plan import LEAST_DAYS, averaged, wait_of
from include.evaluation.sequence import LEAST_NIGHTS, belief, log_evidence, night_sums
from include.evaluation.terms import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from include.config.model import GateSettings, Mode
    from include.partitions import Grain
    from include.policy.cells import Cell
    from include.policy.world import World

Finding = Literal["pass", "fail", "wait"]
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
    seen : dict
        Findings in one world, by candidate, champion, night and first look: many policies meet the same pair.
    """

    terms: Terms
    refit: bool = False
    seen: dict[tuple[Cell, Cell, int, int | None], tuple[Finding, int]] = field(default_factory=dict, compare=False)


def gate_of(
    settings: GateSettings, task: str, mode: Mode, horizon: int, grain: Grain = "day", days: int = LEAST_DAYS
) -> Gate:
    """Return the performance part of a model's gate under a mode; its other parts need rows that a replay has not."""
    margin = settings.margin if settings.metric is None else 0.0
    terms = Terms(
        mode=mode,
        metric=default_metric(task),
        margin=margin,
        confidence=settings.confidence,
        max_wait=wait_of(settings, grain, days),
        block=averaged(settings, grain),
        horizon=horizon,
    )
    return Gate(terms, settings.refit)


def judged(
    world: World, gate: Gate, candidate: Cell, champion: Cell, night: int, first_look: int | None
) -> tuple[Finding, int]:
    """Return the verdict on a candidate at the end of a night, and the labelled nights it rests on.

    Both are judged on the labelled partitions after their training cuts; one that the champion learned from would favour
    it. What is still open after `max_wait` further labelled nights is a fail.
    """
    key = (candidate, champion, night, first_look)
    if key not in gate.seen:
        gate.seen[key] = _judged(world, gate, candidate, champion, night, first_look)
    return gate.seen[key]


def _judged(
    world: World, gate: Gate, candidate: Cell, champion: Cell, night: int, first_look: int | None
) -> tuple[Finding, int]:
    first = max(candidate.cut, champion.cut) + 1
    places = [
        s for s in range(first, int(world.time.newest[night]) + 1) if np.isfinite(world.matrix.mean(candidate, s))
    ]
    count = len(places)
    if not count:
        return "wait", 0
    values = [world.matrix.values(champion, s) for s in places]
    old, new = np.concatenate(values), np.concatenate([world.matrix.values(candidate, s) for s in places])
    waited = 0 if first_look is None else count - first_look
    looked = sum(map(len, values[: count - waited]))
    terms = replace(gate.terms, max_wait=math.ceil(gate.terms.max_wait * len(old) / count))
    found = finding(old, new, terms, looked)
    return ("fail" if found == "wait" and waited >= gate.terms.max_wait else found), count


def finding(champion: NDArray[np.float64], candidate: NDArray[np.float64], terms: Terms, first_look: int) -> Finding:
    """Return what the gate's performance part finds on mean losses by night, or by day of one: the same as `judge_gain`, without its report.

    That one also bisects for the ends of an interval, which a replay of thousands of nights has no use for.

    Parameters
    ----------
    champion, candidate : array, shape (n_values,)
    terms : Terms
    first_look : int
        Values at the candidate's first judgement.
    """
    keys = tuple(str(i) for i in range(len(champion)))
    rows = np.ones(len(keys), np.int64)
    paired = PairedNights(keys, champion - candidate, champion, candidate, rows, ())
    gains = paired.blocks(terms.block)
    if len(gains) < LEAST_NIGHTS:
        return "wait"
    margin = absolute_margin(paired, terms)
    if terms.mode == "expected":
        now = belief(gains)
        if float(now.mean) > 0 and float(now.chance_below(-margin)) <= terms.alpha:
            return "pass"
        return "fail" if 1 - float(now.chance_below(0.0)) <= terms.alpha else "wait"
    bar = margin if terms.mode == "superior" else -margin
    needed = terms.log_bar(first_look)
    if np.ptp(gains) == 0:
        return "pass" if gains[0] > bar else "fail"
    if float(log_evidence(night_sums(gains).about(bar))) >= needed:
        return "pass"
    return "fail" if worse_evidence(gains, bar) >= needed else "wait"
