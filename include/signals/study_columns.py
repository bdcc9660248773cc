"""Which columns of two sides are compared, as what, and why the others are not."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import pyarrow as pa

from include.signals.columns import Kind
from include.signals.errors import SignalError
from include.signals.reading import Side

_MOST_NAMED = 5


def compared_kinds(
    before: Side, after: Side, by: str | None, columns: Sequence[str] | None, forced: frozenset[str]
) -> tuple[dict[str, Kind], dict[str, str]]:
    """Return the columns to compare with their kinds, and those left out with the reason.

    Parameters
    ----------
    before, after : Side
    by : str or None
        The column whose values split the rows: not compared unless named.
    columns : sequence of str or None
        Columns to compare; None: all of `before` that both sides have and that can be compared.
    forced : set of str
        Columns to compare as categories whatever their type.

    Raises
    ------
    SignalError
        When a column is missing or of another kind, or none is left.
    """
    ignored: dict[str, str] = {name: "not in the reference" for name in after.kinds if name not in before.kinds}
    kinds: dict[str, Kind] = {}
    for name in before.kinds if columns is None else columns:
        if columns is None and name == by:
            continue
        if columns is None and name not in after.kinds and not _near(after, name):
            ignored[name] = f"missing in {after.path}: it cannot be told"
            continue
        kind = _kind(before, after, name, forced)
        if columns is None and before.is_clock(name):
            ignored[name] = "a clock moves on by itself; name it among the columns to compare it"
        elif kind is not None:
            kinds[name] = kind
        elif columns is None:
            ignored[name] = "its type cannot be compared"
        else:
            raise SignalError.at(
                f"{before.path}, column {name}", "its type cannot be compared", "numbers, times, texts", "leave it out"
            )
    wrong = [name for name in kinds if name not in forced and _differs(before, after, name)]
    if wrong:
        raise _mistyped(before, after, wrong)
    for name in sorted(forced - set(kinds)):
        raise _missing(before, name)
    if not kinds:
        raise SignalError.at(str(before.path), "no column that can be compared", "at least one", "check the file")
    return kinds, ignored


def _kind(before: Side, after: Side, name: str, forced: frozenset[str]) -> Kind | None:
    for side in (before, after):
        if name not in side.kinds:
            raise _missing(side, name)
    left, right = before.kinds[name], after.kinds[name]
    if left is not None and name in forced:
        return "categorical"
    if before.is_null(name):
        return right
    return left


def _differs(before: Side, after: Side, name: str) -> bool:
    """Return whether the two sides hold a column as different kinds; one without values is of none."""
    return after.kinds[name] != before.kinds[name] and not before.is_null(name) and not after.is_null(name)


def _mistyped(before: Side, after: Side, names: Sequence[str]) -> SignalError:
    """Return the error that names the columns of another kind, each with both types."""
    if len(names) == 1:
        return SignalError.at(
            f"{after.path}, column {names[0]}",
            f"{after.kinds[names[0]] or 'other'} values ({_type(after, names[0])})",
            f"{before.kinds[names[0]]} ones ({_type(before, names[0])}), as in {before.path}",
            "cast one of them, or compare the column as categories",
        )
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    told = [f"{name} ({_type(after, name)} instead of {_type(before, name)})" for name in names[:_MOST_NAMED]]
    return SignalError.at(
        str(after.path),
        f"{len(names)} columns hold values of another kind: {', '.join([*told, *more])}",
        f"the kinds of {before.path}",
        "cast the columns of one side, or compare them as categories",
    )


def _type(side: Side, name: str) -> pa.DataType:
    return side.parts[0].schema.field(name).type


def _near(side: Side, name: str) -> list[str]:
    return difflib.get_close_matches(name, list(side.kinds), n=1)


def _missing(side: Side, name: str) -> SignalError:
    near = _near(side, name)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return SignalError.at(
        f"{side.path}, column {name}",
        f"it is missing{hint}",
        f"one of: {', '.join(side.kinds)}",
        "restore or rename it, or name the columns to compare",
    )
