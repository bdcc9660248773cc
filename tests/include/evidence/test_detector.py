"""Shiryaev-Roberts detectors: a martingale while nights are exchangeable, quick once they are not."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from include.evidence import detector
from include.evidence.bets import ONLY_UP, bins_of, p_value_bins
from include.evidence.conformal import upper_p_values
from include.evidence.detector import advance, fresh, log_evidence, path, start_of_change

EDGES = p_value_bins()


def delays(shift: float, calm: int, bound: float) -> float:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(calm + 60, 400))
    values[calm:] += shift
    reached = path(upper_p_values(values, calm, rng.random((60, 400))), calm + 1) >= bound
    return float(np.median(np.where(reached.any(axis=0), reached.argmax(axis=0) + 1, np.inf)))


def test_expected_evidence_grows_by_one_a_night():
    """R_t - t is a martingale: averaged over the bins of one p-value, one night adds exactly 1."""
    before = advance(fresh(1), np.array([0.2]), 61)
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    after = advance(np.repeat(before, len(middle), axis=0), middle, 62).sum(axis=(1, 2))
    assert (after * np.diff(EDGES)).sum() == pytest.approx(before.sum() + 1.0, rel=1e-12)


def test_first_night_expects_one_unit():
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    after = advance(fresh(len(middle), ONLY_UP), middle, 31, ONLY_UP).sum(axis=(1, 2))
    assert (after * np.diff(EDGES)).sum() == pytest.approx(1.0, rel=1e-12)


def test_doob_bound_holds_for_uniform_p_values():
    drawn = np.random.default_rng(7).random((365, 4000))
    share = (path(drawn, 61).max(axis=0) >= np.log(365 / 0.05)).mean()
    assert share <= 0.05


@pytest.mark.parametrize(
    ("shift", "calm", "slowest"),
    [(3, 60, 7), (3, 200, 5), (10, 60, 5), (10, 200, 4), (2, 60, 13)],
)
def test_shift_is_found_within_nights(shift, calm, slowest):
    """Power bets on two-sided distances took 14 and 7 nights for the first two, 10 and 6 for the next."""
    assert delays(shift, calm, np.log(7300 * 60)) <= slowest


def test_path_equals_night_by_night():
    drawn = np.random.default_rng(2).random((30, 5))
    state = fresh(5)
    for night, tonight in enumerate(drawn):
        state = advance(state, tonight, 61 + night)
    assert path(drawn, 61)[-1] == pytest.approx(log_evidence(state))


def test_advance_leaves_its_argument_alone():
    state = advance(fresh(2), np.array([0.1, 0.9]), 40)
    copy = state.copy()
    advance(state, np.array([0.5, 0.5]), 41)
    assert (state == copy).all()


def test_night_that_cannot_tell_changes_nothing():
    drawn = np.array([[0.1], [np.nan], [0.1]])
    found = path(drawn, 61)
    assert found[1] == found[0]
    assert found[2] > found[1]


def test_evidence_does_not_overflow():
    found = path(np.full((2000, 1), 1e-6), 61)
    assert np.isfinite(found).all()


def test_no_night_is_no_evidence():
    assert log_evidence(fresh(1))[0] == -np.inf


def test_since_when_points_at_the_change():
    drawn = np.concatenate([np.random.default_rng(5).random(30), np.full(8, 0.004)])
    assert start_of_change(drawn, np.arange(61, 61 + 38)) == 30


def test_single_night_is_its_own_start():
    assert start_of_change(np.array([0.5]), np.array([61])) == 0


def test_one_bet_for_all_ages_is_shiryaev_roberts(monkeypatch):
    """With one power bet the recursion is R = (R + 1) f(p), as in the package online-cp."""
    drawn = np.random.default_rng(9).random(50)
    power = np.diff(EDGES**0.4) / np.diff(EDGES)
    monkeypatch.setattr(
        detector, "bets", lambda pool, changes: np.broadcast_to(power[:, None, None], (len(power), 10, len(changes)))
    )
    total, expected = 0.0, []
    for p in drawn:
        total = (total + 1.0) * power[bins_of(np.array([p]))[0]]
        expected.append(np.log(total))
    assert path(drawn[:, np.newaxis], 61)[:, 0] == pytest.approx(np.array(expected))


def test_recursion_agrees_with_online_cp(monkeypatch):
    """online-cp's martingales bet on p-values alone, so they cannot use the pool's size; its wrapper is an oracle."""
    try:
        wrappers = importlib.import_module("online_cp.martingale.wrappers")
    except ImportError as error:
        pytest.skip(f"oracle skipped: {error}; install online-cp and its dependencies to run it")
    power = np.diff(EDGES**0.4) / np.diff(EDGES)
    monkeypatch.setattr(
        detector, "bets", lambda pool, changes: np.broadcast_to(power[:, None, None], (len(power), 10, len(changes)))
    )

    class PowerMartingale:
        logM = 0.0

        def update(self, p: float) -> None:
            self.logM += float(np.log(power[bins_of(np.array([p]))[0]]))

    oracle = wrappers.ShiryaevRobertsWrapper(PowerMartingale())
    drawn = np.random.default_rng(9).random(50)
    for p in drawn:
        oracle.update(p)
    assert path(drawn[:, np.newaxis], 61)[:, 0] == pytest.approx(np.log(oracle.sr_values[1:]))
