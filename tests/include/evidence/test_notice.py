"""A notice is for what nobody should sleep through, not for the tail that these nights have anyway."""

from __future__ import annotations

import numpy as np
import pytest

from include.evidence.notice import is_gross

RATE = 0.2 / 365.0 / 85.0  # of one of 85 streams


def test_ten_standard_deviations_are_gross_after_thirty_nights() -> None:
    calm = np.abs(np.random.default_rng(0).normal(size=30))

    assert is_gross(np.append(calm, 12.0), RATE)
    assert not is_gross(np.append(calm, 2.1 * calm.max()), RATE)


@pytest.mark.parametrize("calm", [30, 60, 200])
def test_exponential_tails_cross_it_as_rarely_as_asked(calm: int) -> None:
    random = np.random.default_rng(calm)
    rate, nights = 1e-3, 40_000
    values = random.exponential(size=(nights, calm + 1))

    assert sum(is_gross(one, rate) for one in values) / nights < 1.5 * rate


def test_more_nights_know_their_tail_better() -> None:
    random = np.random.default_rng(3)

    def needed(nights: int) -> float:
        calm = random.exponential(size=nights)
        sizes = np.linspace(calm.max(), 20 * calm.max(), 400)
        return float(next(size for size in sizes if is_gross(np.append(calm, size), RATE)) / calm.max())

    assert np.median([needed(30) for _ in range(20)]) > np.median([needed(200) for _ in range(20)])


def test_anything_beyond_constant_nights_is_gross() -> None:
    assert is_gross(np.append(np.zeros(40), 0.01), RATE)
    assert not is_gross(np.zeros(41), RATE)
