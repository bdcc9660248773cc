"""Rules that look at the champion's realised loss: ``on_loss(k)`` and ``k_of_n(k, n)``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.rules.base import Cheap
from include.policy.state import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.policy.state import Loss, State

_RECENT = 7
_UNKNOWN = "the loss at its gate is not known, so nothing can be compared"
_UNLABELLED = "no partition after the champion's training cut is labelled yet"


def mean_of(losses: Sequence[Loss]) -> tuple[float, float]:
    """Return the mean over partitions and its standard error.

    Parameters
    ----------
    losses : sequence of Loss
        At least one.

    Returns
    -------
    tuple of float
        Mean (unit of the loss) and standard error: the spread between partitions over √n where there are at least
        three, and never less than what sampling rows alone gives.

    Examples
    --------
    >>> from include.policy.state import Loss
    >>> mean_of([Loss("a", 3, 1.0, 0.1, 9), Loss("b", 2, 2.0, 0.1, 9), Loss("c", 1, 3.0, 0.1, 9)])
    (2.0, 0.5773502691896258)
    """
    n = len(losses)
    mean = sum(item.mean for item in losses) / n
    rows = math.sqrt(sum(item.standard_error**2 for item in losses)) / n
    if n < 3:
        return mean, rows
    spread = math.sqrt(sum((item.mean - mean) ** 2 for item in losses) / (n - 1))
    return mean, max(rows, spread / math.sqrt(n))


@dataclass(frozen=True)
class OnLoss(Cheap):
    """Retrain when the newest realised losses lie `k` standard errors above the loss at the gate."""

    k: float

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return f"on_loss({self.k:g})"

    def answer(self, state: State) -> Answer:
        """Return yes when mean − gate > k·√(se² + gate's se²), over the newest 7 labelled partitions at most."""
        if state.gate_loss is None:
            return Answer(False, _UNKNOWN)
        recent = state.losses[-_RECENT:]
        if not recent:
            return Answer(False, _UNLABELLED)
        mean, error = mean_of(recent)
        bound = self.k * math.hypot(error, state.gate_standard_error or 0.0)
        excess = mean - state.gate_loss
        over = f"{len(recent)} newest labelled partition" + ("s" if len(recent) > 1 else "")
        text = (
            f"the loss over the {over} is {mean:.4g}, {abs(excess):.2g} {'above' if excess > 0 else 'below'} the "
            f"{state.gate_loss:.4g} at its gate ({self.k:g} standard errors are {bound:.2g})"
        )
        evidence = {"loss": mean, "standard_error": error, "gate_loss": state.gate_loss, "bound": bound}
        return Answer(excess > bound, text, evidence)


@dataclass(frozen=True)
class KOfN(Cheap):
    """Retrain when `k` of the newest `n` labelled partitions, the newest among them, were worse than at the gate.

    Notes
    -----
    A partition is worse when its loss is above the gate's by more than `tolerance` of it. The shape is the rule of the
    Databricks MLOps Stacks monitoring template (k = 2, n = 5, a fixed threshold on the metric).

    References
    ----------
    Databricks MLOps Stacks, monitoring: `metric_violation_check_query`.
    """

    k: int
    n: int
    tolerance: float = 0.0

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        third = f", {self.tolerance:g}" if self.tolerance else ""
        return f"k_of_n({self.k}, {self.n}{third})"

    def answer(self, state: State) -> Answer:
        """Return yes when at least `k` of the newest `n` are worse and the newest is one of them."""
        if state.gate_loss is None:
            return Answer(False, _UNKNOWN)
        recent = state.losses[-self.n :]
        if not recent:
            return Answer(False, _UNLABELLED)
        threshold = state.gate_loss + self.tolerance * abs(state.gate_loss)
        worse = [item.partition for item in recent if item.mean > threshold]
        newest = recent[-1].mean > threshold
        text = (
            f"{len(worse)} of the newest {len(recent)} labelled partitions had a loss above {threshold:.4g}"
            f" ({self.k} of {self.n} are needed" + ("" if newest else ", and the newest was not one") + ")"
        )
        return Answer(len(worse) >= self.k and newest, text, {"worse": worse, "threshold": threshold})
