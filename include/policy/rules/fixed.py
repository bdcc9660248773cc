"""Rules that look at the calendar only: ``never`` and ``every(n)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.policy.rules.base import Cheap
from include.policy.state import Answer

if TYPE_CHECKING:
    from include.policy.state import State


@dataclass(frozen=True)
class Never(Cheap):
    """Keep the champion."""

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return "never"

    def answer(self, state: State) -> Answer:
        """Return no, always."""
        return Answer(False, "the policy is never to retrain")


@dataclass(frozen=True)
class Every(Cheap):
    """Retrain every `n` partitions, counted from the last training."""

    n: int

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return f"every({self.n})"

    def answer(self, state: State) -> Answer:
        """Return yes when at least `n` partitions have passed.

        Examples
        --------
        >>> from include.policy.state import State
        >>> Every(7).answer(State("m", "2013-03-08", champion="1", since_training=6)).reason
        '6 of 7 partitions have passed since the last training'
        >>> Every(1).answer(State("m", "2013-03-08", champion="1", since_training=8)).reason
        '8 partitions have passed since the last training (every 1)'
        """
        passed = state.clock
        if passed is None:
            return Answer(True, "nothing has been trained yet", {"n": self.n})
        return Answer(passed >= self.n, _since(passed, self.n), {"passed": passed, "n": self.n})


def _since(passed: int, n: int) -> str:
    if passed > n:  # no night could train in time
        return f"{passed} partitions have passed since the last training (every {n})"
    return f"{passed} of {n} partition{' has' if n == 1 else 's have'} passed since the last training"
