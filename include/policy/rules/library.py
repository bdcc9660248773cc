"""Rules as monitoring libraries ship them, to compare with: ``psi(0.2)``, ``drift_share(0.5)``, ``adwin``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.rules.base import Cheap
from include.policy.state import Answer

if TYPE_CHECKING:
    from include.policy.state import State

SIGNALS = {
    "psi": "the largest PSI of a feature against the training window",
    "drift_share": "the share of features that a library's default test calls drifted",
    "adwin": "the number of cuts that ADWIN made in the champion's loss",
}
THRESHOLDS = {"psi": 0.2, "drift_share": 0.5, "adwin": 0.0}
"""Defaults: the customary PSI limit, Evidently's share, any cut of ADWIN at its default delta 0.002."""


@dataclass(frozen=True)
class AboveThreshold(Cheap):
    """Retrain when a named signal of tonight's partition is above a fixed threshold."""

    signal: str
    threshold: float

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return f"{self.signal}({self.threshold:g})" if self.threshold else self.signal

    def answer(self, state: State) -> Answer:
        """Return yes when the signal is known and above the threshold."""
        value = state.signals.get(self.signal)
        what = SIGNALS[self.signal]
        if value is None:
            return Answer(False, f"{what} is not known tonight")
        text = f"{what} is {value:.3g} (threshold {self.threshold:g})"
        return Answer(value > self.threshold, text, {self.signal: value, "threshold": self.threshold})
