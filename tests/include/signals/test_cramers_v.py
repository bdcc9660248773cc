from __future__ import annotations

import math

import numpy as np
import pytest

from include.signals.cramers_v import CRAMERS_V


def test_full_association_is_one() -> None:
    assert CRAMERS_V.exact(["a"] * 500, ["b"] * 500) == pytest.approx(1.0, abs=1e-3)


def test_chance_association_is_zero() -> None:
    assert CRAMERS_V.from_counts([50, 50], [51, 49]) == 0.0


def test_one_cell_or_two_rows_are_zero() -> None:
    assert CRAMERS_V.from_counts([10, 0], [10, 0]) == 0.0
    assert CRAMERS_V.from_counts([1, 0], [0, 1]) == 0.0
    assert math.isnan(CRAMERS_V.from_counts([0], [1]))


def test_studentised_is_standard() -> None:
    random = np.random.default_rng(0)
    reference = random.choice(list("abcd"), 5_000)
    found = [
        CRAMERS_V.measure(reference, random.choice(list("abcd"), 400)).studentised(random.random()) for _ in range(80)
    ]
    assert abs(np.mean(found)) < 0.4
    assert 0.7 < np.std(found) < 1.3
