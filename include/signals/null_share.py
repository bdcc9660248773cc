"""Share of rows without a value."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.signals.profile import SubjectProfile
from include.signals.row_share import RowShare
from include.signals.statistic import arrow_of


class NullShare(RowShare):
    """Share of rows that are null or NaN.

    Notes
    -----
    Under no change the mean is the reference's share r and the spread ``sqrt(r (1 − r) (1/n + 1/N))``, besides the
    jitter of one row. Where the reference has no null only the jitter is left: z nulls are z √12 spreads, whatever n. nan where
    a side has no row.

    References
    ----------
    The spread is that of the difference of two binomial shares of one chance.

    Examples
    --------
    >>> NULL_SHARE.exact([1, 2, 3], [1, None, 3, float("nan")])
    0.5
    """

    name = "null_share"

    def exact(self, reference: Any, current: Any) -> float:
        """Return the share of the current values that are null; nan when one side has no row at all."""
        left, right = arrow_of(reference), arrow_of(current)
        nulls = int(pc.sum(right.is_null(nan_is_null=True)).as_py() or 0)
        return nulls / len(right) if len(left) and len(right) else math.nan

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return self.exact(reference, current)

    def counts(self, side: SubjectProfile) -> tuple[int, int]:
        """Return null rows and all rows."""
        return side.nulls, side.rows


NULL_SHARE = NullShare()
