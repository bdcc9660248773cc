"""What a night knows about candidates and champion, read from the matrix: the probes and losses of a state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from include.policy.cells import Cell
from include.policy.state import Loss, Pair, Probe
from include.policy.windows import ALL, step_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from include.policy.matrix import Matrix
    from include.policy.timeline import Timeline

REMEMBER = 12
"""Newest stretches on which windows are compared."""
LONG = 52
"""Newest stretches on which it is asked whether candidates age at all."""
REMEMBERED = 0.9
"""Weight of an experience falls by so much with every stretch: half after 7."""
AGES = (1, 2)
"""Stretches by which candidates are older than the freshest, to see what age costs."""
FEWEST_ROWS = 10
"""Rows of a stretch below which nothing is concluded from it."""
FEWEST_NIGHTS = 3
"""Partitions of a stretch of at least so many below which nothing is concluded from it: single nights have moods."""
LOSSES = 60


def twin_of(cell: Cell) -> Cell:
    """Return the cheap candidate of the same cut and window."""
    return Cell(cell.cut, cell.window, "cheap", cell.known_at)


@dataclass(frozen=True)
class View:
    """What cheap candidates of a night are compared, and where.

    Attributes
    ----------
    time : Timeline
    night : int
    champion : Cell or None
        Its cell, full or cheap.
    windows : tuple of str
        All history among them.
    kept : int
        Newest labelled partitions that a training of tonight leaves to the gate.

    Notes
    -----
    A *stretch* is the partitions from one cheap candidate's cut to the next's: one partition, or several where the windows
    are many partitions long (`include.policy.windows.step_of`).
    """

    time: Timeline
    night: int
    champion: Cell | None
    windows: tuple[str, ...]
    kept: int = 0
    _found: dict[tuple[int, str, int], Cell | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def step(self) -> int:
        """Partitions of a stretch."""
        return step_of(self.windows)

    def stretches(self, most: int = REMEMBER) -> list[list[int]]:
        """Return the labelled partitions of the newest stretches that a candidate could be judged on, oldest first."""
        newest = int(self.time.newest[self.night])
        found: dict[int, list[int]] = {}
        for place in range(max(0, newest + 1 - most * self.step), newest + 1):
            if self.time.known[self.night, place] and self.fresh(place, ALL) is not None:
                found.setdefault(place // self.step, []).append(place)
        return list(found.values())

    def fresh(self, place: int, window: str, older: int = 0) -> Cell | None:
        """Return the cheap candidate that was freshest before a partition, or would have been so many partitions earlier."""
        key = (place, window, older)
        if key not in self._found:
            self._found[key] = self._fresh(place, window, older)
        return self._found[key]

    def _fresh(self, place: int, window: str, older: int) -> Cell | None:
        newest = (place - older) // self.step * self.step - 1
        for cut in (newest, newest - self.step):  # where labels came late, no night ended with the first
            at = self.time.night_of(cut, self.night) if cut >= 0 else None
            if at is not None:
                return self.time.cell(at, window, "cheap")
        return None

    def gainers(self, place: int, window: str) -> tuple[Cell, Cell] | None:
        """Return the champion's twin and what a training would have put in its place; None where it is no other, or older."""
        mine = self.fresh(place, window, self.kept)
        if self.champion is None or mine is None or place <= self.champion.cut:
            return None
        twin = twin_of(self.champion)
        later = mine.cut > twin.cut or (mine.cut == twin.cut and mine.window != twin.window)
        return (twin, mine) if later else None

    def asked(self) -> dict[Cell, set[int]]:
        """Return every cheap candidate that the comparison needs, with the partitions it must have scored."""
        wanted: dict[Cell, set[int]] = {}
        for place in [place for stretch in self.stretches(LONG) for place in stretch]:
            for window in self.windows:
                older = [self.fresh(place, window, age * self.step) for age in (0, *AGES)]
                for cell in [*older, *(self.gainers(place, window) or ())]:
                    if cell is not None:
                        wanted.setdefault(cell, set()).add(place)
        return wanted


def probes_of(matrix: Matrix, view: View) -> tuple[Probe, ...]:
    """Return what cheap candidates showed until the end of a night, one probe a window, without CPU seconds.

    Parameters
    ----------
    matrix : Matrix
        With the cells of `View.asked`; stretches with cells that are not there are left out.
    view : View
    """
    newest, longer = (
        [stretch for stretch in view.stretches(most) if _there(matrix, view, stretch)] for most in (REMEMBER, LONG)
    )
    return tuple(_probe(matrix, view, window, newest, longer) for window in view.windows)


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


def _there(matrix: Matrix, view: View, stretch: Sequence[int]) -> bool:
    """Tell whether a stretch has the candidates that are compared on it, and rows enough."""
    cells = [view.fresh(place, window) for place in stretch for window in view.windows]
    if not all(cell is not None and matrix.has(cell) for cell in cells):
        return False
    found = _difference(matrix, view, [(p, view.fresh(p, ALL), view.fresh(p, ALL)) for p in stretch])
    return found is not None


def _probe(matrix: Matrix, view: View, window: str, newest: Sequence[list[int]], longer: Sequence[list[int]]) -> Probe:
    pairs = tuple(_pair(matrix, view, window, stretch) for stretch in newest)
    lately, _ = _ageing(matrix, view, window, newest, REMEMBERED)
    always, error = _ageing(matrix, view, window, longer, 1.0)
    return Probe(window, pairs, ageing=lately, long_ageing=always, long_ageing_error=error)


def _pair(matrix: Matrix, view: View, window: str, stretch: Sequence[int]) -> Pair:
    fresh = [(place, view.fresh(place, window)) for place in stretch]
    edge = _edge(matrix, view, window, stretch)
    gains = [(place, *found) for place in stretch if (found := view.gainers(place, window))]
    gain = _difference(matrix, view, gains)
    mask = [view.time.known_rows(view.night, place, "cheap") for place in stretch]
    level = [matrix.known_mean(c, p, known) for (p, c), known in zip(fresh, mask, strict=True) if c is not None]
    return Pair(
        partition=view.time.history.partitions[stretch[-1]].key,
        age=view.night - stretch[-1],
        candidate=float(np.nanmean(level)),
        edge=edge[0] if edge else 0.0,
        edge_error=edge[1] if edge else 0.0,
        gain=gain[0] if gain else None,
        gain_error=gain[1] if gain else None,
        share=len(gains if gain else stretch) / view.step,
    )


def _edge(matrix: Matrix, view: View, window: str, stretch: Sequence[int]) -> tuple[float, float] | None:
    """Return by how much candidates of a window are better than those of all history of the same age, and the standard error.

    The mean over fresh candidates and those that are `AGES` older: a window is right that serves well until the next
    training, not on the day after alone.
    """
    found = []
    for age in (0, *AGES):
        older = [(place, view.fresh(place, ALL, age * view.step)) for place in stretch]
        one = _difference(matrix, view, [(p, base, view.fresh(p, window, age * view.step)) for p, base in older])
        found += [one] if one else []
    return (float(np.mean([m for m, _ in found])), float(np.mean([e for _, e in found]))) if found else None


def _ageing(
    matrix: Matrix, view: View, window: str, stretches: Sequence[list[int]], fading: float
) -> tuple[float, float]:
    """Return the extra loss of a row that a stretch of age brings, a line through zero fitted to `AGES`, and its error.

    The n-th stretch before the newest weighs ``fading**n``. Ages of one stretch are judged on the same rows, so their errors add.
    """
    total = weight = variance = 0.0
    for back, stretch in enumerate(reversed(stretches)):
        error = 0.0
        for age in AGES:
            older = [
                (place, view.fresh(place, window), view.fresh(place, window, age * view.step)) for place in stretch
            ]
            found = _difference(matrix, view, [(p, old, fresh) for p, fresh, old in older if old != fresh])
            if found:
                total += fading**back * found[0]
                error += fading**back * found[1]
                weight += fading**back * age
        variance += error**2
    return (total / weight, float(np.sqrt(variance)) / weight) if weight else (0.0, 0.0)


def _difference(
    matrix: Matrix, view: View, compared: Sequence[tuple[int, Cell | None, Cell | None]]
) -> tuple[float, float] | None:
    """Return the mean over partitions of loss(first) − loss(second), and its standard error over rows.

    The variance of a row's difference is pooled over the partitions, which may have a single row each; the error is that of
    rows or, from `FEWEST_NIGHTS` on, that of the spread between partitions where it is larger. None with fewer than
    `FEWEST_ROWS` rows, with fewer than `FEWEST_NIGHTS` partitions of a stretch that has more, or where a candidate is not there.
    """
    masks = [view.time.known_rows(view.night, place, "cheap") for place, _, _ in compared]
    if any(mask is not None for mask in masks):
        return _compared(matrix, compared, masks, view.step)
    key = (view.step, *compared)
    if key not in matrix.differences:  # once all labels are known it stays what it is, and later nights ask again
        matrix.differences[key] = _compared(matrix, compared, masks, view.step)
    return matrix.differences[key]


def _compared(
    matrix: Matrix,
    compared: Sequence[tuple[int, Cell | None, Cell | None]],
    masks: Sequence[NDArray[np.bool_] | None],
    step: int,
) -> tuple[float, float] | None:
    found = []
    for (place, first, second), mask in zip(compared, masks, strict=True):
        if first is not None and second is not None and matrix.has(first) and matrix.has(second):
            paired = matrix.paired(first, second, place, mask)
            found += [paired] if paired else []
    rows = sum(paired.kept for paired in found)
    if rows < FEWEST_ROWS or len(found) < min(FEWEST_NIGHTS, step):
        return None
    mean = sum(paired.total for paired in found) / rows
    variance = max(0.0, sum(paired.squares for paired in found) / rows - mean**2)
    error = np.sqrt(variance * sum(1 / paired.scored for paired in found)) / len(found)
    means = [paired.mean for paired in found]
    if len(found) >= FEWEST_NIGHTS:
        error = max(error, np.std(means, ddof=1) / np.sqrt(len(found)))
    return float(np.mean(means)), float(error)
