"""Share of rows whose value is infinite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.columns import Kind, kind_of, numbers_of
from include.signals.measured import Measured
from include.signals.numeric import NumericProfile
from include.signals.profile import SubjectProfile
from include.signals.row_share import RowShare
from include.signals.statistic import arrow_of, profiles_of


class InfiniteShare(RowShare):
    """Share of rows that are plus or minus infinity: mostly divisions by zero, and no part of any distance.

    Notes
    -----
    Of all rows, those without a value included; the law is that of `null_share`. nan where a side has no row.

    Examples
    --------
    >>> INFINITE_SHARE.exact([1.0, 2.0], [1.0, float("inf"), float("-inf"), None])
    0.5
    """

    name = "infinite_share"
    kinds: tuple[Kind, ...] = ("numeric",)

    def exact(self, reference: Any, current: Any) -> float:
        """Return the share of the current values that are infinite; nan when one side has no row at all."""
        left, right = arrow_of(reference), arrow_of(current)
        if not len(left) or not len(right):
            return math.nan
        numbers = numbers_of(right)[0] if kind_of(right.type) == "numeric" else np.empty(0)
        return float(np.count_nonzero(np.isinf(numbers))) / len(right)

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return self.exact(reference, current)

    def measure(self, reference: Any, current: Any, *, error: bool = True) -> Measured:
        """Return the value with its law; arrays are profiled with their infinities."""
        if isinstance(reference, NumericProfile):
            return super().measure(reference, current, error=error)
        return super().measure(*profiles_of(arrow_of(reference), arrow_of(current)), error=error)

    def counts(self, side: SubjectProfile) -> tuple[int, int]:
        """Return infinite rows and all rows."""
        return (side.non_finite if isinstance(side, NumericProfile) else 0), side.rows


INFINITE_SHARE = InfiniteShare()
