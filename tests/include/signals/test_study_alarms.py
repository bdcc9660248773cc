from __future__ import annotations

import numpy as np
import pytest

from include.signals.measure import Signal
from include.signals.study_alarms import Night, alarms_of, partitions_per_year


def night(day: int, value: float) -> Night:
    key = str(np.datetime64("2024-01-01") + np.timedelta64(day, "D"))
    return Night(key, [Signal("mean_shift", "x", value, value, 1.0, 10, "pass")])


@pytest.mark.parametrize(
    ("keys", "per_year", "calendar"),
    [
        (["2024-01-01T00Z"], 8766.0, True),
        (["2024-01-01", "2024-01-02"], 365.25, True),
        (["2024-01"], 12.0, False),
        (["2024", "2025"], 1.0, False),
        (["2024-01", "north"], 365.25, False),
        ([], 365.25, False),
    ],
)
def test_grain_is_read_from_the_keys(keys: list[str], per_year: float, calendar: bool) -> None:
    assert partitions_per_year(keys) == (per_year, calendar)


def test_a_lasting_shift_is_told_with_its_start() -> None:
    random = np.random.default_rng(0)
    pool = [night(i, value) for i, value in enumerate(random.normal(size=60))]
    nights = [night(60 + i, random.normal() + 6.0 * (i >= 10)) for i in range(60)]
    (alarm,) = alarms_of(pool, nights)
    assert alarm["subject"] == "x"
    assert alarm["since"] == "2024-03-11"
    assert alarm["partition"] > "2024-03-11"
    assert alarm["evidence"] > 1_000
    assert alarm["sentence"].startswith("Mean of x: 0.09946 before 2024-03-11, 6.684 since (sd from the reference); ")


def test_calm_nights_raise_nothing() -> None:
    random = np.random.default_rng(1)
    assert alarms_of([], [night(i, value) for i, value in enumerate(random.normal(size=100))]) == []
    assert alarms_of([], []) == []


def test_few_nights_raise_nothing() -> None:
    assert alarms_of([], [night(i, 0.0 if i < 10 else 9.0) for i in range(29)]) == []
