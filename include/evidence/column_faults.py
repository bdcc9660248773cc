"""Faults that show in one column: units, nulls, constants, categories, a leaked label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evidence.chance import chance_of
from include.evidence.diagnosis import Diagnosis
from include.evidence.summary import ColumnSummary
from include.evidence.units import unit_of

Floats = NDArray[np.float64]

History = Sequence[ColumnSummary]
Strengths = Mapping[tuple[str, str], float]
"""How well columns tell the label, by column and class; no class where there are not several."""

_FEWEST_VALUES = 20
_NULL_JUMP = 0.05
# Where gaps are usual (cancelled flights without an aircraft), the world doubles their odds by itself.
_NULL_ODDS = 3.0
# Three gaps in the 25 rows of a Sunday are chance; so many columns and nights are looked at that it must be a rare one.
_CHANCE = 1e-6
_HARDLY_VARIES = 0.98
_NEARLY_CONSTANT = 0.9
_RARE = 0.005
_OUTLYING_SHARE = 0.1
_REPEATED_SHARE = 0.3
_LEAK = 0.9
# Of two classes, what is computed from the label ranks all but perfectly (0.999 in every case of benchmarks/diagnosis.py);
# an area below 0.98 under the ROC curve is within what the world may bring.
_LEAK_OF_A_CLASS = 0.96
_LEAP = 0.2
_NEW_SHARE = 0.1
# A column whose calm nights bring this much that is new grows by itself; then only a flood of new values is a fault.
_GROWING = 0.005
_FLOOD = 0.6
_EXPECTED_ROWS = 25
_FEWEST_REPLACED = 5


def column_faults(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    """Yield what is wrong with one column, given the same column on calm nights."""
    yield from _null_burst(name, tonight, history)
    if _known(tonight) < _FEWEST_VALUES:
        return
    constant = list(_constant(name, tonight, history))
    yield from constant
    if constant:
        return
    if tonight.numeric:
        yield from _unit_change(name, tonight, history)
    else:
        yield from _categories(name, tonight, history)
    yield from _leak(name, tonight, history)


def _null_burst(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    shares = np.array([night.null_share for night in history])
    # One calm partition may have had a gap; the ninth decile is not moved by it.
    usual, most = float(np.median(shares)), float(np.quantile(shares, 0.9))
    likelier = tonight.null_share * (1.0 - most) >= _NULL_ODDS * most * (1.0 - tonight.null_share)
    jumped = tonight.null_share - most >= max(_NULL_JUMP, 3.0 * (most - usual))
    rows = [night.sampled for night in history]
    if jumped and likelier and chance_of(tonight.null_share, tonight.sampled, shares, rows) <= _CHANCE:
        infinite = f" or infinite ({tonight.infinite_share:.0%} is)" if tonight.infinite_share else ""
        sentence = f"{tonight.null_share:.0%} of {name} is null{infinite}, where hardly ever more than {most:.1%} was."
        evidence = {"null_share": tonight.null_share, "most_before": most}
        if infinite:
            evidence["infinite_share"] = tonight.infinite_share
        yield Diagnosis("null burst", name, evidence, sentence, True)


def _known(night: ColumnSummary) -> int:
    """Return how many of the rows looked at have a value."""
    return round((1.0 - night.null_share) * night.sampled)


def _constant(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    value, share = max(tonight.shares.items(), key=lambda item: item[1])
    before = _most_before(value, history)
    fewest = min(night.distinct for night in history)
    commonest = float(np.quantile([max(night.shares.values(), default=0.0) for night in history], 0.9))
    usual = max(before, commonest)
    if tonight.distinct == 1 and fewest > 1 and usual < _NEARLY_CONSTANT and usual ** _known(tonight) <= _CHANCE:
        sentence = f"{name} is {value!r} in every row, where it had at least {fewest} different values."
        yield Diagnosis("constant column", name, {"share": 1.0, "share_before": before}, sentence, True)
        return
    found = _placeholder(tonight, history) if tonight.numeric else None
    if found is not None:
        value, share, before = found
        sentence = f"{share:.0%} of {name} is {value:g}, where at most {before:.1%} was: a placeholder, or stuck?"
        yield Diagnosis("constant column", name, {"share": share, "share_before": before}, sentence, True)


def _most_before(value: Any, history: History) -> float:
    return max(night.shares.get(value, 0.0) for night in history)


def _placeholder(tonight: ColumnSummary, history: History) -> tuple[float, float, float] | None:
    """Return a value that is far too common, its share and the most before.

    Notes
    -----
    Far beyond all usual values a tenth of the rows is enough; among them it takes three tenths more than any value ever
    had. A column that hardly varies within a night (a week's number) says nothing.
    """
    table = np.array([night.quantiles for night in history if np.isfinite(night.quantiles).all()])
    commonest = [max(night.shares.values(), default=0.0) for night in history]
    if not table.size or np.median(commonest) > _HARDLY_VARIES:
        return None
    low, high = float(table[:, 0].min()), float(table[:, -1].max())
    for value, share in tonight.shares.items():
        if share < _OUTLYING_SHARE:
            continue
        before = _most_before(value, history)
        outlying = before < _RARE and not 2 * low - high <= value <= 2 * high - low
        usual = before if outlying else max(before, *commonest)
        least = _OUTLYING_SHARE if outlying else usual + _REPEATED_SHARE
        if (
            share >= least
            and chance_of(share, _known(tonight), np.array([usual]), [sum(map(_known, history))]) <= _CHANCE
        ):
            return value, share, before
    return None


def _unit_change(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    found = unit_of(tonight, history)
    if found is not None:
        offset = f" + {found.offset:.4g}" if found.offset else ""
        sentence = f"{name} looks like {found.slope:.6g} times its usual values{offset}: another unit ({found.name})?"
        yield Diagnosis("unit change", name, {"ratio": found.slope, "offset": found.offset}, sentence, True)


def _categories(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    known = set().union(*(night.shares for night in history))
    if max(night.distinct for night in history) > len(next(iter(history)).shares) >= 500:
        return  # a column of identifiers: categories come and go every night
    new = {category: share for category, share in tonight.shares.items() if category not in known}
    gone = _vanished(tonight, history)
    evidence = {"new_share": sum(new.values()), "vanished_share": sum(gone.values())}
    pairs = _renamed(tonight, new, gone, history)
    if pairs or evidence["new_share"] >= 0.9:
        told = ", ".join(f"{old!r} to {fresh!r}" for old, fresh in pairs[:3]) or f"{evidence['new_share']:.0%} is new"
        yield Diagnosis("renamed category", name, evidence, f"Categories of {name} look renamed: {told}.", True)
    elif gone:
        told = ", ".join(repr(category) for category in list(gone)[:3])
        sentence = f"{told} vanished from {name}; until now it was there every time ({evidence['vanished_share']:.1%})."
        yield Diagnosis("vanished category", name, evidence, sentence, True)
    elif new:
        told = ", ".join(repr(category) for category in list(new)[:3])
        sentence = f"{told} is new in {name}, {evidence['new_share']:.1%} of its rows."
        yield Diagnosis("new category", name, evidence, sentence, _is_flood(evidence["new_share"], tonight, history))


def _is_flood(share: float, tonight: ColumnSummary, history: History) -> bool:
    """Tell whether so much that is new is more than the column brings by itself, and more than chance among few rows."""
    shares, rows = _novelties(history)
    limit = _FLOOD if float(np.median(shares)) > _GROWING else _NEW_SHARE
    return share >= limit and chance_of(share, _known(tonight), shares, rows) <= _CHANCE


def _novelties(history: History) -> tuple[Floats, list[int]]:
    """Return the shares of values that each of the later half of the calm nights brought for the first time, and rows."""
    known, shares, rows = set[Any](), [], []
    for place, night in enumerate(history):
        if place >= len(history) // 2:
            shares.append(sum(share for category, share in night.shares.items() if category not in known))
            rows.append(_known(night))
        known.update(night.shares)
    return np.array(shares), rows


def _vanished(tonight: ColumnSummary, history: History) -> dict[Any, float]:
    """Return categories seen every night so far, often enough that chance does not explain their absence."""
    always = set.intersection(*(set(night.shares) for night in history)) - set(tonight.shares)
    usual = {category: float(np.mean([night.shares[category] for night in history])) for category in sorted(always)}
    least = {category: min(night.shares[category] for night in history) for category in always}
    rows = tonight.sampled
    return {
        category: share
        for category, share in usual.items()
        if share * rows >= _EXPECTED_ROWS and least[category] * rows >= _EXPECTED_ROWS / 3
    }


def _renamed(
    tonight: ColumnSummary, new: dict[Any, float], gone: dict[Any, float], history: History
) -> list[tuple[Any, Any]]:
    """Return pairs (old, new): spelt alike, or one vanished and the other came with about its share."""
    known = set().union(*(night.shares for night in history))
    plain = {_plain(category): category for category in sorted(known, key=str, reverse=True)}
    alike = [(plain[_plain(fresh)], fresh) for fresh in new if _plain(fresh) in plain]
    if sum(new[fresh] for _, fresh in alike) < _NEW_SHARE:  # a typing error is no renaming
        alike = [pair for pair in alike if _replaced(*pair, tonight, history)]
    swapped = [
        (old, fresh)
        for old, before in gone.items()
        for fresh, share in new.items()
        if abs(share - before) <= 0.5 * before + 0.01
    ]
    return list(dict.fromkeys(alike + swapped))


def _replaced(old: Any, fresh: Any, tonight: ColumnSummary, history: History) -> bool:
    """Tell whether a category is gone that should be there several times, and another came with half its share or more."""
    usual = float(np.mean([night.shares.get(old, 0.0) for night in history]))
    expected = usual * _known(tonight)
    return old not in tonight.shares and expected >= _FEWEST_REPLACED and tonight.shares[fresh] >= 0.5 * usual


def _plain(category: Any) -> str:
    return "".join(letter for letter in str(category).casefold() if letter.isalnum())


def _leak(name: str, tonight: ColumnSummary, history: History) -> Iterator[Diagnosis]:
    yield from leaks({(name, ""): tonight.label_strength}, [{(name, ""): night.label_strength} for night in history])


def leaks(tonight: Strengths, history: Sequence[Strengths], *, classes: bool = False) -> Iterator[Diagnosis]:
    """Yield the columns that alone tell the label now, and did not before.

    Parameters
    ----------
    tonight : mapping of (str, str) to float
        Strength of each column for the label, or for each class of several (`include.evidence.strength`): by column and
        class, which is empty where there are not several; NaN where it cannot be told.
    history : sequence of mappings
        The same on calm partitions. What none of them knows is not judged: a class that has just appeared may well be
        told by a column that has just got new values.
    classes : bool
        Whether the label has classes, so that strengths are of areas under the ROC curve: a leak is all but perfect there.
    """
    told: dict[str, Diagnosis] = {}
    least = _LEAK_OF_A_CLASS if classes else _LEAK
    for (name, label), strength in tonight.items():
        known = [night[name, label] for night in history if np.isfinite(night.get((name, label), np.nan))]
        before = max(known, default=1.0)
        if strength >= max(least, before + _LEAP):
            what = f"class {label}" if label else "label"
            sentence = (
                f"{name} alone now tells the {what} (strength {strength:.2f}, at most {before:.2f} before): "
                "it holds the outcome, unless the world has made it that telling."
            )
            evidence = {"strength": strength, "most_before": before}
            told.setdefault(name, Diagnosis("label leakage", name, evidence, sentence, True))
    yield from told.values()
