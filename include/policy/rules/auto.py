"""The rule that asks "would retraining help?" before a training is paid for: ``auto``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.policy.rules.fixed import Every
from include.policy.rules.gain import best_window, loss_level, regret_of
from include.policy.state import Answer
from include.policy.windows import ALL, step_of

if TYPE_CHECKING:
    from include.policy.rules.gain import Regret
    from include.policy.state import Probe, State

EARN = 0.01
"""Share of the loss by which a fresh candidate must be better on average: less is not worth a training, however sure."""
SURE = 2.0
"""Standard errors (over rows) by which the regret must be above zero, unless candidates of the model are shown to age."""
AGES = 3.0
"""Standard errors by which ageing must be above zero over a longer past to be shown; many nights ask."""
PATIENCE = 1 / 3
"""Share of what a candidate of usual ageing costs within the horizon at which a training is bought."""
FIRST = 2.0
"""Trainings that a model has to begin with: while it has seen little, more rows help most."""
SAVED = 3.0
"""Trainings that may be saved up in quiet times."""
_FEWEST = 3
_BEFORE = Every(7)


@dataclass(frozen=True)
class Auto:
    """Retrain when keeping the champion has cost as much as a training is worth, on the window that has been right.

    Attributes
    ----------
    tried : tuple of str
        Windows it compares, all history among them.
    horizon : int
        Partitions that a new champion is expected to serve.
    own : str or None
        The only window that may be trained, where the model names one.

    Notes
    -----
    Cheap candidates of each window are judged on the partitions that follow them, fresh and when they are older. The window is
    all history unless another has been better, by two standard errors, with experience that fades by a tenth with every
    candidate. On each stretch since the champion's cut, what a training on this window would have brought instead is
    compared with the champion's cheap twin. The largest sum of these gains over the newest stretches is the *regret*. A
    training is started when

    - the regret is 1 % of the loss a stretch on average, and above zero by two standard errors over rows, else it may be the
      luck of the draw. Candidates that are shown to age (by three standard errors over the newest year of weeks) need not prove
      it each time anew,
    - a training has been earned: one every `horizon` partitions, of which three may be saved up,
    - the regret has reached the price, `PATIENCE` · r · h² / 2, with r the usual ageing (extra loss a stretch) and h the
      horizon in stretches: r · h² / 2 is what a candidate that ages as usual costs within the horizon.

    It is the rule of renting until the rent paid equals the price, which costs at most twice what the best choice in
    hindsight would have; and where losses grow steadily with age, it is the economic order quantity. A price in units of the
    model's own ageing needs no setting. With fewer than three comparisons the rule is ``every(7)``.

    References
    ----------
    Karlin, Manasse, Rudolph, Sleator, *Competitive snoopy caching*, Algorithmica 3, 1988 (renting or buying).
    """

    tried: tuple[str, ...]
    horizon: int
    own: str | None = None

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return "auto"

    def windows(self, state: State) -> tuple[str, ...]:
        """Return the windows it compares."""
        return self.tried

    def answer(self, state: State) -> Answer:
        """Return whether the regret has reached the price, with what was compared."""
        base = next((probe for probe in state.probes if probe.window == ALL), None)
        if base is None or len(base.pairs) < _FEWEST:
            return _too_early(state, len(base.pairs) if base else 0)
        chosen, edges = best_window(state.probes)
        if self.own is not None:
            chosen, edges = next(probe for probe in state.probes if probe.window == self.own), {}
        regret = regret_of(chosen.pairs)
        evidence: dict[str, Any] = {"window": chosen.window, "edges": edges, "horizon": self.horizon}
        if regret is None:
            text = "no candidate that has learned more than the champion has met labels yet"
            return Answer(False, f"{text} ({_best_of(chosen, edges)})", evidence)
        return self._weigh(state, chosen, regret, loss_level(base) or 1.0, evidence)

    def _weigh(self, state: State, chosen: Probe, regret: Regret, level: float, evidence: dict[str, Any]) -> Answer:
        saved = trainings_saved(state.served, state.trainings, self.horizon)
        price, share = self._price(chosen), regret.mean / level
        evidence |= {
            "gain": regret.mean,
            "share": share,
            "cost_share": EARN,
            "regret": regret.total,
            "regret_error": regret.error,
            "stretches": regret.stretches,
            "price": price,
            "ageing": chosen.ageing,
            "long_ageing": chosen.long_ageing,
            "long_ageing_error": chosen.long_ageing_error,
            "trainings_saved": saved,
        }
        compared = f"{_best_of(chosen, evidence['edges'])}; a fresh candidate {_said(share, regret)}"
        if share <= EARN:
            return Answer(False, f"{compared}, and {EARN:.0%} must be earned", evidence)
        if regret.total <= SURE * regret.error:
            error = f"a standard error is {regret.error / regret.total:.0%} of that"
            if chosen.long_ageing <= AGES * chosen.long_ageing_error:
                return Answer(False, f"{compared}, which may be chance ({error})", evidence)
            compared += f" ({error}, but older candidates are shown to lose more)"
        if saved < 1:
            text = f"{compared}, but a training is earned every {self.horizon} partitions only ({saved:.2g} saved)"
            return Answer(False, text, evidence)
        worth = f"{regret.total / level:.1%} of a stretch's loss, where a training is worth {price / level:.1%}"
        if regret.total < price:
            return Answer(False, f"{compared}: so far {worth}", evidence)
        return Answer(True, f"{compared}: {worth}", evidence, None if self.own else chosen.window)

    def _price(self, chosen: Probe) -> float:
        stretches = self.horizon / step_of(self.tried)
        return PATIENCE * max(0.0, chosen.ageing) * stretches**2 / 2


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
    (2.0, 1.25, 3.0)
    """
    started = [served - ago for ago in trainings]
    saved = FIRST - 1.0 / horizon
    for night in range(1, served + 1):
        saved = min(SAVED, saved + 1.0 / horizon)
        saved = max(0.0, saved - started.count(night)) if night < served else saved
    return round(saved, 9)  # seven sevenths are one


def _too_early(state: State, pairs: int) -> Answer:
    before = _BEFORE.answer(state)
    text = f"{pairs} of {_FEWEST} comparisons that auto needs, so {_BEFORE.text} still decides: {before.reason}"
    return Answer(before.retrain, text, before.evidence)


def _best_of(chosen: Probe, edges: dict[str, float]) -> str:
    what = "all history" if chosen.window == ALL else chosen.window
    return f"of {len(edges) + 1} windows {what} has been best" if edges else f"on {what}"


def _said(share: float, regret: Regret) -> str:
    word = "lowers" if share >= 0 else "raises"
    count = f"{regret.stretches:.2g}"
    return f"{word} the champion's loss by {abs(share):.1%} over {count} stretch" + ("es" if count != "1" else "")
