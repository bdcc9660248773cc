"""What could have been: the best schedule for every count of retrains, and schedules drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from include.policy.windows import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from include.policy.world import World

RANDOM_SCHEDULES = 400


@dataclass(frozen=True)
class Board:
    """Losses of what each night would train, on every scored partition.

    Attributes
    ----------
    losses : array, shape (n_nights, n_windows, n_scored)
        Night 0 is the first champion's; NaN before a candidate serves.
    windows : tuple of str
        All history first.
    latency : int
        Scored partitions between a night's own and the first its candidate serves, beside the one that follows.
    """

    losses: NDArray[np.float64]
    windows: tuple[str, ...]
    latency: int


def board_of(world: World, windows: Sequence[str]) -> Board:
    """Return the losses of every night's candidates, trained to the newest label."""
    nights = range(world.setup.start, len(world.time.history) - 1)
    ordered = (ALL, *(window for window in windows if window != ALL))
    losses = np.full((len(nights), len(ordered), len(world.scored)), np.nan)
    for i, night in enumerate(nights):
        for j, window in enumerate(ordered):
            scores = world.matrix.scores(world.candidate(night, window))
            losses[i, j, i:] = scores.mean[world.scored[0] + i :]
    return Board(losses, ordered, world.setup.latency)


def best_schedules(board: Board, most: int) -> NDArray[np.float64]:
    """Return the smallest mean loss of any schedule with 0, 1, …, `most` retrains, shape (most + 1,).

    Notes
    -----
    A dynamic programme over the nights that switch: the value of having switched k times, last at night t, is extended
    by the best window for the stretch until the next switch.

    Examples
    --------
    >>> losses = np.full((3, 1, 3), np.nan)
    >>> losses[0, 0], losses[1, 0, 1:], losses[2, 0, 2:] = [1, 2, 3], [1, 2], [1]
    >>> best_schedules(Board(losses, ("all",), 0), 2).round(4).tolist()
    [2.0, 1.3333, 1.0]
    """
    nights, _, scored = board.losses.shape
    switched = np.full((most + 1, nights), np.inf)
    switched[0, 0] = 0.0
    found = np.full(most + 1, np.inf)
    for night in range(nights):
        begin = 0 if night == 0 else night + board.latency
        if begin >= scored:
            break
        chosen = board.losses[night, :1] if night == 0 else board.losses[night]
        stretch = np.nancumsum(chosen[:, begin:], axis=1).min(axis=0)
        open_counts = np.flatnonzero(np.isfinite(switched[:, night]))
        for count in open_counts:
            value = switched[count, night]
            found[count] = min(found[count], value + stretch[-1])
            if count < most:
                for later in range(night + 1, nights):
                    until = later + board.latency - begin
                    if 0 < until <= len(stretch):
                        switched[count + 1, later] = min(switched[count + 1, later], value + stretch[until - 1])
    return np.asarray(np.minimum.accumulate(found) / scored)


def scheduled(board: Board, nights: Sequence[int], windows: Sequence[int]) -> NDArray[np.float64]:
    """Return the losses of one schedule on each scored partition.

    Parameters
    ----------
    board : Board
    nights : sequence of int
        Places of the nights that retrain (0 is the first champion's and stands for itself), ascending.
    windows : sequence of int
        Which window each of them trains.
    """
    losses: NDArray[np.float64] = board.losses[0, 0].copy()
    for night, window in zip(nights, windows, strict=True):
        begin = night + board.latency
        losses[begin:] = board.losses[night, window, begin:]
    return losses


def calendars(board: Board, count: int) -> list[list[int]]:
    """Return the even schedules of `count` retrains, one for each phase: what every(n) does at this count.

    Examples
    --------
    >>> calendars(Board(np.zeros((9, 1, 9)), ("all",), 0), 2)
    [[1, 5], [2, 6], [3, 7], [4, 8]]
    """
    nights = board.losses.shape[0] - 1
    if count < 1:
        return [[]]
    step = nights / count
    phases = max(1, int(np.ceil(step)))
    starts = [1 + phase * step / phases for phase in range(phases)]
    return [[min(nights, int(start + i * step)) for i in range(count)] for start in starts]


def random_schedules(board: Board, windows: Sequence[int], seed: int) -> NDArray[np.float64]:
    """Return the mean losses of schedules at random nights, with the given windows in their order.

    Returns
    -------
    array, shape (RANDOM_SCHEDULES, n_scored)
    """
    nights, _, scored = board.losses.shape
    count = min(len(windows), nights - 1)
    order = np.random.default_rng(seed).random((RANDOM_SCHEDULES, nights - 1)).argsort(axis=1)
    chosen = np.sort(order[:, :count], axis=1) + 1
    places = np.arange(scored)
    night, window = (np.zeros((RANDOM_SCHEDULES, scored), np.intp) for _ in range(2))
    for turn in range(count):
        serves = places >= chosen[:, turn, None] + board.latency
        np.copyto(night, chosen[:, turn, None], where=serves)
        np.copyto(window, windows[turn], where=serves)
    return np.asarray(board.losses[night, window, places])
