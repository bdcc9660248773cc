"""The rule that trains a cheap challenger each night: ``challenger(3%)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.rules.gain import gain_of, loss_level
from include.policy.state import Answer
from include.policy.windows import ALL

if TYPE_CHECKING:
    from include.policy.state import State


@dataclass(frozen=True)
class Challenger:
    """Retrain when a cheap challenger on all history beats the champion by a margin on the newest labelled partitions.

    Attributes
    ----------
    margin : float
        Share of the loss.
    """

    margin: float

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return f"challenger({100 * self.margin:g}%)"

    def windows(self, state: State) -> tuple[str, ...]:
        """Return all history, the only window it tries."""
        return (ALL,)

    def answer(self, state: State) -> Answer:
        """Return yes when gain > margin × usual loss."""
        probe = next((probe for probe in state.probes if probe.window == ALL and probe.pairs), None)
        gain = gain_of(probe.pairs) if probe else None
        if probe is None or gain is None:
            return Answer(False, "no challenger newer than the champion has met labelled rows yet")
        share = gain.mean / loss_level(probe)
        word = "lower" if share >= 0 else "higher"
        text = f"a challenger's loss is {abs(share):.1%} {word} than the champion's ({self.margin:.1%} is asked)"
        return Answer(
            share > self.margin, text, {"gain": gain.mean, "share": share}, ALL if share > self.margin else None
        )
