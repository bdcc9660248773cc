"""What one pass keeps of a numeric column: counts in the reference's bins, moments, extremes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.signals.columns import kind_of, numbers_of
from include.signals.edges import NumericEdges
from include.signals.errors import SignalError
from include.signals.moments import FloatArray, Moments
from include.signals.scratch import scratch

CountArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NumericProfile:
    """Mergeable summary of a numeric column.

    Attributes
    ----------
    edges : NumericEdges
        The reference's bins.
    rows : int
        Rows seen; ``rows = nulls + non_finite + finite values``.
    nulls : int
        Rows that are null or NaN.
    non_finite : int
        Rows that are plus or minus infinity.
    below, above : int
        Finite values outside the reference's range.
    below_excess, above_excess : float
        Sum of their distances from the range, in the unit of the column.
    counts : numpy.ndarray of shape (n_bounds,)
        Finite values in each bin.
    moments : Moments
        Of the finite values.
    minimum, maximum : float
        Smallest and largest finite value; inf and −inf when there is none.
    """

    edges: NumericEdges
    rows: int = 0
    nulls: int = 0
    non_finite: int = 0
    below: int = 0
    above: int = 0
    below_excess: float = 0.0
    above_excess: float = 0.0
    counts: CountArray = field(default_factory=lambda: np.empty(0, np.int64))
    moments: Moments = field(default_factory=Moments)
    minimum: float = np.inf
    maximum: float = -np.inf

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.edges.bounds):
            if len(self.counts):
                raise SignalError.at(
                    f"column {self.edges.name}",
                    f"{len(self.counts)} counts",
                    f"{len(self.edges.bounds)}, one for each bin of the reference",
                    "profile the partition again",
                )
            object.__setattr__(self, "counts", np.zeros(len(self.edges.bounds), np.int64))

    @classmethod
    def of(cls, values: FloatArray, edges: NumericEdges, nulls: int = 0) -> NumericProfile:
        """Return the profile of float64 values of shape (n,), NaN and infinities allowed, beside so many nulls.

        Notes
        -----
        The values are sorted: with numpy's vectorised sort that is several times faster than looking every value's
        bin up, and puts the nulls, infinities and extremes at the ends. Sums over sorted values do not depend on the
        order in which they came.
        """
        ordered = scratch("ordered", len(values))
        ordered[:] = values
        ordered.sort()
        start, stop, end = np.searchsorted(ordered, [-np.inf, np.inf, np.nan], side="left")
        start = int(np.searchsorted(ordered[:stop], -np.inf, side="right"))
        finite = ordered[start:stop]
        rows, nans = nulls + len(values), len(values) - int(end)
        plain = cls(edges, rows, nulls + nans, len(values) - nans - len(finite))
        if not len(finite):
            return plain
        bounds, n = edges.array, len(finite)
        below = int(np.searchsorted(finite, bounds[0], side="left")) if len(bounds) else 0
        positions = np.searchsorted(finite, bounds, side="right")
        above = n - int(positions[-1]) if len(bounds) else n
        with np.errstate(over="ignore"):
            below_excess = float((bounds[0] - finite[:below]).sum()) if below else 0.0
            above_excess = float((finite[n - above :] - bounds[-1]).sum()) if above and len(bounds) else 0.0
        return replace(
            plain,
            below=below,
            above=above,
            below_excess=below_excess,
            above_excess=above_excess,
            counts=np.diff(positions, prepend=below),
            moments=Moments.of(finite),
            minimum=float(finite[0]),
            maximum=float(finite[-1]),
        )

    def merge(self, other: NumericProfile) -> NumericProfile:
        """Return the profile of the rows of both; counts exactly, moments up to rounding, whatever the order."""
        return NumericProfile(
            self.edges,
            self.rows + other.rows,
            self.nulls + other.nulls,
            self.non_finite + other.non_finite,
            self.below + other.below,
            self.above + other.above,
            self.below_excess + other.below_excess,
            self.above_excess + other.above_excess,
            self.counts + other.counts,
            self.moments.merge(other.moments),
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )

    @property
    def n(self) -> int:
        """Finite values: the rows that distances are made of."""
        return self.moments.count

    @cached_property
    def cells(self) -> CountArray:
        """Counts below, in every bin, and above, shape (n_bounds + 2,)."""
        return np.concatenate([[self.below], self.counts, [self.above]])

    @cached_property
    def distribution(self) -> FloatArray:
        """Share of the finite values below the range and at most each bound, shape (n_bounds + 1,)."""
        shares: FloatArray = np.cumsum(self.cells[:-1]) / max(self.n, 1)
        return shares

    def to_row(self) -> dict[str, Any]:
        """Return the columns of `profile_rows.PROFILE_SCHEMA` that a numeric column fills."""
        known = self.n > 0
        return {
            "rows": self.rows,
            "nulls": self.nulls,
            "non_finite": self.non_finite,
            "below": self.below,
            "above": self.above,
            "below_excess": self.below_excess,
            "above_excess": self.above_excess,
            "counts": self.counts.tolist(),
            "count": self.n,
            "mean": self.moments.mean if known else None,
            "m2": self.moments.m2,
            "m3": self.moments.m3,
            "m4": self.moments.m4,
            "min": self.minimum if known else None,
            "max": self.maximum if known else None,
        }

    @classmethod
    def from_row(cls, row: dict[str, Any], edges: NumericEdges) -> NumericProfile:
        """Return the profile that `to_row` wrote."""
        known = row["count"] > 0
        return cls(
            edges,
            row["rows"],
            row["nulls"],
            row["non_finite"],
            row["below"],
            row["above"],
            row["below_excess"],
            row["above_excess"],
            np.array(row["counts"], np.int64),
            Moments(row["count"], row["mean"] if known else 0.0, row["m2"], row["m3"], row["m4"]),
            row["min"] if known else np.inf,
            row["max"] if known else -np.inf,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumericProfile) and self.edges == other.edges and self.to_row() == other.to_row()

    def __hash__(self) -> int:
        return hash((self.edges, self.rows, self.counts.tobytes(), self.moments))


class NumericCounter:
    """Profiles a numeric column batch by batch."""

    def __init__(self, edges: NumericEdges) -> None:
        self.profile = NumericProfile(edges)

    def add(self, column: pa.Array) -> None:
        """Add the rows of one batch.

        Raises
        ------
        SignalError
            When the column is not numeric.
        """
        name = self.profile.edges.name
        if kind_of(column.type) != "numeric":
            raise SignalError.at(
                f"column {name}",
                f"type {column.type}",
                "numbers, like in the reference",
                "cast it, or compare the column as categories",
            )
        values, nulls = numbers_of(column)
        self.profile = self.profile.merge(NumericProfile.of(values, self.profile.edges, nulls))
