"""Shares of rows: binomial under no change."""

from __future__ import annotations

import math
from abc import abstractmethod

from include.signals.law import Law
from include.signals.profile import SubjectProfile
from include.signals.statistic import Statistic


class RowShare(Statistic):
    """A share of rows: binomial under no change, whose lattice is one row."""

    @abstractmethod
    def counts(self, side: SubjectProfile) -> tuple[int, int]:
        """Return how many rows count, and of how many."""

    def binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        """Return the current share; nan when one side has no row that it could be a share of."""
        of_reference, (found, rows) = self.counts(reference)[1], self.counts(current)
        return found / rows if rows and of_reference else math.nan

    def rows_of(self, current: SubjectProfile) -> int:
        """Return the rows that the value is a share of."""
        return self.counts(current)[1]

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        return self.binned(reference, current)

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        (found, total), rows = self.counts(reference), self.counts(current)[1]
        share = found / total
        return Law(share, math.sqrt(share * (1 - share) * (1 / rows + 1 / total)), 1 / rows)

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        found, rows = self.counts(current)
        return math.sqrt(found * (rows - found) / rows) / rows
