"""How large a change is for a person: one scale for all signals, whatever their unit and the number of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist

_BITS_TO_SQUARED_W = 8.0 * math.log(2.0)  # Jensen-Shannon in bits is w² / (8 ln 2) for small changes of a mix
_STANDARD = NormalDist()


def _difference(before: float, after: float) -> float:
    return after - before


def _mix(before: float, after: float) -> float:
    ends = [math.sqrt(max(value, 0.0) * _BITS_TO_SQUARED_W) for value in (before, after)]
    return ends[1] - ends[0]


def _share(before: float, after: float) -> float:
    ends = [2.0 * math.asin(math.sqrt(min(max(value, 0.0), 1.0))) for value in (before, after)]
    return ends[1] - ends[0]


def _ratio(before: float, after: float) -> float:
    return math.log(after / before) if min(before, after) > 0.0 else math.copysign(math.inf, after - before)


def _separation(before: float, after: float) -> float:
    ends = [math.sqrt(2.0) * _STANDARD.inv_cdf(min(max(value, 1e-9), 1.0 - 1e-9)) for value in (before, after)]
    return ends[1] - ends[0]


_SIZES: Mapping[str, Callable[[float, float], float]] = {
    "js_divergence": _mix,
    "null_share": _share,
    "infinite_share": _share,
    "unseen_share": _share,
    "rows_per_hour": _ratio,
    "domain_auc": _separation,
    "wasserstein_standardised": _difference,
    "mean_shift": _difference,
    "prediction_distance": _difference,
    "prediction_shift": _difference,
}


def size_of(signal: str, before: float, after: float) -> float:
    """Return the size of a change of a signal's value, dimensionless; 0.2 is small, 0.5 medium, 0.8 large.

    Parameters
    ----------
    signal : str
        Decides the scale.
    before, after : float
        Values in the signal's own unit.

    Returns
    -------
    float
        Signed. NaN for a signal without such a scale (losses, attributions: their cost says how large they are), and
        where a value is not known.

    Notes
    -----
    Means and distances in standard deviations of the reference's rows are Cohen's d; shares Cohen's h, the difference
    of 2 asin √p; the Jensen-Shannon divergence of a mix Cohen's w, √(8 ln 2 · bits); the AUC of the domain classifier
    the d of two normal laws that far apart; rows an hour the log of their ratio.

    References
    ----------
    J. Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 2nd edition, 1988.

    Examples
    --------
    >>> round(size_of("null_share", 0.0, 0.0025), 3), round(size_of("rows_per_hour", 37.0, 38.5), 3)
    (0.1, 0.04)
    """
    if signal not in _SIZES or not (math.isfinite(before) and math.isfinite(after)):
        return math.nan
    return _SIZES[signal](before, after)
