"""Copies are found by their share; what calm nights repeat by themselves is no copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from include.evidence.row_faults import row_faults, shares_of
from include.evidence.summary import Summary


def night(values: list[int], name: str = "") -> Summary:
    return Summary(len(values), 0.0, np.unique(np.array(values, dtype=np.uint64)), None, {}, name=name)


def nights(own: int, common: int = 0) -> list[Summary]:
    """Return calm nights with so many contents of their own and so many that all share."""
    shared = list(range(common))
    return [night([*shared, *range(1000 * place, 1000 * place + own)], f"day {place}") for place in range(1, 21)]


def copies(tonight: Summary, history: list[Summary]) -> list[Any]:
    return [one for one in row_faults(tonight, history) if one.cause == "copy of an earlier partition"]


def test_share_of_an_earlier_night_is_estimated() -> None:
    assert shares_of(night([*range(100)]).sketch, [night([*range(50, 200)]).sketch]).tolist() == [0.5]
    assert shares_of(night([*range(100)]).sketch, [night([*range(97, 200)]).sketch]).tolist() == [0.0]


@pytest.mark.parametrize(("copied", "found"), [(5, 0), (12, 1), (60, 1), (100, 1)])
def test_part_of_an_earlier_night_is_a_copy(copied: int, found: int) -> None:
    history = nights(own=100)
    tonight = night([*range(3000, 3000 + copied), *range(50_000, 50_100 - copied)])
    told = copies(tonight, history)
    assert len(told) == found
    assert [one.sentence for one in told] == [f"{copied}% of the rows repeat day 3: a stale copy?"] * found


def test_what_every_night_repeats_is_no_copy() -> None:
    history = nights(own=50, common=50)
    assert copies(night([*range(50), *range(50_000, 50_050)]), history) == []
    assert len(copies(night([*range(50), *range(3000, 3045), *range(50_000, 50_005)]), history)) == 1


def test_accepted_copy_does_not_hide_the_next() -> None:
    history = [*nights(own=100), night([*range(3000, 3100)], "accepted")]
    assert len(copies(night([*range(5000, 5030), *range(50_000, 50_070)]), history)) == 1


def test_of_two_partitions_the_later_is_the_copy() -> None:
    history = nights(own=100)
    first, later = night([*range(3000, 3100)], "day 2"), night([*range(3000, 3100)], "day 9")
    others = [one for one in history if one.name not in ("day 2", "day 3", "day 9")]
    assert copies(first, [*others, later]) == []
    assert len(copies(later, [*others, first])) == 1


def of_hours(rows: int) -> Summary:
    """Return a night of so many rows, spread over the day."""
    return Summary(rows, 0.0, np.empty(0, dtype=np.uint64), np.bincount(np.arange(rows) % 24, minlength=24), {})


@pytest.mark.parametrize(
    ("rows", "fewest", "nights_before", "found"),
    [
        (1, 400, 10, ["1 row, where there were at least 400: cut off?"]),
        (8, 400, 10, ["8 rows, where there were at least 400: cut off?"]),
        (9, 400, 10, []),
        (1, 400, 9, []),
        (1, 50, 10, ["1 row, where there were at least 50: cut off?"]),
        (1, 49, 10, []),
    ],
)
def test_next_to_nothing_is_cut_off(rows: int, fewest: int, nights_before: int, found: list[str]) -> None:
    history = [of_hours(400)] * (nights_before - 1) + [of_hours(fewest)]
    assert [one.sentence for one in row_faults(of_hours(rows), history)] == found


def repeating(share: float, rows: int = 1_000, duplicates: float = 0.0) -> Summary:
    return Summary(rows, duplicates, np.empty(0, dtype=np.uint64), None, {}, repeated_share=share)


@pytest.mark.parametrize(
    ("tonight", "usual", "found"),
    [
        (
            repeating(0.05),
            repeating(0.0),
            ["5% of the rows repeat another one under a new key, where at most 0.0% did."],
        ),
        (repeating(0.02), repeating(0.0), []),
        (repeating(0.05), repeating(0.02), []),
        (
            repeating(0.06),
            repeating(0.02),
            ["6% of the rows repeat another one under a new key, where at most 2.0% did."],
        ),
        (repeating(0.1, rows=3_000), repeating(0.04), []),
        (repeating(0.04, rows=50), repeating(0.0, rows=50), []),
        (repeating(0.05, duplicates=0.05), repeating(0.0), ["5% of the rows repeat a key, where at most 0.0% did."]),
        (repeating(0.05), repeating(float("nan")), []),
        (repeating(float("nan")), repeating(0.0), []),
    ],
)
def test_rows_under_new_keys_are_repeats(tonight: Summary, usual: Summary, found: list[str]) -> None:
    assert [one.sentence for one in row_faults(tonight, [usual] * 20)] == found
