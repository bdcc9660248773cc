"""How numbers and states read on pages, in tables and in messages."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NOTHING = "–"
_STATES = {
    "pass": ("good", "pass"),
    "warn": ("fair", "warn"),
    "block": ("bad", "block"),
    "cannot_tell": ("fair", "cannot tell"),
    "missing": ("bad", "missing"),
    "late": ("fair", "late"),
    "fail": ("bad", "fail"),
    "wait": ("fair", "wait"),
    "unset": ("plain", "not set"),
    "retrain": ("good", "retrain"),
    "hold": ("plain", "hold"),
    "blocked": ("bad", "blocked"),
    "done": ("good", "done"),
    "success": ("good", "done"),
    "failed": ("bad", "failed"),
    "skipped": ("plain", "skipped"),
    "running": ("fair", "running"),
    "promoted": ("good", "promoted"),
    "alarm": ("bad", "alarm"),
    "notice": ("fair", "notice"),
}


def tone(state: str | None) -> str:
    """Return how a state is coloured: ``good``, ``fair``, ``bad`` or ``plain`` (always beside its word)."""
    return _STATES.get(state or "", ("plain", ""))[0]


def word(state: str | None) -> str:
    """Return how a state or another single name reads; – for none.

    Examples
    --------
    >>> word("cannot_tell"), word("slice dep_hour=7"), word(None)
    ('cannot tell', 'slice dep_hour=7', '–')
    """
    if not state:
        return NOTHING
    plain = state.replace("_", " ") if state.replace("_", "").isalnum() else state
    return _STATES.get(state, ("", plain))[1]


def count(value: float | None) -> str:
    """Return a whole number with separators.

    Examples
    --------
    >>> count(336776), count(None)
    ('336,776', '–')
    """
    return NOTHING if value is None or not math.isfinite(value) else f"{value:,.0f}"


def number(value: float | None, digits: int = 4) -> str:
    """Return a number to compare in a column: four decimals below 1, so many significant digits above; – for none.

    Examples
    --------
    >>> number(0.431871), number(0.022), number(12345.6), number(-0.00001234), number(float("nan"))
    ('0.4319', '0.0220', '12,346', '−0.000012', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e12 or size < 1e-9:
        text = f"{size:.{digits - 1}e}"
    elif size >= 1:
        text = f"{size:,.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
    else:
        text = f"{size:.{max(digits, 1 - math.floor(math.log10(size)))}f}"
    return f"−{text}" if value < 0 else text


def short(value: float | None, digits: int = 4) -> str:
    """Return a number as it reads in a sentence, without trailing zeros.

    Examples
    --------
    >>> short(24.0), short(0.0220), short(95.0), short(1234.5), short(None)
    ('24', '0.022', '95', '1,234', '–')
    """
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """Return an interval in words; empty when either end is unknown.

    Examples
    --------
    >>> interval(0.41, 0.45)
    '0.4100 to 0.4500'
    """
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{number(low, digits)} to {number(high, digits)}"


def with_interval(value: float | None, low: float | None, high: float | None, digits: int = 4) -> str:
    """Return a number with its interval in brackets, where there is one."""
    between = interval(low, high, digits)
    return f"{number(value, digits)} ({between})" if between else number(value, digits)


def seconds(value: float | None) -> str:
    """Return a duration.

    Examples
    --------
    >>> seconds(0.001), seconds(0.05), seconds(7.26), seconds(75), seconds(7300), seconds(None)
    ('< 0.01 s', '0.05 s', '7.3 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if 0 < value < 0.005:
        return "< 0.01 s"
    if value < 60:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def day(partition: str) -> str:
    """Return a partition's key as people say it; other keys come back as they are.

    Examples
    --------
    >>> day("2013-03-08"), day("2013-03-08T05Z"), day("2013")
    ('Friday 8 March 2013', 'Friday 8 March 2013, 05:00 UTC', '2013')
    """
    try:
        found = date.fromisoformat(partition[:10])
    except ValueError:
        return partition
    text = f"{found:%A} {found.day} {found:%B %Y}"
    if len(partition) == len("2013-03-08T05Z") and partition.endswith("Z"):
        return f"{text}, {partition[11:13]}:00 UTC"
    return text if len(partition) == len("2013-03-08") else partition


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return names as a list in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed([str(i) for i in range(9)], most=3)
    ('a', 'a, b and c', '0, 1, 2 and 6 more')
    """
    shown = list(names[:most])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def plural(amount: int, noun: str) -> str:
    """Return an amount and its noun.

    Examples
    --------
    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def ended(text: str) -> str:
    """Return a text as a sentence; a command at its end stays as it is."""
    clean = text.strip()
    return clean if not clean or clean[-1] in ".!?`" else f"{clean}."


def sentence(text: str, names: Collection[str] = ()) -> str:
    """Return a text that begins with a capital, unless with one of the names, and ends with a full stop.

    Examples
    --------
    >>> sentence("the loss rose"), sentence(""), sentence("flights: blocked", {"flights"})
    ('The loss rose.', '', 'flights: blocked.')
    """
    clean = ended(text)
    first = clean.replace(":", " ").split(" ", 1)[0]
    return clean if first in names else clean[:1].upper() + clean[1:]
