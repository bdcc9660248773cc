"""Moments that merge: count, mean and central sums of powers two to four, in one pass and in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from include.signals.scratch import scratch

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and the sums of the second to fourth powers of the deviations from the mean.

    Attributes
    ----------
    count : int
        Finite values seen.
    mean : float
        In the unit of the values; 0.0 when nothing was seen.
    m2, m3, m4 : float
        Sums of (x − mean) to the power 2, 3, 4, in the unit of the values to that power.
    """

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Moments:
        """Return the moments of finite values of shape (n,).

        Examples
        --------
        >>> Moments.of(np.array([1.0, 2.0, 3.0, 4.0]))
        Moments(count=4, mean=2.5, m2=5.0, m3=0.0, m4=10.25)
        """
        if values.size == 0:
            return cls()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            deviation = np.subtract(values, mean, out=scratch("deviation", values.size))
            power = np.multiply(deviation, deviation, out=scratch("power", values.size))
            m2 = float(power.sum())
            m3 = float(np.multiply(power, deviation, out=deviation).sum())
            m4 = float(np.multiply(power, power, out=power).sum())
            return cls(int(values.size), mean, m2, m3, m4)

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both sets of values together.

        Notes
        -----
        The pairwise formulas of Chan et al. (1979) for the second power and Pébay (2008) for the third and fourth.
        Associative and commutative up to rounding. Values so large that a power overflows give inf or nan, not an
        error: :attr:`standard_deviation` then is not finite and the signals that need it cannot tell.

        References
        ----------
        P. Pébay, *Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
        moments*, Sandia report SAND2008-6212, 2008.

        Examples
        --------
        >>> Moments.of(np.array([1.0, 2.0])).merge(Moments.of(np.array([3.0, 4.0])))
        Moments(count=4, mean=2.5, m2=5.0, m3=0.0, m4=10.25)
        """
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        n_a, n_b = float(self.count), float(other.count)
        n = n_a + n_b
        with np.errstate(over="ignore", invalid="ignore"):
            delta = np.float64(other.mean) - np.float64(self.mean)
            step, step2 = delta / n, (delta / n) * (delta / n)
            cross = delta * step * n_a * n_b
            m2 = self.m2 + other.m2 + cross
            m3 = self.m3 + other.m3 + cross * step * (n_a - n_b) + 3 * step * (n_a * other.m2 - n_b * self.m2)
            m4 = (
                self.m4
                + other.m4
                + cross * step2 * (n_a * n_a - n_a * n_b + n_b * n_b)
                + 6 * step2 * (n_a * n_a * other.m2 + n_b * n_b * self.m2)
                + 4 * step * (n_a * other.m3 - n_b * self.m3)
            )
            mean = self.mean * (n_a / n) + other.mean * (n_b / n)
        return Moments(self.count + other.count, float(mean), float(m2), float(m3), float(m4))

    @property
    def variance(self) -> float:
        """Population variance (divided by the count), nan when nothing was seen."""
        return self.m2 / self.count if self.count else float("nan")

    @property
    def standard_deviation(self) -> float:
        """Square root of :attr:`variance`, in the unit of the values."""
        return float(np.sqrt(self.variance))

    @property
    def skewness(self) -> float:
        """Third standardised moment, dimensionless; nan for a constant, and where the power is too small for a float."""
        power = self.variance**1.5 if self.m2 > 0 else 0.0
        return self.m3 / self.count / power if power > 0 else float("nan")

    @property
    def kurtosis(self) -> float:
        """Fourth standardised moment (3 for a normal law), dimensionless; nan likewise."""
        power = self.variance**2 if self.m2 > 0 else 0.0
        return self.m4 / self.count / power if power > 0 else float("nan")
