"""Which labels were known when: the only way in which a replay looks at time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from include.policy.cells import Cell, kept_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from include.policy.history import History
    from include.policy.recipe import Kind

LABELLED = 0.8
"""A partition counts as labelled when its share of known labels is this much of the best partition's until then."""


@dataclass(frozen=True)
class Timeline:
    """What was known at the end of each night.

    Attributes
    ----------
    history : History
    newest : array of int64, shape (n_partitions,)
        By night: place of the newest labelled partition, -1 while there is none.
    known : array of int64, shape (n_partitions, n_partitions)
        By night and partition: labels known.
    """

    history: History
    newest: NDArray[np.int64]
    known: NDArray[np.int64]

    def complete(self, night: int, last: int) -> bool:
        """Tell whether every label of the partitions up to `last` was known at the end of a night."""
        return bool(self.known[night, : last + 1].sum() == self.history.offsets[last + 1])

    def cell(self, night: int, window: str, kind: Kind, holdout: int = 0) -> Cell | None:
        """Return the candidate that a night would train, None where no partition is left to train on.

        Parameters
        ----------
        night : int
        window : str
        kind : str
        holdout : int
            Newest labelled partitions kept from training.
        """
        cut = int(self.newest[night]) - holdout
        if cut < 0 or self.known[night, : cut + 1].sum() == 0:
            return None
        return Cell(cut, window, kind, -1 if self.complete(night, cut) else night)

    def night_of(self, cut: int, by: int) -> int | None:
        """Return the newest night until `by` whose newest labelled partition is `cut`."""
        there = np.flatnonzero(self.newest[: by + 1] == cut)
        return int(there[-1]) if len(there) else None

    def new_labels(self, night: int, cell: Cell, left: int = 0) -> int:
        """Return how many labels were known at the end of a night that a candidate did not learn from.

        Parameters
        ----------
        night : int
        cell : Cell
            The candidate.
        left : int
            Newest labelled partitions that do not count: a training would leave them to the gate.
        """
        learned = self.known[cell.known_at if cell.known_at >= 0 else night, : cell.cut + 1].sum()
        seen = self.known[night, : max(cell.cut, int(self.newest[night]) - left) + 1] if left else self.known[night]
        return int(seen.sum() - learned)

    def known_rows(self, night: int, partition: int, kind: Kind) -> NDArray[np.bool_] | None:
        """Return which of the rows that keep their loss had a known label; None where all labels were known."""
        start, end = int(self.history.offsets[partition]), int(self.history.offsets[partition + 1])
        if self.known[night, partition] == end - start:
            return None
        rows, kept = kept_rows(self.history, partition, kind)
        return np.asarray(self.history.known[rows[kept]] <= self.history.ends()[night])


def timeline(history: History, delay: int | None = None) -> Timeline:
    """Return what was known when.

    Parameters
    ----------
    history : History
    delay : int, optional
        Partitions from the end of a partition until all of its labels are known; the rows' own instants when left out.

    Examples
    --------
    >>> from include.policy.example import straight_history
    >>> timeline(straight_history(4), delay=1).newest.tolist()
    [-1, 0, 1, 2]
    """
    count = len(history)
    sizes = np.diff(history.offsets)
    if delay is not None:
        known = np.where(np.arange(count)[:, None] - delay >= np.arange(count)[None, :], sizes[None, :], 0)
        return Timeline(history, np.arange(count) - delay, known.astype(np.int64))
    known = np.zeros((count, count), np.int64)
    ends = history.ends()
    for place in range(count):
        instants = np.sort(history.known[history.offsets[place] : history.offsets[place + 1]])
        known[place:, place] = np.searchsorted(instants, ends[place:], side="right")
    return Timeline(history, _newest(history, known), known)


def _newest(history: History, known: NDArray[np.int64]) -> NDArray[np.int64]:
    share = known / np.maximum(history.rows, 1)
    labelled = (share > 0) & (share >= LABELLED * share.max(axis=1, keepdims=True))
    places = np.where(labelled, np.arange(len(history))[None, :], -1)
    return np.asarray(places.max(axis=1), np.int64)
