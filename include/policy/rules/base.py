"""What every rule is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from include.policy.state import Answer, State


class Rule(Protocol):
    """A pure function of the state, with a text form that parses back to it."""

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        ...

    def windows(self, state: State) -> tuple[str, ...]:
        """Return the windows of the cheap candidates it wants to see tonight (none: it can answer without)."""
        ...

    def answer(self, state: State) -> Answer:
        """Return whether to retrain, and why."""
        ...


class Cheap:
    """A rule that never asks for cheap candidates."""

    def windows(self, state: State) -> tuple[str, ...]:
        """Return no windows."""
        return ()
