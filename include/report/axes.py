"""Scales and ticks of our plots."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A linear map from values ``[low, high]`` to pixels ``[start, end]``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers that cover an interval.

    Parameters
    ----------
    low, high : float
        Finite; an interval of no length is widened.
    about : int
        How many are wanted.

    Returns
    -------
    list of float
        Multiples of 1, 2, 2.5 or 5 times a power of ten; the first is at or below `low`, the last at or above `high`.

    Examples
    --------
    >>> ticks(0.412, 0.467)
    [0.4, 0.42, 0.44, 0.46, 0.48]
    >>> ticks(3, 3)
    [2.0, 2.5, 3.0, 3.5, 4.0]
    """
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        pad = abs(low) / 3 or 1.0
        low, high = low - pad, high + pad
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, decimals) for i in range(first, last + 1)]


def tick_text(value: float, step: float) -> str:
    """Return a tick's label with as many decimals as its step needs.

    Examples
    --------
    >>> tick_text(0.4, 0.05), tick_text(2500, 500), tick_text(-0.025, 0.025)
    ('0.40', '2,500', '−0.025')
    """
    decimals = 0
    while decimals < 12 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    text = f"{abs(value):,.{decimals}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) != 0 else text


def spread(count: int, most: int) -> list[int]:
    """Return indices of at most `most` labels, evenly spread, the last one always among them.

    Examples
    --------
    >>> spread(5, 8), spread(14, 5), spread(0, 5)
    ([0, 1, 2, 3, 4], [1, 4, 7, 10, 13], [])
    """
    if count <= most:
        return list(range(count))
    every = math.ceil(count / most)
    return list(range((count - 1) % every, count, every))
