"""Nights of a reference are judged as if it did not hold them: as calm as those after it, no calmer."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pyarrow as pa
import pytest

from include.signals.binning import edges_from
from include.signals.left_out import left_out
from include.signals.measure import feature_signals, signals_of
from include.signals.profile import Profile, profile

NIGHTS, ROWS, LIVES = 7, 200, 20
SIGNALS = ("wasserstein_standardised", "mean_shift", "js_divergence")


def night(random: np.random.Generator) -> pa.RecordBatch:
    return pa.record_batch({"x": random.normal(size=ROWS), "c": np.array(list("abcdef"))[random.integers(0, 6, ROWS)]})


@pytest.fixture(scope="module")
def lived() -> dict[str, dict[str, np.ndarray]]:
    """Return studentised values by signal: of nights in a reference of seven, corrected or not, and of those after it."""
    random = np.random.default_rng(1)
    found: dict[str, dict[str, list[float]]] = {one: {"held": [], "left out": [], "after": []} for one in SIGNALS}
    for life in range(LIVES):
        rows = [night(random) for _ in range(2 * NIGHTS)]
        edges = edges_from(rows[:NIGHTS], threads=1)
        profiles = [profile([one], edges, threads=1) for one in rows]
        whole = reduce(Profile.merge, profiles[:NIGHTS])
        for place, part in enumerate(profiles):
            told = feature_signals(part, whole, f"{life}/{place}")
            sides = {"held": told, "left out": left_out(told, part, whole)} if place < NIGHTS else {"after": told}
            for side, signals in sides.items():
                for one in signals:
                    if one.signal in found:
                        found[one.signal][side].append(one.studentised)
    return {name: {side: np.array(values) for side, values in sides.items()} for name, sides in found.items()}


@pytest.mark.parametrize("signal", SIGNALS)
def test_left_out_nights_are_as_strange_as_later_ones(lived: dict[str, dict[str, np.ndarray]], signal: str) -> None:
    held, fair, after = (lived[signal][side] for side in ("held", "left out", "after"))

    assert abs(fair.mean() - after.mean()) < 0.25
    assert fair.std() / after.std() == pytest.approx(1.0, abs=0.2)
    assert fair.std() > held.std()


def test_category_of_one_night_only_is_unseen_by_the_rest() -> None:
    rows = [pa.record_batch({"c": ["a"] * 9 + [extra]}) for extra in ("a", "a", "new")]
    edges = edges_from(rows, threads=1)
    parts = [profile([one], edges, threads=1) for one in rows]
    whole = reduce(Profile.merge, parts)
    told = [
        {s.signal: s.value for s in left_out(signals_of(p, whole, key="k"), p, whole)}["unseen_share"] for p in parts
    ]

    assert told == [0.0, 0.0, 0.1]


def test_partition_that_is_the_whole_reference_stays_as_it_is() -> None:
    edges = edges_from([pa.record_batch({"x": [1.0, 2.0, 3.0]})], threads=1)
    part = profile([pa.record_batch({"x": [1.0, 2.0, 3.0]})], edges, threads=1)
    told = signals_of(part, part, key="k")

    assert left_out(told, part, part) == told
