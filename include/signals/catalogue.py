"""All statistics of one column by the names that tables and studies use."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from include.signals import chi2, ks
from include.signals.columns import Kind
from include.signals.cramers_v import CRAMERS_V
from include.signals.hellinger import HELLINGER
from include.signals.infinite_share import INFINITE_SHARE
from include.signals.jensen_shannon import JS_DISTANCE, JS_DIVERGENCE
from include.signals.linf import LINF
from include.signals.mean_shift import MEAN_SHIFT
from include.signals.null_share import NULL_SHARE
from include.signals.profile import SubjectProfile
from include.signals.psi import PSI
from include.signals.scipy_tests import MOST_ROWS, TESTS
from include.signals.statistic import Statistic, as_column
from include.signals.tvd import TVD
from include.signals.unseen_share import UNSEEN_SHARE
from include.signals.wasserstein import WASSERSTEIN, WASSERSTEIN_RANGE_NORMALISED, WASSERSTEIN_STANDARDISED

STATISTICS: tuple[Statistic, ...] = (
    ks.KS,
    WASSERSTEIN,
    WASSERSTEIN_STANDARDISED,
    WASSERSTEIN_RANGE_NORMALISED,
    MEAN_SHIFT,
    PSI,
    JS_DISTANCE,
    JS_DIVERGENCE,
    HELLINGER,
    LINF,
    TVD,
    chi2.CHI2_CONTINGENCY,
    CRAMERS_V,
    NULL_SHARE,
    INFINITE_SHARE,
    UNSEEN_SHARE,
)

P_VALUES: Mapping[str, tuple[tuple[Kind, ...], Callable[[Any, Any], float]]] = {
    "ks_pvalue": (("numeric",), ks.pvalue),
    "chi2_contingency_pvalue": (("numeric", "categorical"), chi2.contingency_pvalue),
    "chi2_gof_pvalue": (("numeric", "categorical"), chi2.gof_pvalue),
}
"""p-values: the kinds of column they are defined for, and the function of two profiles or two arrays."""


_OF_ALL_ROWS = (NULL_SHARE, INFINITE_SHARE)
"""Statistics that rows without a finite value count for."""


def binned_values(reference: SubjectProfile, current: SubjectProfile) -> dict[str, float]:
    """Return all statistics of a column from its two profiles, by name; nan where one cannot be told."""
    kind = reference.edges.kind
    found = {one.name: one.binned(reference, current) for one in STATISTICS if kind in one.kinds}
    return found | {name: action(reference, current) for name, (kinds, action) in P_VALUES.items() if kind in kinds}


def exact_values(kind: Kind, reference: Any, current: Any) -> dict[str, float]:
    """Return all statistics of a column from all its values (array-likes of one kind), by name."""
    left, right = as_column(reference), as_column(current)
    chosen = [one for one in STATISTICS if kind in one.kinds]
    found = {one.name: one.exact_columns(left, right) for one in chosen if one not in _OF_ALL_ROWS}
    found |= {one.name: one.exact(reference, current) for one in chosen if one in _OF_ALL_ROWS}
    few = max(len(side) - side.null_count for side in (left, right)) <= MOST_ROWS
    actions = {**P_VALUES, **{name: (kinds, action if few else _untold) for name, (kinds, action) in TESTS.items()}}
    return found | {name: action(left, right) for name, (kinds, action) in actions.items() if kind in kinds}


def _untold(_reference: Any, _current: Any) -> float:
    return math.nan
