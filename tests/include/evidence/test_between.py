"""Nights that differ beyond their rows are not divided by the spread of their rows alone."""

from __future__ import annotations

import math

import numpy as np

from include.evidence.between import between_nights, started
from include.evidence.replay import alarms_of
from include.evidence.stream import NightValue, Stream

STREAM = Stream("mean_shift", "x")


def nights(rows: np.ndarray, between: float, seed: int = 0) -> list[NightValue]:
    """Return nights whose means vary by their rows and by so much more."""
    random = np.random.default_rng(seed)
    spread = 1.0 / np.sqrt(rows)
    values = random.normal(0.0, np.hypot(spread, between))
    return [NightValue(float(v), float(v / s), float(s)) for v, s in zip(values, spread, strict=True)]


def test_nights_explained_by_their_rows_have_nothing_between() -> None:
    found = [between_nights(nights(np.full(60, 1000), 0.0, seed)) for seed in range(40)]

    assert sum(value > 0.0 for value in found) <= 4


def test_what_is_between_nights_is_measured() -> None:
    found = [between_nights(nights(np.full(60, 1000), 0.2, seed)) for seed in range(40)]

    assert abs(float(np.median(found)) - 0.2) < 0.02


def test_few_nights_say_nothing() -> None:
    assert between_nights(nights(np.full(9, 1000), 0.5)) == 0.0


def test_tenfold_rows_are_no_change_of_every_feature() -> None:
    rows = np.concatenate([np.full(60, 400), np.full(100, 4000)])
    days = [str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")) for i in range(160)]
    plain = {seed: nights(rows, 0.3, seed) for seed in range(10)}
    values = {}
    for seed, told in plain.items():
        between = between_nights(told[:60])
        values[seed] = [one.among(between).studentised for one in told]
    naive = [alarms_of({"x": [n.studentised for n in told]}, days, reference_nights=60) for told in plain.values()]
    fair = [alarms_of({"x": one}, days, reference_nights=60) for one in values.values()]

    assert sum(map(bool, naive)) >= 5
    assert sum(map(bool, fair)) == 0


def test_started_stream_keeps_what_is_between() -> None:
    told = nights(np.full(40, 1000), 0.2)
    state = started(STREAM, {f"n{i:02d}": one for i, one in enumerate(told)})

    assert 0.1 < state.between < 0.3
    assert state.reference == 40
    assert abs(state.values[3]) < abs(told[3].studentised)
    assert math.isclose(state.raw[3], told[3].value)
