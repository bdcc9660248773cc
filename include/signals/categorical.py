"""What one pass keeps of a categorical column: counts of the reference's categories, and the heaviest unseen ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.columns import codes_of, kind_of, texts_of
from include.signals.edges import CategoricalEdges
from include.signals.errors import SignalError
from include.signals.heavy import HeavyHitters, counted
from include.signals.numeric import CountArray


@dataclass(frozen=True)
class CategoricalProfile:
    """Mergeable summary of a categorical column.

    Attributes
    ----------
    edges : CategoricalEdges
        The reference's categories.
    rows : int
        Rows seen; ``rows = nulls + unseen + sum(counts)``.
    nulls : int
        Rows that are null.
    unseen : int
        Rows whose text is none of the categories.
    counts : numpy.ndarray of shape (n_categories,)
        Rows of each category.
    heavy : HeavyHitters
        The most frequent of the unseen texts.
    """

    edges: CategoricalEdges
    rows: int = 0
    nulls: int = 0
    unseen: int = 0
    counts: CountArray = field(default_factory=lambda: np.empty(0, np.int64))
    heavy: HeavyHitters = field(default_factory=HeavyHitters)

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.edges.categories):
            if len(self.counts):
                raise SignalError.at(
                    f"column {self.edges.name}",
                    f"{len(self.counts)} counts",
                    f"{len(self.edges.categories)}, one for each category of the reference",
                    "profile the partition again",
                )
            object.__setattr__(self, "counts", np.zeros(len(self.edges.categories), np.int64))

    @classmethod
    def of(cls, texts: pa.Array, edges: CategoricalEdges) -> CategoricalProfile:
        """Return the profile of an array as `texts_of` returns it, nulls allowed."""
        k = len(edges.categories)
        values, totals = counted(texts)
        codes = codes_of(values, edges.array)
        cells = np.zeros(k + 1, np.int64)
        np.add.at(cells, codes, totals)
        unseen = codes == k
        heavy = HeavyHitters.of_counts(values.filter(pa.array(unseen)), totals[unseen]) if cells[k] else HeavyHitters()
        return cls(edges, len(texts), texts.null_count, int(cells[k]), cells[:k], heavy)

    def merge(self, other: CategoricalProfile) -> CategoricalProfile:
        """Return the profile of the rows of both, whatever the order; the heaviest unseen within their stated error."""
        return CategoricalProfile(
            self.edges,
            self.rows + other.rows,
            self.nulls + other.nulls,
            self.unseen + other.unseen,
            self.counts + other.counts,
            self.heavy.merge(other.heavy),
        )

    @property
    def n(self) -> int:
        """Rows that have a category: what distances are made of."""
        return self.rows - self.nulls

    @cached_property
    def cells(self) -> CountArray:
        """Counts of every category and of the unseen bucket, shape (n_categories + 1,)."""
        return np.append(self.counts, self.unseen)

    def to_row(self) -> dict[str, Any]:
        """Return the columns of `profile_rows.PROFILE_SCHEMA` that a categorical column fills."""
        return {
            "rows": self.rows,
            "nulls": self.nulls,
            "unseen": self.unseen,
            "counts": self.counts.tolist(),
            "count": self.n,
            "heavy": [{"value": text, "count": count} for text, count in self.heavy.ranked()],
            "heavy_error": self.heavy.error,
        }

    @classmethod
    def from_row(cls, row: dict[str, Any], edges: CategoricalEdges) -> CategoricalProfile:
        """Return the profile that `to_row` wrote."""
        heavy = HeavyHitters({item["value"]: item["count"] for item in row["heavy"]}, row["heavy_error"])
        return cls(edges, row["rows"], row["nulls"], row["unseen"], np.array(row["counts"], np.int64), heavy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CategoricalProfile) and self.edges == other.edges and self.to_row() == other.to_row()

    def __hash__(self) -> int:
        return hash((self.edges, self.rows, self.counts.tobytes(), self.heavy))


class CategoricalCounter:
    """Profiles a categorical column batch by batch."""

    def __init__(self, edges: CategoricalEdges) -> None:
        self.profile = CategoricalProfile(edges)

    def add(self, column: pa.Array) -> None:
        """Add the rows of one batch.

        Raises
        ------
        SignalError
            When the column cannot be read as categories.
        """
        if kind_of(column.type) is None:
            raise SignalError.at(
                f"column {self.profile.edges.name}",
                f"type {column.type}",
                "texts, booleans or codes, like in the reference",
                "cast it or leave it out",
            )
        part = CategoricalProfile.of(texts_of(column), self.profile.edges)
        self.profile = self.profile.merge(part)
