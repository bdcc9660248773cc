"""Bets are densities, bounded by what the pool can show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.evidence.bets import (
    AGE_LENGTHS,
    AGES,
    ANY_CHANGE,
    ONLY_UP,
    Change,
    bet,
    bets,
    bins_of,
    p_value_bins,
    rounded_pool,
)

WIDTHS = np.diff(p_value_bins())


@settings(max_examples=40, deadline=None)
@given(st.floats(-8, 8), st.floats(0.3, 5.0), st.floats(0.001, 0.9))
def test_every_bet_is_fair(shift, spread, share):
    assert (bet(Change(shift, spread), share) * WIDTHS).sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("nights", [2, 14, 60, 200, 3000])
def test_every_bet_on_every_pool_is_fair(nights):
    totals = (bets(nights) * WIDTHS[:, np.newaxis, np.newaxis]).sum(axis=0)
    assert totals.shape == (len(AGES), len(ANY_CHANGE))
    assert totals == pytest.approx(np.ones_like(totals), abs=1e-12)


def test_no_bet_pays_more_than_pool_over_age():
    assert (bets(60).max(axis=(0, 2)) <= 60 / np.minimum(np.array(AGES), 54) * 1.0001).all()


def test_change_up_pays_on_small_p_values():
    density = bet(Change(3.0), 0.05)
    assert density[0] > 10 > 1 > density[-1]


def test_up_and_down_mirror_each_other():
    assert bet(Change(2.0), 0.1) == pytest.approx(bet(Change(-2.0), 0.1)[::-1], abs=1e-6)


def test_wider_nights_pay_at_both_ends():
    density = bet(Change(0.0, 3.0), 0.1)
    assert min(density[0], density[-1]) > 3 > 1 > density[80]


def test_one_sided_streams_never_gain_from_a_fall():
    assert bets(60, ONLY_UP)[-1].max() < 1


def test_bins_cover_zero_and_one():
    assert bins_of(np.array([0.0, 1.0])).tolist() == [0, len(WIDTHS) - 1]


def test_pool_is_rounded_down_by_at_most_five_percent():
    for nights in range(1, 500):
        assert 0.95 * nights <= rounded_pool(nights) <= nights


def test_ages_match_their_classes():
    assert len(AGES) == len(AGE_LENGTHS)
    assert list(AGES) == sorted(AGES)
