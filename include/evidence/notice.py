"""A notice: one night so gross that a person should look the same day, long before any rank could say so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FACTOR = 2.0
MOST_EXCESSES = 30
PER_YEAR = 0.2
"""Notices a year over all streams of a model while their nights have exponential tails."""


def is_gross(deviations: Floats, rate: float) -> bool:
    """Tell whether tonight lies far beyond all nights before it.

    Parameters
    ----------
    deviations : numpy.ndarray of shape (n_nights,)
        Distances of the nights from their median, tonight's last.
    rate : float
        Chance of a notice a night when nothing has changed and tails are exponential, in (0, 1).

    Notes
    -----
    Two conditions. Tonight lies beyond twice the largest deviation so far. And it lies beyond the largest by what the
    tail of these nights themselves allows: with s the mean excess of the k largest deviations (a third of the nights,
    at most 30) over the next one, an exponential tail exceeds the largest of n nights by c·s with chance
    ``(1 + c / k)^-k / (n + 1)``; c is chosen so that this is the rate. Twice the largest alone is crossed the more
    easily the fewer nights there are and the more skewed they are, as distances always are.

    References
    ----------
    J. Pickands, *Statistical inference using extreme order statistics*, Annals of Statistics 3 (1975).

    Examples
    --------
    >>> calm = np.arange(1.0, 61.0)
    >>> is_gross(np.append(calm, 130.0), 1e-5), is_gross(np.append(calm, 400.0), 1e-5)
    (False, True)
    """
    before, tonight = deviations[:-1], float(deviations[-1])
    largest = float(before.max())
    if not tonight > FACTOR * largest:
        return False
    return tonight > largest + _scales(before.size, rate) * _mean_excess(before)


def _kept(nights: int) -> int:
    return min(max(nights // 3, 1), MOST_EXCESSES)


def _scales(nights: int, rate: float) -> float:
    """Return by how many mean excesses the largest of so many nights may be exceeded."""
    kept = _kept(nights)
    return float(kept * (min(rate * (nights + 1), 1.0) ** (-1.0 / kept) - 1.0))


def _mean_excess(deviations: Floats) -> float:
    ordered = np.sort(deviations)
    kept = _kept(deviations.size)
    return float((ordered[-kept:] - ordered[-kept - 1]).mean()) if ordered.size > kept else 0.0
