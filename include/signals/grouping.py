"""One profile for each group of a side: its files by folder, or its rows by the value of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.edges import Edges
from include.signals.errors import SignalError
from include.signals.profile import Profile, profile
from include.signals.reading import Side
from include.signals.streaming import BATCH_ROWS, regrouped

MOST_GROUPS = 10_000
ALL = "all"
GROUPED_ROWS = 4 * BATCH_ROWS  # rows of many groups are collected before they are told apart


@dataclass(frozen=True)
class Groups:
    """How a side is split.

    Attributes
    ----------
    by : str or None
        The column, or the folders' key; None for one group.
    keys : tuple of str
        The groups in their order: folders by name, values of a column by size.
    of_rows : numpy.ndarray of shape (n_rows,) or None
        For a column: the index of each row's group, in the order of the files.
    """

    by: str | None
    keys: tuple[str, ...]
    of_rows: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, side: Side, by: str | None) -> Groups:
        """Return the groups of a side by a column, else by its folders, else one.

        Raises
        ------
        SignalError
            When the column is missing or has more than `MOST_GROUPS` values.
        """
        if by is None or (by == side.key and by not in side.kinds):
            if side.key is None:
                return cls(None, (ALL,), None)
            return cls(side.key, tuple(dict.fromkeys(str(part.key) for part in side.parts)), None)
        if side.kinds.get(by) is None:
            names = ", ".join([*(name for name, kind in side.kinds.items() if kind), *([side.key] if side.key else [])])
            raise SignalError.at(
                f"{side.path}, column {by}", "it cannot group rows", f"one of: {names}", "correct --by"
            )
        return cls._by_column(side, by)

    @classmethod
    def _by_column(cls, side: Side, by: str) -> Groups:
        column = side.column(by)
        distinct = pc.unique(column)
        if len(distinct) > MOST_GROUPS:
            raise SignalError.at(
                f"{side.path}, column {by}",
                f"{len(distinct):,} different values",
                f"at most {MOST_GROUPS:,} groups",
                "choose a coarser column, as the day of a time",
            )
        ordered = distinct.take(pc.sort_indices(distinct))
        texts = ordered.cast(pa.string())
        of_rows = pc.index_in(column.cast(pa.string()), value_set=texts).to_numpy()
        named = _named(ordered).to_pylist()
        missing = "(null)" if "null" in named else "null"
        return cls(by, tuple(missing if key is None else key for key in named), of_rows.astype(np.int64))

    def profiles(self, side: Side, edges: Edges, *, threads: int) -> list[Profile]:
        """Return the profile of every group, in their order, in one pass over the files."""
        names = list(edges.subjects)
        if self.of_rows is None:
            found = {key: Profile.empty(edges) for key in self.keys}
            for part in side.parts:
                key = part.key if part.key is not None else ALL
                found[key] = found[key].merge(profile(part.batches(names), edges, threads=threads))
            return list(found.values())
        result = [Profile.empty(edges) for _ in self.keys]
        for group, rows in self._slices(side.batches(names)):
            result[group] = result[group].merge(profile(rows.to_batches(), edges, threads=1))
        return result

    def _slices(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
        """Yield the rows of one group at a time, groups in order within each table."""
        start = 0
        of_rows = np.empty(0, np.int64) if self.of_rows is None else self.of_rows
        for table in regrouped(batches, GROUPED_ROWS):
            groups = of_rows[start : start + table.num_rows]
            start += table.num_rows
            order = np.argsort(groups, kind="stable")
            if np.any(order[1:] < order[:-1]):
                table, groups = table.take(pa.array(order)), groups[order]
            for first, last in _runs(groups):
                yield int(groups[first]), table.slice(first, last - first)

    def columns(self, side: Side, name: str) -> list[Any]:
        """Return the values of one column, one chunked array for each group in their order."""
        if self.of_rows is None:
            return [side.column(name, None if key == ALL else key) for key in self.keys]
        whole = side.column(name)
        order = np.argsort(self.of_rows, kind="stable")
        ends = np.searchsorted(self.of_rows[order], np.arange(len(self.keys) + 1))
        taken = whole.take(pa.array(order))
        return [taken.slice(first, last - first) for first, last in pairwise(ends)]


def _named(values: pa.Array) -> pa.Array:
    """Return the keys of values; days and hours of timestamps as partitions name them, so that alarms know the calendar."""
    if pa.types.is_timestamp(values.type) and len(values.drop_null()):
        for unit, format_of in (("day", "%Y-%m-%d"), ("hour", "%Y-%m-%dT%HZ")):
            if pc.all(pc.equal(pc.floor_temporal(values, unit=unit), values)).as_py():
                hours = values.cast(pa.timestamp("s", "UTC")) if values.type.tz and unit == "hour" else values
                return pc.strftime(hours.cast(pa.timestamp("s", hours.type.tz)), format=format_of)
    return values.cast(pa.string())


def _runs(groups: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    yield from zip(starts.tolist(), [*starts[1:].tolist(), len(groups)], strict=True)
