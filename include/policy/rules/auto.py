"""The rule that asks "would retraining help?" before a training is paid for: ``auto``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.policy.rules.fixed import Every
from include.policy.rules.gain import SURE, best_window, gain_of, loss_level
from include.policy.state import Answer
from include.policy.windows import ALL

if TYPE_CHECKING:
    from include.policy.rules.gain import Weighed
    from include.policy.state import Probe, State

HORIZON = 4
"""Partitions that a new champion serves at least, on average, where ``policy.horizon`` does not say."""
EARN = 0.01
"""Share of the loss over the horizon that a training must earn: what it costs, in the unit of what it brings."""
SAVED = 3.0
"""Trainings that may be saved up in quiet times."""
_FEWEST = 2
_BEFORE = Every(7)


@dataclass(frozen=True)
class Auto:
    """Retrain when a fresh candidate of the window that has been right is expected to earn more than a training costs.

    Attributes
    ----------
    tried : tuple of str
        Windows it compares, all history among them.
    horizon : int
        Partitions that a new champion is expected to serve.

    Notes
    -----
    Cheap candidates of each window are trained every night and judged on the partitions that follow. The window is all
    history unless another has been better, by two standard errors, with experience that fades by a tenth a partition. The
    gain is that of the freshest cheap candidates of this window over the champion's cheap twin, on the labelled partitions
    that neither had seen, the newest of which counts most. A training is worth it when

    - the gain is above zero by two and a half standard errors over rows (else it may be the luck of the draw),
    - gain × horizon exceeds its cost, 1 % of the loss × horizon,
    - the model has not had its share: a training is earned every `horizon` partitions, up to three may be saved up for
      turbulent times. So at most one in `horizon` nights retrains in the long run, and the moments are chosen by gain.

    With fewer than two such comparisons the rule is ``every(7)``.
    """

    tried: tuple[str, ...]
    horizon: int = HORIZON

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return "auto"

    def windows(self, state: State) -> tuple[str, ...]:
        """Return the windows it compares."""
        return self.tried

    def answer(self, state: State) -> Answer:
        """Return whether the expected gain exceeds the cost, with what was compared."""
        base = next((probe for probe in state.probes if probe.window == ALL), None)
        if base is None or len(base.pairs) < _FEWEST:
            return _too_early(state, len(base.pairs) if base else 0)
        chosen, edges = best_window(state.probes)
        gain = gain_of(chosen.pairs)
        evidence: dict[str, Any] = {"window": chosen.window, "edges": edges, "horizon": self.horizon}
        if gain is None:
            text = "nothing newer than the champion has met labelled rows yet, so nothing can be gained that is known"
            return Answer(False, text, evidence)
        return self._weigh(state, chosen, gain, loss_level(base), evidence)

    def _weigh(self, state: State, chosen: Probe, gain: Weighed, level: float, evidence: dict[str, Any]) -> Answer:
        saved = trainings_saved(state.served, state.trainings, self.horizon)
        share = gain.mean / level
        told = {
            "gain": gain.mean,
            "gain_error": gain.error,
            "share": share,
            "cost_share": EARN,
            "trainings_saved": saved,
        }
        evidence |= told | {"compared_partitions": gain.partitions}
        compared = _compared(chosen, gain, share)
        if share <= EARN:
            return Answer(False, f"{compared}: less than the {EARN:.0%} that a training must earn", evidence)
        if not gain.sure:
            return Answer(False, f"{compared}: within {SURE:g} standard errors of nothing", evidence)
        if saved < 1:
            text = f"{compared}, but a training is earned every {self.horizon} partitions only ({saved:.2g} saved)"
            return Answer(False, text, evidence)
        text = f"{compared}: over {self.horizon} partitions more than the {EARN:.0%} that a training must earn"
        return Answer(True, text, evidence, chosen.window)


def trainings_saved(served: int, trainings: tuple[int, ...], horizon: int) -> float:
    """Return how many trainings a model has saved up.

    Parameters
    ----------
    served : int
        Nights decided since the first champion, tonight's among them.
    trainings : tuple of int
        How many nights ago each later one was started.
    horizon : int
        A training is earned every so many nights.

    Examples
    --------
    >>> trainings_saved(1, (), 4), trainings_saved(2, (1,), 4), trainings_saved(30, (25,), 4)
    (1.0, 0.25, 3.0)
    """
    started = [served - ago for ago in trainings]
    saved = 1.0 - 1.0 / horizon
    for night in range(1, served + 1):
        saved = min(SAVED, saved + 1.0 / horizon)
        saved = max(0.0, saved - started.count(night)) if night < served else saved
    return saved


def _too_early(state: State, pairs: int) -> Answer:
    before = _BEFORE.answer(state)
    text = f"{pairs} of {_FEWEST} comparisons that auto needs, so {_BEFORE.text} still decides: {before.reason}"
    return Answer(before.retrain, text, before.evidence)


def _compared(chosen: Probe, gain: Weighed, share: float) -> str:
    what = "all history" if chosen.window == ALL else chosen.window
    partitions = f"{gain.partitions} labelled partition" + ("s" if gain.partitions > 1 else "")
    word = "lowers" if share >= 0 else "raises"
    return f"a fresh candidate on {what} {word} the champion's loss by {abs(share):.1%} on {partitions}"
