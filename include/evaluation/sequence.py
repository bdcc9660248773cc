"""Evidence about the mean of a short, autocorrelated series of night values that may be looked at every night.

The model, stated once and checked by `benchmarks/gate_errors.py`: night values are μ + AR(1) noise with a normal
innovation, standard deviation σ and coefficient φ unknown. σ has the right Haar prior 1/σ (so everything is free of the
unit), φ is uniform on 0, 0.1, …, 0.8, and under the alternative μ/σ is half normal with scale 0.5, 1 or 4 (equal weight).

Two things are read from it. *Evidence* that the mean is above m: for each φ the ratio of the marginal likelihood with a
mean above m to that with mean m, a test martingale (Lai 1976) that by Ville's inequality ever reaches 1/α with chance at
most α; the ratios are averaged harmonically, weighted by what the series says about φ whatever its mean. The weights
make it an approximate martingale: that it errs less than α at every look from the third night on is measured, for
φ from 0 to 0.7, normal and heavy tails (docs/gate.md). The means not yet refuted are the confidence sequence. It rises with
the series, path by path, so a mean below m errs less often than m itself. *Belief* is the posterior of μ, for decisions
by expectation.

References
----------
Robbins (1970), Statistical methods related to the law of the iterated logarithm; Lai (1976), On confidence sequences;
Wang, Ramdas (2024), Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance;
Howard, Ramdas, McAuliffe, Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences; Waudby-Smith,
Ramdas (2024), Estimating means of bounded random variables by betting (bounded values: too wide for two weeks of losses).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from include.evaluation.skewness import Moments, running_moments

FloatArray = NDArray[np.float64]
Side = Literal["above", "below"]
COEFFICIENTS = np.arange(9) / 10
"""Grid of φ, equal prior weight."""
SCALES = np.array([0.5, 1.0, 4.0])
"""Prior scales of μ/σ under the alternative, equal weight."""
BELIEF_SCALES = np.array([0.5, 1.0, 2.0, 4.0])
"""Prior scales of μ/σ of the belief, equal weight: centred at no gain, with tails for large ones."""
LEAST_NIGHTS = 3
"""Below so many values nothing is concluded."""
_ROUNDS, _SECTIONS = 12, 32
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends of a range of means; an end is infinite where the values say nothing yet."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Belief:
    """Posterior of the mean: a mixture of Student t distributions, one for each prior scale and φ.

    `weights`, `centres`, `scales` have shape (..., n_components); `freedom`, broadcast against them, is the degrees of
    freedom of each.
    """

    weights: FloatArray
    centres: FloatArray
    scales: FloatArray
    freedom: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Expected mean, in the unit of the values, shape (...)."""
        return np.asarray((self.weights * self.centres).sum(axis=-1))

    def chance_below(self, value: float | FloatArray) -> FloatArray:
        """Return the posterior probability that the mean is below a value, shape (...)."""
        from scipy.special import stdtr

        return np.asarray((self.weights * stdtr(self.freedom, (value - self.centres) / self.scales)).sum(axis=-1))

    @property
    def autocorrelation(self) -> FloatArray:
        """Expected φ, shape (...)."""
        return np.asarray((self.weights * np.tile(COEFFICIENTS, len(BELIEF_SCALES))).sum(axis=-1))


@dataclass(frozen=True, slots=True)
class NightSums:
    """Sufficient statistics of a series after whitening with each φ: Σz², Σaz, Σa², shape (..., n_coefficients).

    `moments` are those of the series itself: they tell whether its bad nights are worse than its good ones are good.
    """

    nights: FloatArray
    squares: FloatArray
    products: FloatArray
    weights: FloatArray
    moments: Moments

    def about(self, mean: float | FloatArray) -> NightSums:
        """Return the sums of the series minus a mean (scalar, or (n_means, 1) to have a row for each)."""
        m = np.asarray(mean, dtype=np.float64)
        return NightSums(
            self.nights,
            self.squares - 2 * m * self.products + m * m * self.weights,
            self.products - m * self.weights,
            self.weights,
            self.moments.about(m),
        )

    def mirrored(self) -> NightSums:
        """Return the sums of the series with its sign changed."""
        return NightSums(self.nights, self.squares, -self.products, self.weights, self.moments.mirrored())

    def stretched(self, nights: FloatArray) -> NightSums:
        """Return what the sums would be after so many nights like these, nights of shape (n, 1)."""
        factor = nights / self.nights
        squares, products, weights = (each * factor for each in (self.squares, self.products, self.weights))
        return NightSums(nights, squares, products, weights, self.moments.stretched(nights))

    def belief(self) -> Belief:
        """Return the posterior of the mean, see the function `belief`."""
        n = self.nights
        log_weights, centres, widths = [], [], []
        for scale in BELIEF_SCALES:
            loading = self.weights + scale**-2
            rest = np.maximum(self.squares - self.products**2 / loading, np.maximum(1e-12 * self.squares, _TINY))
            log_weights.append((np.log(1 - COEFFICIENTS**2) - np.log1p(scale**2 * self.weights) - n * np.log(rest)) / 2)
            centres.append(self.products / loading)
            widths.append(np.sqrt(rest / (n * loading)))
        joint = np.concatenate(log_weights, axis=-1)
        weight = np.exp(joint - joint.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        return Belief(weight, np.concatenate(centres, axis=-1), np.concatenate(widths, axis=-1), n)


def night_sums(values: FloatArray) -> NightSums:
    """Return the sufficient statistics of a series of night values, shape (n_nights,)."""
    all_nights = running_sums(values[None, :])
    m = all_nights.moments
    return NightSums(
        all_nights.nights[-1],
        all_nights.squares[0, -1],
        all_nights.products[0, -1],
        all_nights.weights[-1],
        Moments(m.nights[-1], m.mean[0, -1], m.variance[0, -1], m.third[0, -1]),
    )


def running_sums(values: FloatArray) -> NightSums:
    """Return the statistics after each night of many series at once.

    Parameters
    ----------
    values : array of shape (n_series, n_nights)

    Returns
    -------
    NightSums
        squares and products of shape (n_series, n_nights, n_coefficients), weights (n_nights, n_coefficients).
    """
    n = values.shape[-1]
    start = np.sqrt(1 - COEFFICIENTS**2)
    loadings = np.vstack([start, np.tile(1 - COEFFICIENTS, (n - 1, 1))])
    white = np.empty((*values.shape, len(COEFFICIENTS)))
    white[:, 0] = values[:, :1] * start
    white[:, 1:] = values[:, 1:, None] - COEFFICIENTS * values[:, :-1, None]
    return NightSums(
        np.arange(1.0, n + 1)[:, None],
        np.cumsum(white**2, axis=1),
        np.cumsum(loadings * white, axis=1),
        np.cumsum(loadings**2, axis=0),
        running_moments(values),
    )


def log_evidence(sums: NightSums) -> FloatArray:
    """Return log evidence that the mean is above 0, against its being 0, shape of the sums without their last axis.

    Notes
    -----
    For each φ and prior scale τ, with Q, B, A the sums and A' = A + τ⁻², the ratio of marginals is
    (1 + τ²A)^(-1/2) ((Q - B²/A') / Q)^(-n/2) × 2 Pr(t_n ≤ B √(n / (A' Q - B²))): the t-mixture of Lai restricted to one
    side. The evidence is 1 / Σ w(φ) / ratio(φ) with w the posterior of φ under a flat mean. Where bad nights are worse than
    good ones are good, the mean is lowered first (`Moments.shortfall`). Less than three nights, or a constant series: 0.

    References
    ----------
    Lai (1976); Wang, Ramdas (2024), theorem 4.7; Hall (1992).

    Examples
    --------
    >>> float(log_evidence(night_sums(np.zeros(5))))
    0.0
    >>> bool(log_evidence(night_sums(np.array([0.9, 1.1, 1.0, 0.8, 1.2, 1.0, 1.1]))) > np.log(20))
    True
    """
    from scipy.special import logsumexp, stdtr

    sums = sums.about(sums.moments.shortfall)
    n = sums.nights
    around = sums.squares - sums.products**2 / sums.weights
    varies = np.all(around > 1e-12 * np.maximum(sums.squares, _TINY), axis=-1) & (n[..., 0] >= LEAST_NIGHTS)
    squares = np.where(varies[..., None], sums.squares, 1.0)
    ratios = []
    for scale in SCALES:
        loading = sums.weights + scale**-2
        rest = np.maximum(squares - sums.products**2 / loading, 1e-12 * squares)
        side = np.log(2 * np.maximum(stdtr(n, sums.products * np.sqrt(n / (loading * rest))), _TINY))
        ratios.append(side - np.log1p(scale**2 * sums.weights) / 2 - n / 2 * np.log(rest / squares))
    ratio = logsumexp(ratios, axis=0) - np.log(len(SCALES))
    result: FloatArray = -logsumexp(_log_weights(np.where(varies[..., None], around, 1.0), sums) - ratio, axis=-1)
    return np.where(varies, result, 0.0)


def _log_weights(around: FloatArray, sums: NightSums) -> FloatArray:
    """Return the log posterior of φ given the series' squares around its own mean, (..., n_coefficients)."""
    from scipy.special import logsumexp

    terms = (np.log(1 - COEFFICIENTS**2) - np.log(sums.weights) - (sums.nights - 1) * np.log(around)) / 2
    result: FloatArray = terms - logsumexp(terms, axis=-1, keepdims=True)
    return result


def interval(values: FloatArray, log_bar: float) -> Interval:
    """Return the means that are not refuted: each end is wrong with the chance for which the bar was set, over all looks.

    Parameters
    ----------
    values : array of shape (n_nights,)
    log_bar : float
        Log evidence that refutes, see `include.evaluation.looks.log_bar`.

    Notes
    -----
    The low end is the smallest mean that the evidence "the mean is above" has not refuted. Below three nights both ends
    are infinite; for a constant series (a candidate that predicts the same) both are its value.

    Examples
    --------
    >>> found = interval(np.array([1.0, 2.0, 3.0] * 10), np.log(20))
    >>> round(found.low, 2), round(found.high, 2)
    (1.48, 2.52)
    """
    if len(values) < LEAST_NIGHTS:
        return Interval(-np.inf, np.inf)
    if np.ptp(values) == 0:
        return Interval(float(values[0]), float(values[0]))
    return Interval(_low_end(values, log_bar), -_low_end(-values, log_bar))


def _low_end(values: FloatArray, log_bar: float) -> float:
    sums = night_sums(values)
    centre, spread = float(values.mean()), float(np.ptp(values))
    low, high = centre - 1000 * spread, centre + spread
    if log_evidence(sums.about(low)) < log_bar:
        return -np.inf
    for _ in range(_ROUNDS):
        means = np.linspace(low, high, _SECTIONS + 1)
        refuted = int((log_evidence(sums.about(means[:, None])) >= log_bar).sum())
        low, high = float(means[refuted - 1]), float(means[min(refuted, _SECTIONS)])
    return low


def belief(values: FloatArray) -> Belief:
    """Return the posterior of the mean of night values, shape (n_nights,).

    Notes
    -----
    Given φ and a prior scale, μ is Student t with n degrees of freedom, centre B/A' and scale √((Q - B²/A') / (n A')).

    Examples
    --------
    >>> found = belief(np.array([1.0, 2.0, 3.0] * 10))
    >>> bool(1.8 < found.mean < 2.0), bool(found.chance_below(1.0) < 0.01)
    (True, True)
    """
    return night_sums(values).belief()


def nights_needed(values: FloatArray, mean: float, log_bar: float, most: int = 1000) -> int | None:
    """Return how many further nights like these would prove that the mean is above `mean`; None if none of `most` would.

    Notes
    -----
    The sums are extended in proportion, that is at today's effect, spread and autocorrelation: an expectation, not a
    promise. A mean at or below `mean` today never proves it.
    """
    n = len(values)
    if n < LEAST_NIGHTS:
        return None
    ahead = np.arange(n, n + most + 1, dtype=np.float64)[:, None]
    reached = log_evidence(night_sums(values).about(mean).stretched(ahead)) >= log_bar
    return int(reached.argmax()) if reached.any() else None
