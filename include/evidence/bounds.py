"""How much evidence is an alarm: the bound of a detector for its share of the yearly false-alarm rate.

For independent nights Doob's inequality gives the bound. Nights that resemble each other carry the evidence further
by chance; then the bound is the one that simulated AR(1) nights reach as rarely as the share asks.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Written by `python benchmarks/level_bounds.py`: for each lag-1 coefficient, the log evidence that 1 % of simulated
# years of 365 nights reach, and by how much the log of that share falls for each further unit.
COEFFICIENTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LOG_EVIDENCE_AT_ONE_PERCENT = (9.56, 10.9, 12.95, 15.5, 19.1, 24.0, 31.7, 43.1, 64.0, 116.9, 191.0)
DECAY = (0.96, 0.79, 0.65, 0.56, 0.43, 0.345, 0.257, 0.19, 0.13, 0.072, 0.051)
_NIGHTS_SIMULATED = 365.0


def doob_log_bound(rate: float) -> float:
    """Return the log evidence that exchangeable nights reach with chance at most ``rate`` a night.

    Parameters
    ----------
    rate : float
        False alarms a night that the detector may spend, in (0, 1).

    Notes
    -----
    ``R_t - t`` is a martingale, so P(R_t >= b for some t <= T) <= T / b, and b = 1 / rate.

    Examples
    --------
    >>> round(doob_log_bound(1 / 7300), 3)
    8.896
    """
    return -math.log(rate)


def log_bound(rate: float, coefficient: float) -> float:
    """Return the log evidence that nights with this lag-1 coefficient reach with chance at most ``rate`` a night.

    Parameters
    ----------
    rate : float
        False alarms a night that the detector may spend, in (0, 1).
    coefficient : float
        Lag-1 coefficient of the detector's night values, in [0, 0.95]; beyond that the answer is infinity, since no
        amount of evidence tells a change from such a wandering stream.

    Returns
    -------
    float
        Log of the bound, increasing in the coefficient.

    Notes
    -----
    The tail of a year's largest log evidence is exponential; between simulated coefficients the bound is
    interpolated linearly.

    Examples
    --------
    >>> round(log_bound(0.01 / 365, 0.0), 6)
    9.56
    >>> log_bound(0.01 / 365, 0.99)
    inf
    """
    return float(log_bounds(rate, np.array([coefficient]))[0])


def log_bounds(rate: float, coefficients: Floats) -> Floats:
    """Return `log_bound` of each coefficient, of the same shape."""
    excess = math.log(0.01 / (rate * _NIGHTS_SIMULATED))
    known = np.array(LOG_EVIDENCE_AT_ONE_PERCENT) + excess / np.array(DECAY)
    return np.where(coefficients > COEFFICIENTS[-1], np.inf, np.interp(coefficients, COEFFICIENTS, known))


def left_coefficient(used: float, upper: float) -> float:
    """Return the lag-1 coefficient of the AR(1) nights that wander as far as the residuals of a forecast may.

    Parameters
    ----------
    used : float
        Coefficient of the frozen forecast, in [0, 1); 0 means no forecast.
    upper : float
        Upper confidence limit of the true coefficient, in [0, 1); below ``used`` nothing is left.

    Returns
    -------
    float
        In [0, 1).

    Notes
    -----
    Residuals of AR(1) nights with coefficient u under a forecast with c have the ratio
    ``(1 - c)^2 (1 + u) / ((1 - u) (1 + c^2 - 2 c u))`` of long-run to nightly variance; AR(1) nights with coefficient
    r have ``(1 + r) / (1 - r)``. The two are set equal.

    Examples
    --------
    >>> left_coefficient(0.0, 0.3), left_coefficient(0.5, 0.5)
    (0.3, 0.0)
    """
    return round(float(left_coefficients(np.array([used]), np.array([upper]))[0]), 12)


def left_coefficients(used: Floats, upper: Floats) -> Floats:
    """Return `left_coefficient` of each pair, of the same shape."""
    ratio = np.square(1.0 - used) * (1.0 + upper) / ((1.0 - upper) * (1.0 + np.square(used) - 2.0 * used * upper))
    return np.maximum((ratio - 1.0) / (ratio + 1.0), 0.0)
