"""What cheap candidates say: which window has been right, and what the champion has cost by not being fresh."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.windows import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.policy.state import Pair, Probe

REMEMBERED = 0.9
"""Weight of the experience with a window falls by so much with every candidate: half after 7."""
RECENT = 0.3
"""Weight of a measured gain falls by so much: that over the newest candidate counts for 70 %."""
BETTER = 2.0
"""Standard errors by which a window must have beaten all history."""


@dataclass(frozen=True)
class Weighed:
    """A weighted mean over candidates and its standard error over rows, in the unit of the loss."""

    mean: float
    error: float


def weighed(values: Sequence[tuple[float, float]], fading: float) -> Weighed:
    """Return the mean of (value, standard error), oldest first, the n-th before the newest weighing ``fading**n``.

    Examples
    --------
    >>> weighed([(1.0, 0.0), (4.0, 0.0)], 0.5)
    Weighed(mean=3.0, error=0.0)
    """
    weights = [fading**back for back in range(len(values))][::-1]
    total = sum(weights)
    mean = sum(w * value for w, (value, _) in zip(weights, values, strict=True)) / total
    error = math.sqrt(sum((w * e) ** 2 for w, (_, e) in zip(weights, values, strict=True))) / total
    return Weighed(mean, error)


def edge_of(probe: Probe) -> Weighed:
    """Return by how much a window's candidates have beaten those of all history lately."""
    return weighed([(pair.edge, pair.edge_error) for pair in probe.pairs], REMEMBERED)


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
    """Return the usual loss of a window's candidates lately; 1 where there is none, so that shares of it are 0."""
    return weighed([(pair.candidate, 0.0) for pair in probe.pairs], REMEMBERED).mean or 1.0


def gain_of(pairs: Sequence[Pair]) -> Weighed | None:
    """Return what a training gains on the champion per row now: mostly what was measured over the newest candidate.

    None while no labelled partition is later than both: nothing newer than the champion has been seen at work.
    """
    known = _known(pairs)
    return weighed([(gain, error) for gain, error, _ in known], RECENT) if known else None


@dataclass(frozen=True)
class Regret:
    """What the champion has cost by not being fresh.

    Attributes
    ----------
    total, error : float
        In the unit of the loss, for one stretch of partitions from one cheap candidate to the next; standard error over rows.
    stretches : float
        That it was measured on.
    """

    total: float
    error: float
    stretches: float

    @property
    def mean(self) -> float:
        """The gain of a training in one stretch."""
        return self.total / self.stretches


def regret_of(pairs: Sequence[Pair]) -> Regret | None:
    """Return the largest sum of gains over the newest stretches; None while none is known.

    Notes
    -----
    Page's cumulative sum: stretches before a change, on which the champion may have been the better one, do not count.

    References
    ----------
    Page, *Continuous inspection schemes*, Biometrika 41, 1954.

    Examples
    --------
    >>> from include.policy.state import Pair
    >>> found = regret_of([Pair("a", 3, 1.0, 0, 0, -5.0, 0.0), Pair("b", 2, 1.0, 0, 0, 1.0, 3.0), Pair("c", 1, 1.0, 0, 0, 2.0, 4.0)])
    >>> found.total, found.error, found.mean
    (3.0, 5.0, 1.5)
    """
    found: list[Regret] = []
    for gain, error, share in reversed(_known(pairs)):
        before = found[-1] if found else Regret(0.0, 0.0, 0.0)
        error = math.hypot(before.error, error * share)
        found.append(Regret(before.total + gain * share, error, before.stretches + share))
    return max(found, key=lambda regret: regret.total, default=None)


def _known(pairs: Sequence[Pair]) -> list[tuple[float, float, float]]:
    return [(p.gain, p.gain_error, p.share) for p in pairs if p.gain is not None and p.gain_error is not None]
