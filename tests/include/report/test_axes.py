from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.report.axes import Scale, spread, tick_text, ticks


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 10))
def test_ticks_cover_the_interval_in_equal_steps(low: float, length: float, about: int) -> None:
    found = ticks(low, low + length, about)
    step = found[1] - found[0]
    assert found[0] <= low + step * 1e-6
    assert found[-1] >= low + length - step * 1e-6
    assert 2 <= len(found) <= 2 * about + 3
    assert all(abs(b - a - step) <= abs(step) * 1e-3 + 1e-9 for a, b in pairwise(found))


@pytest.mark.parametrize("value", [0.0, 3.0, -7.5, 1e-7])
def test_an_empty_interval_is_widened(value: float) -> None:
    found = ticks(value, value)
    assert found[0] < value < found[-1]


@pytest.mark.parametrize(
    ("value", "step", "text"), [(0.4, 0.2, "0.4"), (0.0, 0.5, "0.0"), (-0.0, 0.5, "0.0"), (1e6, 2e5, "1,000,000")]
)
def test_ticks_are_labelled_as_finely_as_they_step(value: float, step: float, text: str) -> None:
    assert tick_text(value, step) == text


@given(st.integers(0, 500), st.integers(1, 20))
def test_labels_are_few_and_end_with_the_last(count: int, most: int) -> None:
    found = spread(count, most)
    assert len(found) <= most
    assert found == sorted(found)
    assert not count or found[-1] == count - 1


def test_scale_maps_ends_to_ends() -> None:
    scale = Scale(10, 20, 100, 0)
    assert (scale(10), scale(15), scale(20)) == (100, 50, 0)
