"""How strongly a night resembles the night before, fitted once on the pool's first nights and then frozen.

A forecast that keeps learning absorbs the change that it should reveal, so nothing here is ever refitted while a
stream is live.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Normal quantiles of the one-sided 90 % limit of the coefficient, and of its 95 % limit where it is strong, which is
# also that of the one-sided 5 % test of the second lag.
_QUANTILE = 1.2816
_SIGNIFICANT = 1.6449
_STRONG = 0.5
_LARGEST = 0.95


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
        Upper confidence limit of the nights' persistence, in [coefficient, 0.99]: the lag-1 coefficient of the AR(1)
        nights that wander as far.
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
    >>> calm = np.random.default_rng(1).normal(size=200)
    >>> fitted = fit_forecast(calm)
    >>> fitted.coefficient < 0.15, fitted.upper < 0.25
    (True, True)
    """
    coefficient, upper = persistence(values[:, np.newaxis])
    return Forecast(float(np.median(values)), float(coefficient[0]), float(upper[0]))


def persistence(values: Floats) -> tuple[Floats, Floats]:
    """Return the lag-1 coefficients of many series and the upper limits of their persistence.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, n_streams)
        Finite, at least four nights.

    Returns
    -------
    coefficient, upper : numpy.ndarray of shape (n_streams,)
        In [0, 0.95] and [coefficient, 0.99]; both 0 for a constant series.

    Raises
    ------
    ValueError
        With fewer than four nights.

    Notes
    -----
    All correlations are of the normal scores of the ranks, so that heavy tails do not matter. The coefficient is
    the lag-1 autocorrelation r. The limit is that of r corrected for its bias of about ``-(1 + 3 r) / n``, plus 1.28
    standard errors, ``sqrt((1 - r ** 2) / n)``, or 1.64 above 0.5, where an error costs most. Negative values count as
    0: they make false alarms rarer.

    Weather comes and goes in a few days, so a high lag-1 coefficient alone would overstate how far it wanders. Where
    the corrected coefficient is above 0.5 and the partial autocorrelation at lag 2 is significantly negative (5 %),
    the nights are read as AR(2), whose ratio of long-run to nightly variance is the product of the
    ``(1 + r) / (1 - r)`` of both partial autocorrelations: the limit is ``tanh(atanh(limit) + atanh(second))``.

    References
    ----------
    Marriott, Pope, *Bias in the estimation of autocorrelations*, Biometrika 41 (1954). Box, Jenkins, Reinsel, *Time
    Series Analysis*, section 3.2 (partial autocorrelations).
    """
    nights = values.shape[0]
    if nights < 4:
        message = f"an autocorrelation needs at least four nights, got {nights}"
        raise ValueError(message)
    first, second = _partial_autocorrelations(_normal_scores(values))
    corrected = np.clip(first + (1.0 + 3.0 * first) / nights, 0.0, _LARGEST)
    strong = corrected > _STRONG
    swings = strong & (second < -_SIGNIFICANT / math.sqrt(nights))
    quantile = np.where(strong & ~swings, _SIGNIFICANT, _QUANTILE)
    limit = corrected + quantile * np.sqrt((1.0 - np.square(corrected)) / nights)
    added = np.where(swings, np.arctanh(np.clip(second, -_LARGEST, 0.0)), 0.0)
    upper = np.tanh(np.arctanh(np.minimum(limit, 0.99)) + added)
    coefficient = np.clip(first, 0.0, _LARGEST)
    varies = np.ptp(values, axis=0) > 0.0
    return np.where(varies, coefficient, 0.0), np.where(varies, np.maximum(upper, coefficient), 0.0)


def _partial_autocorrelations(scores: Floats) -> tuple[Floats, Floats]:
    """Return the partial autocorrelations at lags 1 and 2, the second corrected for its bias of -1 / n."""
    square = np.maximum(np.square(scores).sum(axis=0), np.finfo(float).tiny)
    first = (scores[1:] * scores[:-1]).sum(axis=0) / square
    lag_two = (scores[2:] * scores[:-2]).sum(axis=0) / square
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
