"""Faults that show in the rows: duplicates, stale copies, missing ends, shifted hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from include.evidence.chance import chance_of
from include.evidence.diagnosis import Diagnosis
from include.evidence.hashes import SKETCH, Hashes
from include.evidence.summary import Summary

Floats = NDArray[np.float64]
History = Sequence[Summary]

_COPIED = 0.1
_FEWEST_COPIED = 5
_MANY = 10
_TAIL_SHARE = 0.03
_TAIL_ROWS = 15
# How likely a holiday of 30 rows has none in its last four hours by itself: too likely to call it cut off.
_CHANCE = 1e-6
_FEWEST_TIMES = 25
# Six standard deviations of the distance that so many rows have by chance, with a sixteenth of them in an hour.
_BY_CHANCE = 2.0
_ALIKE = 0.3
_FEWEST_ALIKE = 5
# Partitions longer than this are looked at as a whole, since each hour of the day comes several times.
_SEVERAL_DAYS = 36.0
_MISSING_SPAN = 0.1
_NEXT_TO_NOTHING = 0.02


def row_faults(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    """Yield what is wrong with the rows, given calm nights."""
    yield from _duplicates(tonight, history)
    yield from _copy(tonight, history)
    shifted = list(_shifted_hours(tonight, history))
    yield from shifted
    if not shifted:
        truncated = list(_truncated(tonight, history))
        yield from truncated or _shortened(tonight, history)


def _duplicates(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    most = max(night.duplicate_share for night in history)
    if tonight.duplicate_share > max(0.02, 2.0 * most + 0.01):
        sentence = f"{tonight.duplicate_share:.0%} of the rows repeat a key, where at most {most:.1%} did."
        evidence = {"duplicate_share": tonight.duplicate_share, "most_before": most}
        yield Diagnosis("duplicate rows", "rows", evidence, sentence, True)
        return
    yield from _under_new_keys(tonight, history)


def _under_new_keys(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    """Yield rows delivered again under keys of their own: as many repeats as calm nights of so many rows never had.

    Notes
    -----
    Rows that are alike by themselves (two bookings of one kind) are the likelier the more rows there are, so shares of
    calm nights are taken to tonight's number of rows.
    """
    known = [night for night in history if night.rows and not np.isnan(night.repeated_share)]
    if np.isnan(tonight.repeated_share) or len(known) < _FEWEST_ALIKE:
        return
    usual = np.array([night.repeated_share * max(1.0, tonight.rows / night.rows) for night in known])
    share, most = tonight.repeated_share, float(usual.max())
    chance = chance_of(share, tonight.rows, usual, [night.rows for night in known])
    if share > max(0.02, 2.0 * most + 0.01) and chance <= _CHANCE:
        sentence = f"{share:.0%} of the rows repeat another one under a new key, where at most {most:.1%} did."
        evidence = {"repeated_share": share, "most_before": most}
        yield Diagnosis("duplicate rows", "rows", evidence, sentence, True)


def shares_of(sketch: Hashes, others: Sequence[Hashes]) -> Floats:
    """Return the estimated share of one partition's distinct contents that each of others has too.

    Notes
    -----
    Hashes above the other sketch's largest are unknown there, so they are left out; a sketch of 2,048 hashes has a
    standard error of at most 0.02. A share of fewer than five contents counts as none.
    """
    found = np.zeros(len(others))
    for place, other in enumerate(others):
        if sketch.size and other.size:
            comparable = sketch[: np.searchsorted(sketch, other[-1], side="right")] if other.size >= SKETCH else sketch
            at = np.minimum(np.searchsorted(other, comparable), other.size - 1)
            same = int((other[at] == comparable).sum())
            found[place] = same / comparable.size if same >= _FEWEST_COPIED else 0.0
    return found


def _copy(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    sketches = [night.sketch for night in history]
    # with which of those before it a calm night shares most; the first few have hardly any before them
    usual = sorted(shares_of(now, sketches[:place]).max() for place, now in enumerate(sketches) if place >= 2)
    # one copy among many calm nights, which a person has accepted, must not hide the next
    most = usual[-2] if len(usual) >= _MANY else max(usual, default=0.0)
    # of two partitions of a history the later one is the copy
    earlier = [not (night.name and tonight.name) or night.name < tonight.name for night in history]
    found = shares_of(tonight.sketch, sketches) * earlier
    best = int(np.argmax(found))
    if found[best] >= max(_COPIED, most + min(0.2, max(0.05, 0.5 * most))):
        ago = len(history) - best
        which = history[best].name or ("the partition before" if ago == 1 else f"the partition {ago} before")
        sentence = f"{found[best]:.0%} of the rows repeat {which}: a stale copy?"
        evidence = {"shared": float(found[best]), "partitions_ago": float(ago), "most_before": float(most)}
        yield Diagnosis("copy of an earlier partition", "rows", evidence, sentence, True)


def _profile(hours: NDArray[np.int64]) -> Floats:
    return hours / max(int(hours.sum()), 1)


def _distance(profile: Floats, usual: Floats, rows: int) -> float:
    """Return the squared distance of two profiles less what counting this many rows adds by chance."""
    noise = (1.0 - float(np.square(profile).sum())) / max(rows, 1)
    return max(float(np.square(profile - usual).sum()) - noise, 0.0)


def _shifted_hours(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    counts = [night.hours for night in history if night.hours is not None and night.hours.sum()]
    if tonight.hours is None or tonight.hours.sum() < _FEWEST_TIMES or not counts:
        return
    # the hours of a Sunday's 25 rows lie anywhere: they are no measure for a day of 200
    alike = [hours for hours in counts if hours.sum() >= _ALIKE * tonight.hours.sum()]
    counts = alike if len(alike) >= _FEWEST_ALIKE else counts
    usual = np.mean([_profile(hours) for hours in counts], axis=0)
    most = max(_distance(_profile(hours), usual, int(hours.sum())) for hours in counts)
    profile, rows = _profile(tonight.hours), int(tonight.hours.sum())
    still = _distance(profile, usual, rows)
    shifts = [step for step in range(-12, 12) if step]
    back = [_distance(np.roll(profile, -step), usual, rows) for step in shifts]
    best = int(np.argmin(back))
    if still > max(2.0 * most, 0.002, _BY_CHANCE / rows) and back[best] <= max(0.1 * still, min(most, 0.2 * still)):
        step = shifts[best]
        sentence = f"The hours of the rows fit the usual ones only when moved back by {step:+d} h: a time zone?"
        evidence = {"hours": float(step), "distance": still, "distance_when_moved": back[best]}
        yield Diagnosis("shifted hours", "rows", evidence, sentence, True)


def _truncated(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    few = list(_few_rows(tonight, history))
    yield from few
    if tonight.hours is not None and not few:
        yield from _without_ends(tonight, history)


def _few_rows(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    """Yield that hardly any row has come; without times, fewer than three tenths of the fewest."""
    fewest = min(night.rows for night in history)
    if tonight.hours is None:
        few = tonight.rows < 0.3 * fewest and fewest - tonight.rows >= _TAIL_ROWS
    else:  # a holiday of few rows is none, so only next to nothing is, and only after a whole week
        few = tonight.rows <= _NEXT_TO_NOTHING * fewest and len(history) >= _MANY
    if few:
        rows = "1 row" if tonight.rows == 1 else f"{tonight.rows:,} rows"
        sentence = f"{rows}, where there were at least {fewest:,}: cut off?"
        evidence = {"rows": float(tonight.rows), "fewest_before": float(fewest)}
        yield Diagnosis("truncated partition", "rows", evidence, sentence, True)


def _without_ends(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    """Yield hours without a row at the beginning or the end of the day, where rows always were."""
    if tonight.hours is None:
        return
    table = np.array([night.hours for night in history if night.hours is not None and night.hours.sum()])
    if not table.size:
        return
    for name, order in (("last", slice(None, None, -1)), ("first", slice(None))):
        empty = int(np.argmax(np.append(tonight.hours[order], 1) > 0))
        usual = table[:, order][:, :empty].sum(axis=1) / table.sum(axis=1)
        share = float(table[:, order][:, :empty].sum()) / int(table.sum())
        by_chance = (1.0 - share) ** int(tonight.hours.sum()) > _CHANCE
        if share >= _TAIL_SHARE and not by_chance and usual.min() >= 0.3 * float(np.median(usual)):
            sentence = f"The {name} {empty} hours have no row, where {share:.0%} of the rows were: cut off?"
            evidence = {"hours": float(empty), "share_before": share}
            yield Diagnosis("truncated partition", "rows", evidence, sentence, True)


def _shortened(tonight: Summary, history: History) -> Iterator[Diagnosis]:
    """Yield a truncation of a partition of several days: its times end early or start late."""
    shortest = min(night.span_hours for night in history)
    missing = shortest - tonight.span_hours
    if shortest < _SEVERAL_DAYS or missing < _MISSING_SPAN * shortest:
        return
    expected = float(np.median([night.rows for night in history])) * missing / shortest
    if expected >= _TAIL_ROWS:
        sentence = f"The rows span {tonight.span_hours:.0f} hours, where they spanned at least {shortest:.0f}: cut off?"
        evidence = {"span_hours": tonight.span_hours, "least_before": shortest}
        yield Diagnosis("truncated partition", "rows", evidence, sentence, True)
