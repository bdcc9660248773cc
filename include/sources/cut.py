"""Which partition each row belongs to, and which rows lie in an interval of partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.partitions import partition_at, partitions_between
from include.sources.typing import INSTANT

if TYPE_CHECKING:
    from datetime import datetime

    from include.config.dataset import Dataset
    from include.partitions import Partition


class PartitionCut:
    """Finds the rows of an interval of partitions, and the key of each row's partition.

    Parameters
    ----------
    dataset : Dataset
        Its grain and zone.
    first, last : Partition or None
        The interval, both included; with None every row is inside.
    """

    def __init__(self, dataset: Dataset, first: Partition | None = None, last: Partition | None = None) -> None:
        self._dataset = dataset
        self._inside = partitions_between(first, last) if first and last else None

    def place(self, instants: np.ndarray) -> tuple[np.ndarray, pa.Array]:
        """Return which rows are inside, and the keys of their partitions.

        Parameters
        ----------
        instants : np.ndarray of int64 of shape (n_rows,)
            Microseconds since 1970 in UTC.

        Returns
        -------
        positions : np.ndarray of int64 of shape (n_inside,)
            Increasing positions of the rows that are inside.
        keys : pa.Array of string of length n_inside
            The key of the partition of each.
        """
        partitions = self._partitions_of(instants) if self._inside is None else self._inside
        if not partitions:
            return np.empty(0, np.int64), pa.array([], pa.string())
        starts = np.array([_microseconds(partition.start) for partition in partitions])
        place = np.searchsorted(starts, instants, side="right") - 1
        inside = np.flatnonzero((place >= 0) & (instants < _microseconds(partitions[-1].end)))
        keys = pa.array([partition.key for partition in partitions], pa.string())
        return inside, keys.take(pa.array(place[inside]))

    def _partitions_of(self, instants: np.ndarray) -> list[Partition]:
        found: list[Partition] = []
        unique = np.unique(instants)
        position = 0
        while position < len(unique):
            when = pa.scalar(int(unique[position]), INSTANT).as_py()
            found.append(partition_at(when, self._dataset.partition, self._dataset.timezone))
            position = int(np.searchsorted(unique, _microseconds(found[-1].end)))
        return found


def _microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000
