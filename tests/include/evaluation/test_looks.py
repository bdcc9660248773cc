from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.looks import FIRST, FURTHER, SHARES, log_bar


def test_unplanned_looks_need_one_over_alpha():
    assert np.exp(log_bar(0.05)) == pytest.approx(20)
    assert np.exp(log_bar(0.01)) == pytest.approx(100)


def test_planned_looks_need_the_tabulated_share():
    assert np.exp(log_bar(0.05, first=14, further=14)) == pytest.approx(0.361 * 20)


def test_plans_between_the_table_take_the_stricter():
    assert log_bar(0.05, first=13, further=10) == log_bar(0.05, first=10, further=14)


def test_more_looks_never_need_less():
    assert (np.diff(SHARES, axis=1) >= 0).all()
    assert SHARES.shape == (len(FIRST), len(FURTHER))
    assert SHARES.max() <= 1


@pytest.mark.parametrize(("first", "further"), [(1, 14), (14, 5000), (500, 14)])
def test_plans_outside_the_table_are_answered(first, further):
    assert 0 < log_bar(0.05, first, further) <= np.log(20) + 1e-12


def test_low_confidence_never_asks_for_less_than_balance():
    assert log_bar(0.5, first=42, further=0) == 0.0
