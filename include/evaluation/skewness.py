"""Bad nights that are worse than good ones are good: what they take from the evidence about a mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LARGEST = 2.0
"""Mean in standard deviations beyond which the correction grows no further: it is an expansion about 0."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, variance and third central moment of a series of so many nights, each of shape (..., 1)."""

    nights: FloatArray
    mean: FloatArray
    variance: FloatArray
    third: FloatArray

    def about(self, mean: float | FloatArray) -> Moments:
        """Return the moments of the series minus a mean."""
        return Moments(self.nights, self.mean - mean, self.variance, self.third)

    def mirrored(self) -> Moments:
        """Return the moments of the series with its sign changed."""
        return Moments(self.nights, -self.mean, self.variance, -self.third)

    def stretched(self, nights: FloatArray) -> Moments:
        """Return what they would be after so many nights like these."""
        return Moments(nights, self.mean, self.variance, self.third)

    @property
    def shortfall(self) -> FloatArray:
        """By how much the mean is to be lowered before it is held against 0 as if its nights were not skewed, shape (..., 1).

        Notes
        -----
        A mean of few nights that has missed its rare bad ones is too large and its spread too small, so a t-statistic errs
        too often. With τ = mean / s and γ the skewness, Hall's transformation s (τ + γτ²/3 + γ²τ³/27 + γ/(6n)) removes that
        error to the order of 1/n and rises with τ, as evidence must; beyond τ = 2 what is taken stays the same. Only γ < 0 counts: a correction in a candidate's favour
        would rest on its best nights. 0 for a constant series and for less than three nights.

        References
        ----------
        Hall (1992), On the removal of skewness by transformation, JRSS B 54:221-228; Johnson (1978), Modified t tests and
        confidence intervals for asymmetrical populations, JASA 73:536-544.
        """
        flat = (self.variance <= 1e-12 * (self.mean**2 + self.variance)) | (self.nights < 3)
        spread = np.sqrt(np.where(flat, 1.0, self.variance))
        skew = np.minimum(np.where(flat, 0.0, self.third) / spread**3, 0.0)
        tau = np.clip(self.mean / spread, 0.0, LARGEST)
        lowered: FloatArray = -spread * (skew * tau**2 / 3 + skew**2 * tau**3 / 27 + skew / (6 * self.nights))
        return lowered


def running_moments(values: FloatArray) -> Moments:
    """Return the moments after each night of many series, values of shape (n_series, n_nights).

    Examples
    --------
    >>> found = running_moments(np.array([[1.0, 1.0, -2.0]]))
    >>> found.mean[0, :, 0].tolist(), found.third[0, 2, 0].tolist()
    ([1.0, 1.0, 0.0], -2.0)
    """
    n = np.arange(1.0, values.shape[-1] + 1)
    centre = values.mean(
        axis=-1, keepdims=True
    )  # moments about it are small, so that little is lost in their differences
    first, second, third = (np.cumsum((values - centre) ** power, axis=-1) / n for power in (1, 2, 3))
    variance = np.maximum(second - first**2, 0.0)
    central = third - 3 * first * second + 2 * first**3
    return Moments(n[:, None], (first + centre)[..., None], variance[..., None], central[..., None])
