from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from include.policy.hindsight import Board, best_schedules, board_of, calendars, random_schedules, scheduled


def _board(nights: int = 6, windows: int = 2, seed: int = 3, latency: int = 0) -> Board:
    losses = np.random.default_rng(seed).random((nights, windows, nights))
    for night in range(nights):
        losses[night, :, :night] = np.nan
    return Board(losses, ("all", "last(3)")[:windows], latency)


@pytest.mark.parametrize("latency", [0, 1])
def test_programme_finds_what_trying_all_finds(latency: int) -> None:
    board = _board(latency=latency)
    best = best_schedules(board, 3)
    for count in range(4):
        tried = [
            scheduled(board, nights, windows).mean()
            for used in range(count + 1)
            for nights in combinations(range(1, 6), used)
            for windows in np.ndindex(*[2] * used)
        ]
        assert best[count] == pytest.approx(min(tried))


def test_more_retrains_never_hurt_in_hindsight() -> None:
    assert (np.diff(best_schedules(_board(9), 8)) <= 0).all()


def test_no_retrain_is_the_first_champion() -> None:
    board = _board()
    assert best_schedules(board, 0)[0] == pytest.approx(board.losses[0, 0].mean())


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_calendars_have_the_count(count: int) -> None:
    for phase in calendars(_board(11), count):
        assert len(phase) == len(set(phase)) == count
        assert 1 <= phase[0] <= phase[-1] <= 10


def test_random_schedules_are_seeded() -> None:
    board = _board()
    assert np.array_equal(random_schedules(board, [0, 1], 4), random_schedules(board, [0, 1], 4))


def test_random_schedules_keep_between_best_and_worst() -> None:
    board = _board(windows=1)
    means = random_schedules(board, [0, 0], 1).mean(axis=1)
    assert means.min() >= best_schedules(board, 2)[2] - 1e-12


def test_board_reads_the_matrix(turning) -> None:
    board = board_of(turning, ("last(3)", "all"))
    assert board.windows == ("all", "last(3)")
    assert board.losses.shape == (12, 2, 12)
    cell = turning.candidate(5, "last(3)")
    assert board.losses[2, 1, 2] == turning.matrix.mean(cell, 6)
    assert np.isnan(board.losses[2, 1, 1])
