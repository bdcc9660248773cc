"""Share of values that the reference does not know."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.categorical import CategoricalProfile
from include.signals.columns import Kind, texts_of
from include.signals.law import Law
from include.signals.profile import SubjectProfile
from include.signals.row_share import RowShare


class UnseenShare(RowShare):
    """Share of the values that the reference does not know.

    Notes
    -----
    Of a categorical column: texts outside the reference's categories. Where the reference has more categories than are
    kept, its own share outside them is the mean under no change. Where all are kept, a new one is still possible
    without a change; the mean is then the share of the reference's rows whose category occurs once (Good–Turing).

    References
    ----------
    I. J. Good, *The population frequencies of species and the estimation of population parameters*, Biometrika 40,
    1953.

    Examples
    --------
    >>> UNSEEN_SHARE.exact(["a", "b"], ["a", "c", None])
    0.5
    """

    name = "unseen_share"
    kinds: tuple[Kind, ...] = ("categorical",)

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        known, values = texts_of(reference).cast(pa.string()), texts_of(current).cast(pa.string()).drop_null()
        seen = pc.is_in(values, value_set=pc.unique(known.drop_null())).sum().as_py()
        return 1 - int(seen or 0) / len(values)

    def counts(self, side: SubjectProfile) -> tuple[int, int]:
        """Return rows outside the categories and rows with a category."""
        return (side.unseen, side.n) if isinstance(side, CategoricalProfile) else (0, 0)

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        law = super()._law(reference, current)
        singles = int(np.sum(reference.counts == 1))
        if not singles or not isinstance(reference, CategoricalProfile) or reference.unseen:
            return law
        share = singles / reference.n
        spread = math.sqrt(share * (1 - share) * (1 / current.n + 1 / reference.n))
        return Law(share, spread, law.lattice)


UNSEEN_SHARE = UnseenShare()
