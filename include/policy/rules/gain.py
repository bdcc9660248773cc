"""What cheap candidates say: which window has been right, and how much a fresh candidate would gain on the champion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.windows import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.policy.state import Pair, Probe

REMEMBERED = 0.9
"""Weight of the experience with a window falls by so much with every partition: half after 7."""
RECENT = 0.3
"""Weight of a measured gain falls by so much: the newest labelled partition counts for 70 %."""
SURE = 2.5
"""Standard errors (over rows) by which a gain must be above zero."""
BETTER = 2.0
"""Standard errors by which a window must have beaten all history."""


@dataclass(frozen=True)
class Weighed:
    """A weighted mean over partitions and its standard error over rows, in the unit of the loss."""

    mean: float
    error: float
    partitions: int

    @property
    def sure(self) -> bool:
        """Tell whether the mean is above zero by more than chance among the rows explains."""
        return self.mean > SURE * self.error


def weighed(values: Sequence[tuple[int, float, float]], fading: float) -> Weighed:
    """Return the mean of (age, value, standard error), a partition of age a weighing ``fading**a``.

    Examples
    --------
    >>> weighed([(2, 1.0, 0.0), (1, 4.0, 0.0)], 0.5)
    Weighed(mean=3.0, error=0.0, partitions=2)
    """
    newest = min(age for age, _, _ in values)
    weights = [fading ** (age - newest) for age, _, _ in values]
    total = sum(weights)
    mean = sum(w * value for w, (_, value, _) in zip(weights, values, strict=True)) / total
    error = math.sqrt(sum((w * e) ** 2 for w, (_, _, e) in zip(weights, values, strict=True))) / total
    return Weighed(mean, error, len(values))


def edge_of(probe: Probe) -> Weighed:
    """Return by how much a window's candidates have beaten those of all history lately."""
    return weighed([(pair.age, pair.edge, pair.edge_error) for pair in probe.pairs], REMEMBERED)


def best_window(probes: Sequence[Probe]) -> tuple[Probe, dict[str, float]]:
    """Return the probe of the window that has been right, and each window's edge relative to all history's loss.

    All history, unless a window's edge less two standard errors is above zero; then the largest of these.
    """
    base = next(probe for probe in probes if probe.window == ALL)
    chosen, best = base, 0.0
    edges: dict[str, float] = {}
    level = loss_level(base)
    for probe in probes:
        if probe is base or not probe.pairs:
            continue
        edge = edge_of(probe)
        edges[probe.window] = round(edge.mean / level, 4)
        if edge.mean - BETTER * edge.error > best:
            chosen, best = probe, edge.mean - BETTER * edge.error
    return chosen, edges


def loss_level(probe: Probe) -> float:
    """Return the usual loss of a window's candidates lately."""
    return weighed([(pair.age, pair.candidate, 0.0) for pair in probe.pairs], REMEMBERED).mean


def gain_of(pairs: Sequence[Pair]) -> Weighed | None:
    """Return what a fresh candidate gains on the champion per row, mostly on the newest labelled partition.

    None while no labelled partition is later than both: nothing newer than the champion has been seen at work.
    """
    known = [(p.age, p.gain, p.gain_error) for p in pairs if p.gain is not None and p.gain_error is not None]
    return weighed(known, RECENT) if known else None
