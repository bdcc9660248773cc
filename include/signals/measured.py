"""A measured statistic: its value beside what it would be if nothing had changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Health = Literal["pass", "cannot_tell"]


@dataclass(frozen=True)
class Measured:
    """One statistic of a partition against its reference.

    Attributes
    ----------
    value : float
        Dimensionless unless the statistic says otherwise; nan when it cannot be told.
    standard_error : float
        Of the value over repeated draws of the current rows, the reference as it is; same unit.
    expected_under_no_change : float
        Mean of the value if both sides were drawn from one distribution; same unit. Not zero for a distance: two
        samples of one distribution are never equal.
    spread_under_no_change : float
        Standard deviation of the value, likewise, jitter of `lattice` included.
    rows : int
        Current rows that the value is made of.
    health : {"pass", "cannot_tell"}
        ``"cannot_tell"`` where one side has no usable row or a moment overflowed.
    lattice : float
        Typical step between the values that are possible at this number of rows; same unit. Nearly 0 for continuous
        data; of a share, one row's worth.
    """

    value: float
    standard_error: float
    expected_under_no_change: float
    spread_under_no_change: float
    rows: int
    health: Health = "pass"
    lattice: float = 0.0

    def studentised(self, uniform: float = 0.5) -> float:
        """Return ``(value − expectation) / spread``: mean 0 and standard deviation 1 under no change at any rows.

        Parameters
        ----------
        uniform : float
            A number in [0, 1) that is uniform over partitions and fixed for each, such as a hash of its key.

        Notes
        -----
        Values of few rows lie on a lattice: a column with one null in ten thousand has 0 nulls on most nights, and
        ``−expectation / spread`` of such a night depends on its number of rows, so that halving the rows of an
        unchanged stream would shift every later value and raise an alarm. A uniform jitter of one lattice step makes
        the value continuous; its variance (step² / 12) is part of the spread. With `uniform` 0.5 there is no jitter.

        Examples
        --------
        >>> Measured(0.5, 0.0, 0.25, 0.125, 100).studentised()
        2.0
        """
        if self.health == "cannot_tell":
            return math.nan
        deviation = self.value + (uniform - 0.5) * self.lattice - self.expected_under_no_change
        if self.spread_under_no_change > 0:
            return deviation / self.spread_under_no_change
        return math.copysign(math.inf, deviation) if deviation else 0.0


def cannot_tell(rows: int) -> Measured:
    """Return the measurement that says nothing, of so many current rows."""
    return Measured(math.nan, math.nan, math.nan, math.nan, rows, "cannot_tell")
