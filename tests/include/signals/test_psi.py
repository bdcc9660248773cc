from __future__ import annotations

import math

import pytest

from include.signals.psi import PSI


def test_empty_cells_count_as_a_ten_thousandth() -> None:
    expected = (0.5 - 1e-4) * math.log(0.5 / 1e-4) + (0.5 - 1.0) * math.log(0.5 / 1.0)
    assert PSI.from_counts([0, 10], [5, 5]) == pytest.approx(expected)


def test_is_symmetric_and_ignores_scale() -> None:
    assert PSI.from_counts([10, 30], [20, 20]) == pytest.approx(PSI.from_counts([200, 200], [1, 3]))


def test_mean_under_no_change_shrinks_with_rows() -> None:
    reference = [str(i % 10) for i in range(20_000)]
    means = [PSI.measure(reference, reference[:n]).expected_under_no_change for n in (500, 5_000)]
    assert means[0] == pytest.approx(9 * (1 / 500 + 1 / 20_000), rel=0.1)
    assert means[0] / means[1] == pytest.approx((1 / 500 + 1 / 20_000) / (1 / 5_000 + 1 / 20_000), rel=0.15)
