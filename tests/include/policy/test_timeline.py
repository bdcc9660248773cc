from __future__ import annotations

import numpy as np

from include.policy.cells import Cell
from include.policy.example import straight_history
from include.policy.history import history_of_arrays
from include.policy.timeline import timeline

TOLD = {"model": "m", "task": "regression", "names": ("a",), "kinds": ("q",), "classes": ()}


def test_declared_delay_counts_partitions() -> None:
    time = timeline(straight_history(5), delay=2)
    assert time.newest.tolist() == [-2, -1, 0, 1, 2]
    assert time.cell(1, "all", "full") is None
    assert time.cell(4, "all", "full") == Cell(2, "all", "full")


def test_own_instants_give_the_same_delay() -> None:
    time = timeline(straight_history(5, delay_days=1))
    assert time.newest.tolist() == [-1, 0, 1, 2, 3]
    assert time.complete(3, 2)
    assert not time.complete(3, 3)


def _half_known() -> np.ndarray:
    """Four days of four rows; half of each day's labels come a day late."""
    days = straight_history(4, rows=4)
    late = np.tile([False, False, True, True], 4)
    known = days.known + np.where(late, 86_400_000_000, 0)
    return history_of_arrays(
        days.partitions, np.repeat(np.arange(4), 4), days.features, days.label.astype(float), known, **TOLD
    )


def test_partly_known_partition_is_not_labelled() -> None:
    time = timeline(_half_known())
    assert time.newest.tolist() == [0, 0, 1, 2]


def test_candidate_of_partly_known_labels_is_its_own() -> None:
    time = timeline(_half_known())
    assert time.cell(0, "all", "full") == Cell(0, "all", "full", known_at=0)
    assert time.cell(1, "all", "full") == Cell(0, "all", "full")
    mask = time.known_rows(1, 1, "full")
    assert mask is not None
    assert mask.tolist() == [True, True, False, False]
    assert time.known_rows(2, 1, "full") is None


def test_new_labels_are_those_not_learned_from() -> None:
    time = timeline(straight_history(5, rows=10), delay=0)
    assert time.new_labels(4, Cell(1, "all", "full")) == 30
    assert time.new_labels(4, Cell(4, "all", "full")) == 0


def test_holdout_shortens_the_cut() -> None:
    time = timeline(straight_history(5), delay=0)
    assert time.cell(4, "all", "full", holdout=2) == Cell(2, "all", "full")
    assert time.cell(1, "all", "full", holdout=2) is None


def test_night_of_a_cut_is_the_newest() -> None:
    time = timeline(_half_known())
    assert time.night_of(0, by=3) == 1
    assert time.night_of(0, by=0) == 0
    assert time.night_of(3, by=3) is None
