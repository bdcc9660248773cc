"""Where two decisions differ: in what they say and by which numbers, never in the words they say it with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.policy.state import Decision

_TOLERANCE = 1e-9
ADDED_LATER = ("evidence.held",)
"""Numbers that decisions of before have only in their reason: nothing is compared with them there."""
Found = tuple[str, Any, Any]


def first_difference(recorded: Decision, again: Decision) -> Found | None:
    """Return what differs first, as it was recorded and as it is now; None where both are the same decision.

    Parameters
    ----------
    recorded, again : Decision
        Verdict, rule, window and every number of the evidence count; the reason does not: it is rewritten from them.

    Examples
    --------
    >>> from include.policy.state import Decision
    >>> old = Decision("hold", "6 of 7 nights have passed", "every(7)", {"passed": 6, "n": 7})
    >>> first_difference(old, Decision("hold", "6 of 7 partitions have passed", "every(7)", {"passed": 6, "n": 7}))
    >>> first_difference(old, Decision("hold", "6 of 7 nights have passed", "every(7)", {"passed": 5, "n": 7}))
    ('evidence.passed', 6, 5)
    """
    for name in ("verdict", "rule", "window", "evidence"):
        found = next(differences(name, getattr(recorded, name), getattr(again, name)), None)
        if found is not None:
            return found
    return None


def differences(name: str, one: Any, other: Any) -> Iterator[Found]:
    """Yield every place in which two JSON values differ; numbers by more than a billionth of them."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            inner = f"{name}.{key}"
            if key in one or inner not in ADDED_LATER:
                yield from differences(inner, one.get(key), other.get(key))
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(f"{name}[{place}]", *pair)
    elif not _same(one, other):
        yield name, one, other


def _same(one: Any, other: Any) -> bool:
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)]
    if all(numbers):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-300) or one == other
    return type(one) is type(other) and one == other
