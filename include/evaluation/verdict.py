"""What the gate says: parts, each with its numbers, and one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Verdict = Literal["pass", "fail", "wait"]
Finding = Literal["pass", "fail", "wait", "cannot_tell", "unset"]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the gate looked at, what it found and by which numbers."""

    name: str
    finding: Finding
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain types; numbers that are not finite are null."""
        return {"name": self.name, "finding": self.finding, "reason": self.reason, "numbers": plain(self.numbers)}


@dataclass(frozen=True, slots=True)
class GateReport:
    """The verdict on a candidate with everything that it rests on.

    `gain`, `low`, `high` are per row in the metric's unit, positive is better; `nights` counts labelled nights;
    `nights_needed` further ones would settle a `wait` at today's effect (None: unknown, or no number of them would), and it
    ends after `nights_left` further ones, settled or not.
    `ask_person` is true where the parts contradict each other and somebody should look.
    """

    verdict: Verdict
    reason: str
    mode: str
    metric: str
    nights: int
    gain: float | None
    low: float | None
    high: float | None
    nights_needed: int | None
    nights_left: int | None
    error_per_candidate: float
    error_per_year: float | None
    ask_person: bool
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part:
        """Return the part of that name."""
        return next(part for part in self.parts if part.name == name)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain types."""
        fields = {name: plain(getattr(self, name)) for name in self.__slots__ if name != "parts"}
        return {**fields, "parts": [part.as_json() for part in self.parts]}


def unset(name: str, why: str = "the model's gate does not ask for it") -> Part:
    """Return the part that says that nothing was judged, and why: neither passed nor failed."""
    return Part(name, "unset", f"not judged: {why}")


def plain(value: Any) -> Any:
    """Return a value as JSON's own types: arrays as lists, what is not finite as null.

    >>> plain({"a": np.float64(1.0), "b": float("inf"), "c": (np.int64(2), True)})
    {'a': 1.0, 'b': None, 'c': [2, True]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def first_names(names: Sequence[str], most: int = 3, between: str = "; ") -> str:
    """Return the first of some names, and how many more there are.

    Examples
    --------
    >>> first_names(["a", "b"]), first_names(["a", "b", "c", "d", "e"])
    ('a; b', 'a; b; c and 2 more')
    """
    rest = len(names) - most
    return between.join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
