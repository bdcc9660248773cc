"""From the text of a rule to the rule: ``every(7)``, ``any_of(on_alarm, every(30))``."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import PolicyError
from include.policy.rules.alarm import OnAlarm
from include.policy.rules.auto import Auto
from include.policy.rules.challenger import Challenger
from include.policy.rules.combined import Combined
from include.policy.rules.fixed import Every, Never
from include.policy.rules.library import THRESHOLDS, AboveThreshold
from include.policy.rules.loss import KOfN, OnLoss
from include.policy.windows import ALL, usual_horizon, usual_windows
from include.report.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.config.model import PolicySettings
    from include.partitions import Grain
    from include.policy.rules.base import Rule

_TOKEN = re.compile(r"\s*([a-z_]+|[-+]?\d+(?:\.\d+)?%?|[(),])")
_DEPTH = 8


@dataclass(frozen=True)
class Limits:
    """What holds whatever the rule says.

    Attributes
    ----------
    cooldown : int
        Partitions after a training in which no other is started.
    budget_minutes_per_week : float or None
        CPU minutes of trainings and their gates in 7 days.
    min_new_labels : int
        Labels that must have matured since the champion's training cut.
    """

    cooldown: int = 0
    budget_minutes_per_week: float | None = None
    min_new_labels: int = 1


@dataclass(frozen=True)
class Tried:
    """What `auto` compares, and over which time.

    Attributes
    ----------
    windows : tuple of str
        All history among them (`include.policy.windows`).
    horizon : int
        Partitions that a new champion is expected to serve.
    own : str or None
        The window that the model's YAML names: `auto` then times trainings only, and leaves the window alone.
    """

    windows: tuple[str, ...] = usual_windows((), "day")
    horizon: int = usual_horizon("day")
    own: str | None = None


@dataclass(frozen=True)
class Policy:
    """A rule, the limits that hold it back, and what its cheap candidates try."""

    rule: Rule
    limits: Limits = Limits()
    tried: Tried = Tried()

    @property
    def text(self) -> str:
        """The rule as it is written in YAML."""
        return self.rule.text


class _Share(float):
    """A number that was written in per cent."""


@dataclass(frozen=True)
class _Shape:
    build: Callable[..., Rule]
    fewest: int
    most: int
    example: str

    @property
    def wanted(self) -> str:
        """What it takes, in words.

        Examples
        --------
        >>> [_Shape(Never, *bounds, "").wanted for bounds in ((0, 0), (1, 1), (0, 1), (2, 3))]
        ['no brackets', '1 number', 'at most 1 number', '2 to 3 numbers']
        """
        if not self.most:
            return "no brackets"
        if self.fewest == self.most:
            return plural(self.most, "number")
        return f"{self.fewest} to {self.most} numbers" if self.fewest else f"at most {plural(self.most, 'number')}"


def _every(n: float) -> Rule:
    return Every(_whole("every", n))


def _k_of_n(k: float, n: float, tolerance: float = 0.0) -> Rule:
    first, second = _whole("k_of_n", k), _whole("k_of_n", n)
    if not 0 <= tolerance < math.inf:
        found = f"a tolerance of {tolerance:g}"
        raise PolicyError.at("policy k_of_n", found, "a share of the loss, not negative", "write k_of_n(2, 5, 10%)")
    if first > second:
        raise PolicyError.at("policy k_of_n", f"k = {first} is more than n = {second}", "k of n", "write k_of_n(2, 5)")
    return KOfN(first, second, tolerance)


def _challenger(margin: float = 0.03) -> Rule:
    if not 0 <= margin < 1:
        found, do = (
            f"a margin of {margin:.0%}",
            f"write challenger({margin:g}%)" if margin >= 1 else "write challenger(3%)",
        )
        raise PolicyError.at("policy challenger", found, "a share of the loss from 0 to 1", do)
    return Challenger(margin)


def _on_loss(k: float = 3.0) -> Rule:
    if not 0 <= k < math.inf:
        raise PolicyError.at("policy on_loss", f"k = {k:g}", "standard errors, not negative", "write on_loss(3)")
    return OnLoss(k)


def _above(signal: str, default: float) -> Callable[..., Rule]:
    def build(threshold: float = default) -> Rule:
        if not 0 <= threshold < math.inf:
            found, do = f"a threshold of {threshold:g}", f"write {signal}({default:g})"
            raise PolicyError.at(f"policy {signal}", found, "a number, not negative", do)
        return AboveThreshold(signal, threshold)

    return build


_SHAPES: dict[str, _Shape] = {
    "never": _Shape(Never, 0, 0, "never"),
    "always": _Shape(lambda: Every(1), 0, 0, "always"),
    "every": _Shape(_every, 1, 1, "every(7)"),
    "on_alarm": _Shape(OnAlarm, 0, 0, "on_alarm"),
    "on_loss": _Shape(_on_loss, 0, 1, "on_loss(3)"),
    "k_of_n": _Shape(_k_of_n, 2, 3, "k_of_n(2, 5)"),
    "challenger": _Shape(_challenger, 0, 1, "challenger(3%)"),
    "auto": _Shape(Never, 0, 0, "auto"),  # built from what it tries, see `_built`
    **{name: _Shape(_above(name, value), 0, 1, f"{name}({value:g})") for name, value in THRESHOLDS.items()},
}
_COMBINED = ("all_of", "any_of")
RULES = (*_SHAPES, *_COMBINED)
"""Names of all rules."""


def parse(rule: str, limits: Limits | None = None, tried: Tried | None = None) -> Policy:
    """Return the policy that a text names.

    Parameters
    ----------
    rule : str
        Such as ``every(7)`` or ``any_of(on_alarm, every(30))``.
    limits : Limits, optional
        Cooldown, budget and new labels; none of them binding when left out.
    tried : Tried, optional
        Windows and horizon of `auto`; those usual for days when left out.

    Raises
    ------
    PolicyError
        When the text is no rule; says where, what was expected, and what was probably meant.

    Examples
    --------
    >>> parse("any_of( every( 7 ),on_loss(3))").text
    'any_of(every(7), on_loss(3))'
    """
    tokens = _tokens(rule)
    tried = tried or Tried()
    found, rest = _rule(rule, tokens, 0, tried)
    if rest:
        raise PolicyError.at(f"policy {rule!r}", f"{' '.join(rest)!r} follows the rule", "one rule", _advice())
    return Policy(found, limits or Limits(), tried)


def policy_of(settings: PolicySettings, grain: Grain = "day", delay: int = 0, own: str | None = None) -> Policy:
    """Return the policy of a model's YAML.

    Parameters
    ----------
    settings : PolicySettings
    grain : str
        Of the model's partitions: it decides what `auto` tries where the YAML names no windows.
    delay : int
        Partitions until labels are known.
    own : str, optional
        The window that the YAML names for trainings.
    """
    limits = Limits(settings.cooldown, settings.budget_minutes_per_week, settings.min_new_labels)
    windows = tuple(dict.fromkeys((ALL, own))) if own else usual_windows(settings.windows, grain, delay)
    tried = Tried(windows, settings.horizon or usual_horizon(grain), own)
    return parse(settings.rule, limits, tried)


def backtest_only(rule: str) -> tuple[str, ...]:
    """Return the names in a rule that a night cannot answer: those of libraries, whose signals only a backtest computes.

    Examples
    --------
    >>> backtest_only("any_of(psi(0.2), every(30))")
    ('psi',)
    """
    return tuple(dict.fromkeys(token for token in _tokens(rule) if token in THRESHOLDS))


def _advice() -> str:
    shown = [shape.example for name, shape in _SHAPES.items() if name not in THRESHOLDS]
    return "write one of " + ", ".join(shown) + ", all_of(…), any_of(…)"


def _tokens(rule: str) -> list[str]:
    found, place = [], 0
    while place < len(rule.rstrip()):
        match = _TOKEN.match(rule, place)
        if not match:
            raise PolicyError.at(f"policy {rule!r}", f"cannot read {rule[place:].strip()!r}", "a rule", _advice())
        found.append(match[1])
        place = match.end()
    return found


def _rule(text: str, tokens: list[str], depth: int, tried: Tried) -> tuple[Rule, list[str]]:
    if not tokens or tokens[0] not in RULES or depth > _DEPTH:
        raise _unknown(text, tokens[0] if tokens else "", depth)
    name, rest = tokens[0], tokens[1:]
    arguments: list[Rule | float] = []
    if rest[:1] == ["("]:
        arguments, rest = _arguments(text, rest[1:], depth, tried)
    return _built(text, name, arguments, tried), rest


def _unknown(text: str, word: str, depth: int) -> PolicyError:
    if depth > _DEPTH:
        return PolicyError.at(f"policy {text[:60]!r}…", f"rules nested {depth} deep", f"at most {_DEPTH}", _advice())
    close = difflib.get_close_matches(word, RULES, n=1)
    do = f"did you mean {close[0]!r}? Else {_advice()}" if close else _advice()
    return PolicyError.at(f"policy {text!r}", f"{word!r} is not a rule" if word else "is empty", "a rule", do)


def _arguments(text: str, tokens: list[str], depth: int, tried: Tried) -> tuple[list[Rule | float], list[str]]:
    found: list[Rule | float] = []
    rest = tokens
    while rest and rest[0] != ")":
        number = _number(rest[0])
        if number is None:
            rule, rest = _rule(text, rest, depth + 1, tried)
            found.append(rule)
        else:
            found.append(number)
            rest = rest[1:]
        if rest[:1] == [","]:
            rest = rest[1:]
        elif rest[:1] != [")"]:
            break
    if not rest:
        raise PolicyError.at(f"policy {text!r}", "a bracket is not closed", "a ')' at its end", _advice())
    if rest[0] != ")":
        raise PolicyError.at(f"policy {text!r}", f"{rest[0]!r} follows an argument", "',' or ')'", _advice())
    return found, rest[1:]


def _built(text: str, name: str, arguments: Sequence[Rule | float], tried: Tried) -> Rule:
    if name in _COMBINED:
        rules = tuple(item for item in arguments if not isinstance(item, float))
        if len(rules) < 2 or len(rules) < len(arguments):
            found = "a number among its rules" if len(rules) < len(arguments) else _counted(len(rules), "rule")
            raise PolicyError.at(f"policy {text!r}", f"{name} has {found}", "at least two rules", _advice())
        return Combined("all_of" if name == "all_of" else "any_of", rules)
    shape = _SHAPES[name]
    if not shape.fewest <= len(arguments) <= shape.most or not all(isinstance(item, float) for item in arguments):
        nested = any(not isinstance(item, float) for item in arguments)
        found = "a rule among its arguments" if nested else _counted(len(arguments), "argument")
        raise PolicyError.at(f"policy {text!r}", f"{name} has {found}", shape.wanted, f"write {shape.example}")
    return Auto(tried.windows, tried.horizon, tried.own) if name == "auto" else shape.build(*arguments)


def _counted(amount: int, noun: str) -> str:
    return plural(amount, noun) if amount else f"no {noun}s"


def _number(token: str) -> float | None:
    try:
        return _Share(float(token[:-1]) / 100) if token.endswith("%") else float(token)
    except ValueError:
        return None


def _whole(name: str, value: float) -> int:
    if isinstance(value, _Share) or not math.isfinite(value) or value != int(value) or value < 1:
        found = f"{value:.0%}" if isinstance(value, _Share) else f"{value:g}"
        raise PolicyError.at(f"policy {name}", f"{found} is not a count", "a whole number from 1", f"write {name}(7)")
    return int(value)
