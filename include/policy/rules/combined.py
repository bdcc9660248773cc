"""Rules of rules: ``all_of(…)`` and ``any_of(…)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.policy.state import Answer

if TYPE_CHECKING:
    from include.policy.rules.base import Rule
    from include.policy.state import State


@dataclass(frozen=True)
class Combined:
    """Retrain when all, or any, of the rules say so."""

    kind: Literal["all_of", "any_of"]
    rules: tuple[Rule, ...]

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return f"{self.kind}({', '.join(rule.text for rule in self.rules)})"

    def windows(self, state: State) -> tuple[str, ...]:
        """Return the windows that any of the rules wants, each once."""
        return tuple(dict.fromkeys(window for rule in self.rules for window in rule.windows(state)))

    def answer(self, state: State) -> Answer:
        """Return the joint answer; the reason quotes the rules that decided it."""
        answers = [rule.answer(state) for rule in self.rules]
        said_yes = [answer.retrain for answer in answers]
        retrain = all(said_yes) if self.kind == "all_of" else any(said_yes)
        quoted = [
            f"{rule.text}: {answer.reason}"
            for rule, answer in zip(self.rules, answers, strict=True)
            if answer.retrain == retrain
        ]
        evidence = {rule.text: answer.evidence for rule, answer in zip(self.rules, answers, strict=True)}
        window = next((answer.window for answer in answers if answer.window), None) if retrain else None
        return Answer(retrain, "; ".join(quoted), evidence, window)
