"""Profiles: what one streaming pass over a partition keeps of every column, so that windows of any length are sums.

>>> reference = pa.record_batch({"delay": [1.0, 2.0, 3.0], "carrier": ["AA", "UA", "UA"]})
>>> edges = edges_from([reference])
>>> tonight = profile([pa.record_batch({"delay": [2.0, None, 9.0], "carrier": ["UA", "WN", None]})], edges)
>>> tonight.numeric("delay").counts, tonight.numeric("delay").above, tonight.numeric("delay").nulls
(array([0, 1, 0]), 1, 1)
>>> tonight.categorical("carrier").counts, tonight.categorical("carrier").heavy.ranked()
(array([0, 1]), [('WN', 1)])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from include.signals.binning import edges_from
from include.signals.categorical import CategoricalCounter, CategoricalProfile
from include.signals.edges import CategoricalEdges, Edges, SubjectEdges
from include.signals.errors import SignalError
from include.signals.numeric import NumericCounter, NumericProfile
from include.signals.streaming import THREADS, Columns, regrouped

SubjectProfile = NumericProfile | CategoricalProfile

__all__ = ["CategoricalProfile", "Edges", "NumericProfile", "Profile", "SubjectProfile", "edges_from", "profile"]


@dataclass(frozen=True)
class Profile:
    """Profiles of all columns of one set of rows, counted in one reference's bins.

    Attributes
    ----------
    edges : Edges
        The reference's bins; ``edges.id`` is the reference id of the tables.
    rows : int
        Rows seen.
    subjects : mapping of str to NumericProfile or CategoricalProfile
        One for each column of the edges.
    """

    edges: Edges
    rows: int
    subjects: Mapping[str, SubjectProfile]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch], edges: Edges) -> Profile:
        """Return the profile of these rows; see `profile`."""
        return profile(batches, edges)

    @classmethod
    def empty(cls, edges: Edges) -> Profile:
        """Return the profile of no rows: merging it changes nothing."""
        return cls(edges, 0, {name: _counter(part).profile for name, part in edges.subjects.items()})

    def merge(self, other: Profile) -> Profile:
        """Return the profile of the rows of both.

        Associative and commutative: counts, extremes and rows exactly, moments up to rounding, the heaviest unseen
        categories within their stated error.

        Raises
        ------
        SignalError
            When the two were counted in different bins.
        """
        self.check_same_edges(other)
        subjects = {name: part.merge(other.subjects[name]) for name, part in self.subjects.items()}  # type: ignore[arg-type]
        return Profile(self.edges, self.rows + other.rows, subjects)

    __add__ = merge

    def check_same_edges(self, other: Profile) -> None:
        """Return when both were counted in the same bins.

        Raises
        ------
        SignalError
            When they were not.
        """
        if self.edges != other.edges:
            raise SignalError.at(
                "profiles",
                f"references {self.edges.id[:12]} and {other.edges.id[:12]}",
                "one reference, since counts in different bins cannot be added or compared",
                "profile both with the same edges",
            )

    def numeric(self, name: str) -> NumericProfile:
        """Return the profile of one numeric column.

        Raises
        ------
        SignalError
            When there is no such numeric column.
        """
        found = self.subjects.get(name)
        if isinstance(found, NumericProfile):
            return found
        raise self._missing(name, "numeric")

    def categorical(self, name: str) -> CategoricalProfile:
        """Return the profile of one categorical column.

        Raises
        ------
        SignalError
            When there is no such categorical column.
        """
        found = self.subjects.get(name)
        if isinstance(found, CategoricalProfile):
            return found
        raise self._missing(name, "categorical")

    def _missing(self, name: str, kind: str) -> SignalError:
        names = ", ".join(one for one, edges in self.edges.subjects.items() if edges.kind == kind)
        return SignalError.at(
            f"column {name}", f"no {kind} column of that name", f"one of: {names}", "correct the name"
        )


def _counter(edges: SubjectEdges) -> NumericCounter | CategoricalCounter:
    return CategoricalCounter(edges) if isinstance(edges, CategoricalEdges) else NumericCounter(edges)


def profile(batches: Iterable[pa.RecordBatch], edges: Edges, *, threads: int = THREADS) -> Profile:
    """Return the profile of a partition, in one pass; memory is bounded by a few batches, not by the partition.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        The rows. Columns that the edges do not name are ignored, so decode only ``edges.subjects``.
    edges : Edges
        The reference's bins.
    threads : int
        Columns worked on at the same time, while the next batch is read.

    Raises
    ------
    SignalError
        When a column is missing or is not of the reference's kind.

    Notes
    -----
    No batch at all gives the empty profile. The result does not depend on the number of threads.
    """
    counters = {name: _counter(part) for name, part in edges.subjects.items()}
    rows = 0
    with Columns(threads) as pool:
        for table in regrouped(batches):
            pool.submit(table, {name: counter.add for name, counter in counters.items()})
            rows += table.num_rows
    return Profile(edges, rows, {name: counter.profile for name, counter in counters.items()})
