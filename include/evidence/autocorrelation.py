"""How strongly a night resembles the night before: a forecast fitted once, and how far the nights may wander.

A forecast that keeps learning absorbs the change that it should reveal, so its coefficient is fitted on the pool's first
nights and then frozen. How far nights wander by themselves is measured on all nights, around the one change that fits
them best: so every night adds to what is known, and a change does not look like wandering.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Standard errors by which the limit lies above the estimate, and where it is strong, since an error costs most there.
_QUANTILE = 1.2816
_QUANTILE_STRONG = 2.0
_STRONG = 0.5
_SIGNIFICANT = 1.6449  # one-sided 5 % test of the second lag
_LARGEST = 0.95
_SIDE = 5  # nights on each side of a change, at least


@dataclass(frozen=True)
class Forecast:
    """The frozen one-night forecast of one stream.

    Attributes
    ----------
    median : float
        Of the reference nights, in units of the signal.
    coefficient : float
        Lag-1 coefficient, in [0, 0.95], dimensionless.
    upper : float
        Upper limit of the reference nights' persistence about one level, in [0, 0.99].
    """

    median: float
    coefficient: float
    upper: float


def fit_forecast(values: Floats) -> Forecast:
    """Return the forecast fitted on reference nights.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights,)
        Consecutive night values without the calendar's effect, finite, at least four.

    Raises
    ------
    ValueError
        With fewer than four nights.

    Examples
    --------
    >>> fit_forecast(np.random.default_rng(1).normal(size=200)).coefficient < 0.15
    True
    """
    column = values[:, np.newaxis]
    return Forecast(float(np.median(values)), float(lag_one(column)[0]), float(persistence(column, change=False)[0]))


def lag_one(values: Floats) -> Floats:
    """Return the lag-1 coefficients of many series, in [0, 0.95]; 0 for a constant series.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, n_streams)
        Finite, at least four nights.

    Raises
    ------
    ValueError
        With fewer than four nights.

    Notes
    -----
    Autocorrelation of the normal scores of the ranks, so that heavy tails do not matter. Negative ones count as 0: they
    make false alarms rarer.
    """
    _check(values)
    scores = _normal_scores(values)
    square = np.maximum(np.square(scores).sum(axis=0), np.finfo(float).tiny)
    first = np.clip((scores[1:] * scores[:-1]).sum(axis=0) / square, 0.0, _LARGEST)
    return np.where(np.ptp(values, axis=0) > 0.0, first, 0.0)


def persistence(values: Floats, *, change: bool = True) -> Floats:
    """Return how far nights may wander by themselves: an upper limit of their lag-1 coefficient.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, n_streams)
        Without the calendar's effect, finite, at least four nights.
    change : bool
        Whether they are taken about the one change of level that fits them best, or about one level.

    Returns
    -------
    numpy.ndarray of shape (n_streams,)
        In [0, 0.99]: the coefficient of the AR(1) nights that wander as far; 0 for a constant series.

    Raises
    ------
    ValueError
        With fewer than four nights.

    Notes
    -----
    With a change the nights are split in two where their levels differ most (`_split`), and each part is taken about its
    own level. All correlations are of normal scores of the ranks. The limit is that of their autocorrelation r at lag 1,
    corrected for its bias of about ``-(1 + 3 r) / n`` about one level and ``-(2 + 5 r) / n`` about two, plus 1.28
    standard errors, ``sqrt((1 - r ** 2) / n)``, or 2 above 0.5, where an error costs most.

    Weather comes and goes in a few days, so a high lag-1 coefficient alone would overstate how far it wanders. Where
    the corrected coefficient is above 0.5 and the partial autocorrelation at lag 2 is significantly negative (5 %),
    the nights are read as AR(2), whose ratio of long-run to nightly variance is the product of the
    ``(1 + r) / (1 - r)`` of both partial autocorrelations: the limit is ``tanh(atanh(limit) + atanh(second))``, at 1.28
    standard errors.

    References
    ----------
    Marriott, Pope, *Bias in the estimation of autocorrelations*, Biometrika 41 (1954). Box, Jenkins, Reinsel, *Time
    Series Analysis*, section 3.2 (partial autocorrelations).

    Examples
    --------
    >>> changed = np.random.default_rng(1).normal(size=(200, 1)) + 5.0 * (np.arange(200) >= 120)[:, np.newaxis]
    >>> bool(persistence(changed)[0] < 0.2), bool(lag_one(changed)[0] > 0.6)
    (True, True)
    """
    _check(values)
    nights = values.shape[0]
    scores, levels = _normal_scores(values), 2.0 if change else 1.0
    after = np.arange(nights)[:, np.newaxis] >= (_split(scores) if change else nights)
    if change:
        scores = _about_levels(_normal_scores(_about_levels(scores, after)), after)
    first, second = _partial_autocorrelations(scores, np.broadcast_to(after, scores.shape))
    corrected = np.clip(first + (levels * (1.0 + 2.0 * first) + first) / nights, 0.0, _LARGEST)
    strong = corrected > _STRONG
    swings = strong & (second < -_SIGNIFICANT / math.sqrt(nights))
    quantile = np.where(strong & ~swings, _QUANTILE_STRONG, _QUANTILE)
    limit = corrected + quantile * np.sqrt((1.0 - np.square(corrected)) / nights)
    added = np.where(swings, np.arctanh(np.clip(second, -_LARGEST, 0.0)), 0.0)
    upper = np.maximum(np.tanh(np.arctanh(np.minimum(limit, 0.99)) + added), 0.0)
    return np.where(np.ptp(values, axis=0) > 0.0, upper, 0.0)


def _check(values: Floats) -> None:
    if values.shape[0] < 4:
        message = f"an autocorrelation needs at least four nights, got {values.shape[0]}"
        raise ValueError(message)


def _split(scores: Floats) -> NDArray[np.intp]:
    """Return the first night of the second part, where the means of both differ most in standard errors, (n_streams,)."""
    nights = scores.shape[0]
    before = np.cumsum(scores, axis=0)[:-1]
    first = np.arange(1, nights)[:, np.newaxis]
    apart = np.abs(before - before[-1:] * first / nights - scores[-1:] * first / nights)
    apart /= np.sqrt(first * (nights - first))
    side = min(_SIDE, nights // 2)
    found: NDArray[np.intp] = apart[side - 1 : nights - side].argmax(axis=0) + side
    return found


def _about_levels(scores: Floats, after: NDArray[np.bool_]) -> Floats:
    """Return the scores less the mean of their part, of the same shape."""
    late = after.sum(axis=0)
    second = np.where(after, scores, 0.0).sum(axis=0)
    levels = np.where(after, second / late, (scores.sum(axis=0) - second) / (len(scores) - late))
    about: Floats = scores - levels
    return about


def _partial_autocorrelations(scores: Floats, after: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the partial autocorrelations at lags 1 and 2 within both parts, the second corrected for its bias of -1 / n."""
    square = np.maximum(np.square(scores).sum(axis=0), np.finfo(float).tiny)
    first, lag_two = (
        (scores[lag:] * scores[:-lag] * (after[lag:] == after[:-lag])).sum(axis=0) / square for lag in (1, 2)
    )
    return first, (lag_two - first**2) / (1.0 - first**2) + 1.0 / scores.shape[0]


@lru_cache(maxsize=64)
def _normal_quantiles(nights: int) -> Floats:
    return np.array([NormalDist().inv_cdf((rank + 0.5) / nights) for rank in range(nights)])


def _normal_scores(values: Floats) -> Floats:
    """Return the normal quantiles of the ranks within each column; ties share their mean rank, centred at zero."""
    nights = values.shape[0]
    quantiles = _normal_quantiles(nights)
    order = np.argsort(values, axis=0, kind="stable")
    scores = np.empty_like(values)
    np.put_along_axis(scores, order, np.broadcast_to(quantiles[:, np.newaxis], values.shape), axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    for column in np.flatnonzero((np.diff(ordered, axis=0) == 0.0).any(axis=0)):
        _, member, counts = np.unique(values[:, column], return_inverse=True, return_counts=True)
        scores[:, column] = (np.bincount(member, scores[:, column]) / counts)[member]
    return scores


def residuals(values: Floats, coefficient: float | Floats, centre: float | Floats = 0.0) -> Floats:
    """Return what the frozen forecast leaves of each night but the first.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, ...)
        Night values in order.
    coefficient : float or numpy.ndarray of shape (...)
        Lag-1 coefficient.
    centre : float or numpy.ndarray of shape (...)
        Median of the reference; it moves all residuals alike and so no p-value.

    Returns
    -------
    numpy.ndarray of shape (n_nights - 1, ...)

    Examples
    --------
    >>> residuals(np.array([1.0, 1.0, 3.0]), 0.5).tolist()
    [0.5, 2.5]
    """
    centred = values - centre
    left: Floats = centred[1:] - coefficient * centred[:-1]
    return left


def spread_of(values: Floats) -> float:
    """Return the standard deviation of night values from their median absolute deviation; 0 when most are equal."""
    return float(np.median(np.abs(values - np.median(values)))) * 1.4826 if values.size else math.nan
