"""Bets on p-values: what a p-value would look like k nights after a change, for several sizes of change.

The upper p-value of tonight's value is its rank from the top among all nights of the pool. If the last ``k`` of
``t`` nights come from a changed law, the pool is a mixture of both laws, so the p-value has the density *changed law
over mixture*, which can never exceed ``t / k``. A bet made of that density wastes nothing on p-values that a pool of
this size cannot show, which a power bet ``e * p ** (e - 1)`` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A hypothesised change ages through these classes, one bet each: (nights it stays there on average).
# A change leaves its class with chance 1 / length a night, so the whole state is one vector and no start is forgotten.
AGE_LENGTHS: tuple[float, ...] = (1, 1, 2, 3, 5, 8, 13, 21, 34, math.inf)

# Nights since the change for which the class's bet is made: the middle of its span.
AGES: tuple[float, ...] = (1, 2, 3.5, 6, 10, 16.5, 27, 44, 71.5, 133)

_SMALLEST_EDGE = 1e-5
_EDGES_PER_SIDE = 80
_LARGEST_SHARE = 0.9
# Kept of every bet whatever the p-value, so that one odd night does not bury a change that all others support.
_RESERVE = 0.02
_POOL_STEP = 1.05


@dataclass(frozen=True)
class Change:
    """One hypothesised change of a night value, in standard deviations of the calm nights.

    Attributes
    ----------
    shift : float
        Change of the mean; positive is up, dimensionless.
    spread : float
        Ratio of the standard deviations after and before, dimensionless.
    """

    shift: float
    spread: float = 1.0


ANY_CHANGE: tuple[Change, ...] = (
    Change(1.5),
    Change(3.0),
    Change(6.0),
    Change(-1.5),
    Change(-3.0),
    Change(-6.0),
    Change(0.0, 3.0),
)
ONLY_UP: tuple[Change, ...] = (Change(1.5), Change(3.0), Change(6.0))


def p_value_bins() -> Floats:
    """Return the edges of the bins in which p-values are bet on, from 0 to 1, fine at both ends.

    Returns
    -------
    numpy.ndarray of shape (n_bins + 1,)
        Increasing, symmetric about one half.

    Examples
    --------
    >>> edges = p_value_bins()
    >>> float(edges[0]), float(edges[-1]), len(edges)
    (0.0, 1.0, 161)
    """
    lower = np.concatenate([[0.0], np.geomspace(_SMALLEST_EDGE, 0.5, _EDGES_PER_SIDE)])
    return np.concatenate([lower, 1.0 - lower[-2::-1]])


_EDGES = p_value_bins()
_VALUES = np.linspace(-30.0, 30.0, 6001)


def _upper_tail(values: Floats) -> Floats:
    """Return P(Z > value) of a standard normal Z."""
    from scipy.special import ndtr

    tail: Floats = ndtr(-values)
    return tail


@lru_cache(maxsize=64)
def _tail_after(change: Change) -> Floats:
    return _upper_tail((_VALUES - change.shift) / change.spread)


def bet(change: Change, share: float) -> Floats:
    """Return the bet on a change that covers a given share of the pool: a density over the p-value bins.

    Parameters
    ----------
    change : Change
        The hypothesised change.
    share : float
        Share of the pool's nights, tonight included, that lie after the change, in (0, 1).

    Returns
    -------
    numpy.ndarray of shape (n_bins,)
        Mean density in each bin; its integral is 1 exactly, which is all that the false-alarm rate rests on.

    Notes
    -----
    With G the calm law, H the changed law and M = (1 - share) G + share H, the upper p-value is M's upper tail at a
    value drawn from H, so the mass of a bin is H's mass between M's quantiles at the bin's edges.

    Examples
    --------
    >>> density = bet(Change(6.0), 0.1)
    >>> bool(density.max() <= 10.0), round(float((density * np.diff(p_value_bins())).sum()), 12)
    (True, 1.0)
    """
    calm, changed = _tail_after(Change(0.0)), _tail_after(change)
    mixture = (1.0 - share) * calm + share * changed
    # The grid runs from small to large values, so both tails fall; np.interp wants them rising.
    below = np.interp(_EDGES, mixture[::-1], changed[::-1])
    below[0], below[-1] = 0.0, 1.0
    density: Floats = np.diff(below) / np.diff(_EDGES)
    return (1.0 - _RESERVE) * density + _RESERVE


@lru_cache(maxsize=8192)
def rounded_pool(nights: int) -> int:
    """Return the pool size whose bets are used for a pool of ``nights``: within 5 % below it, so that bets are shared.

    Examples
    --------
    >>> [rounded_pool(n) for n in (1, 30, 31, 400)]
    [1, 30, 31, 388]
    """
    size = 1
    while (step := max(size + 1, int(size * _POOL_STEP))) <= nights:
        size = step
    return size


@lru_cache(maxsize=512)
def _bets_of_rounded(nights: int, changes: tuple[Change, ...]) -> Floats:
    table = [[bet(change, min(age / nights, _LARGEST_SHARE)) for change in changes] for age in AGES]
    return np.ascontiguousarray(np.moveaxis(np.array(table), -1, 0))


def bets(nights: int, changes: tuple[Change, ...] = ANY_CHANGE) -> Floats:
    """Return all bets for a pool of ``nights`` nights, tonight included.

    Returns
    -------
    numpy.ndarray of shape (n_bins, n_ages, n_changes)
        ``bets(t)[bin]`` is what each hypothesis pays tonight, dimensionless. Shared and cached: do not write to it.
    """
    return _bets_of_rounded(rounded_pool(nights), changes)


def bins_of(p_values: Floats) -> NDArray[np.intp]:
    """Return the bin of each p-value, for values in [0, 1]."""
    found = np.searchsorted(_EDGES, p_values, side="right") - 1
    return np.clip(found, 0, len(_EDGES) - 2)
