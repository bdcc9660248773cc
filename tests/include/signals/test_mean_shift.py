from __future__ import annotations

import pytest

from include.signals.mean_shift import MEAN_SHIFT
from include.signals.statistic import as_column, profiles_of


def test_sign_is_the_direction() -> None:
    assert MEAN_SHIFT.exact([0.0, 2.0], [3.0]) == 2.0
    assert MEAN_SHIFT.exact([0.0, 2.0], [-1.0]) == -2.0


def test_spread_counts_both_sides() -> None:
    found = MEAN_SHIFT.measure(*profiles_of(as_column([0.0, 2.0] * 50), as_column([1.0, 3.0] * 50)))
    assert found.value == 1.0
    assert found.spread_under_no_change == pytest.approx((1 / 100 + 1 / 100) ** 0.5)
    assert found.standard_error == pytest.approx(0.1)


def test_a_constant_that_moves_is_told() -> None:
    found = MEAN_SHIFT.measure([5.0] * 1_000, [6.0] * 10)
    assert found.value == pytest.approx(0.2)
    assert found.studentised() > 10


def test_texts_have_no_mean() -> None:
    with pytest.raises(TypeError, match="numeric profile"):
        MEAN_SHIFT.binned(*profiles_of(as_column(["a"]), as_column(["a"])))
