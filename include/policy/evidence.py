"""What a night knows about candidates and champion, read from the matrix: the probes and losses of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from include.policy.cells import Cell
from include.policy.state import Loss, Pair, Probe
from include.policy.windows import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.policy.matrix import Matrix
    from include.policy.timeline import Timeline

REMEMBER = 40
"""Newest labelled partitions on which windows are compared."""
FRESHEST = 2
"""Candidates of a window that are averaged on a partition: the newest that had not seen it."""
LOSSES = 60


def twin_of(cell: Cell) -> Cell:
    """Return the cheap candidate of the same cut and window."""
    return Cell(cell.cut, cell.window, "cheap", cell.known_at)


def probes_of(
    matrix: Matrix, time: Timeline, night: int, champion: Cell | None, windows: Sequence[str]
) -> tuple[Probe, ...]:
    """Return what cheap candidates showed until the end of a night.

    Parameters
    ----------
    matrix : Matrix
        With the cheap cells of `wanted_cells`.
    time : Timeline
    night : int
    champion : Cell or None
        Its cell, full or cheap.
    windows : sequence of str
        All history among them.

    Returns
    -------
    tuple of Probe
        One a window; without CPU seconds, which are the caller's to add.
    """
    twin = twin_of(champion) if champion else None
    places = [s for s in partitions_compared(time, night) if fresh_cells(time, night, s, ALL)]
    return tuple(
        Probe(window, tuple(_pair(matrix, time, night, s, window, twin) for s in places)) for window in windows
    )


def partitions_compared(time: Timeline, night: int) -> range:
    """Return the newest labelled partitions, oldest first."""
    newest = int(time.newest[night])
    return range(max(0, newest + 1 - REMEMBER), newest + 1)


def fresh_cells(time: Timeline, night: int, partition: int, window: str) -> list[Cell]:
    """Return the cheap candidates that were freshest before a partition, the freshest first."""
    found = []
    for cut in range(partition - 1, max(-1, partition - 1 - FRESHEST), -1):
        at = time.night_of(cut, night)
        cell = time.cell(at, window, "cheap") if at is not None else None
        if cell is not None:
            found.append(cell)
    return found


def losses_of(matrix: Matrix, time: Timeline, night: int, champion: Cell) -> tuple[Loss, ...]:
    """Return the champion's realised losses after its training cut, as known at the end of a night, oldest first."""
    found = []
    for place in range(champion.cut + 1, int(time.newest[night]) + 1)[-LOSSES:]:
        scores = matrix.scores(champion)
        mask = time.known_rows(night, place, champion.kind)
        mean = float(scores.mean[place]) if mask is None else matrix.known_mean(champion, place, mask)
        rows = int(time.known[night, place])
        if rows and np.isfinite(mean):
            error = float(np.sqrt(scores.variance[place] / rows))
            found.append(Loss(time.history.partitions[place].key, night - place, mean, error, rows))
    return tuple(found)


def _pair(matrix: Matrix, time: Timeline, night: int, place: int, window: str, twin: Cell | None) -> Pair:
    mine, base = fresh_cells(time, night, place, window), fresh_cells(time, night, place, ALL)
    mask = time.known_rows(night, place, "cheap")
    edge, edge_error = matrix.difference(base, mine, place, mask)
    gain = gain_error = None
    if twin is not None and place > twin.cut and mine[0].cut > twin.cut:
        gain, gain_error = matrix.difference([twin], mine[:1], place, mask)
    candidate = float(np.mean([matrix.known_mean(cell, place, mask) for cell in mine]))
    key = time.history.partitions[place].key
    return Pair(key, night - place, candidate, edge, edge_error, gain, gain_error)
