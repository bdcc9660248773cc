"""What a statistic of n rows is when nothing changed: its mean and spread, by resampling the reference once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from include.signals.moments import FloatArray
from include.signals.numeric import CountArray

DRAWS = 512  # mean known to 0.044 and spread to 3 % of the spread
LARGEST_NODE = 2**17
GAUSSIAN_FROM = 2**12
BLOCK_NUMBERS = 2**13  # 64 KiB of float64

Formula = Callable[[FloatArray], FloatArray]
"""From shares of the cells, shape (..., n_cells), to values, shape (...)."""


@dataclass(frozen=True)
class Law:
    """Mean, standard deviation and typical step of a statistic under no change, in its unit."""

    expected: float
    spread: float
    lattice: float

    @property
    def jittered_spread(self) -> float:
        """Standard deviation of the statistic plus a uniform jitter of one lattice step."""
        return math.hypot(self.spread, self.lattice / math.sqrt(12))


def effective_rows(current: int, reference: int) -> float:
    """Return the rows m for which one sample against the truth varies like `current` rows against `reference` rows.

    Notes
    -----
    ``1/m = 1/n + 1/N``: exact for statistics that are asymptotically homogeneous in the difference of two empirical
    distributions, and for any statistic when the reference is much larger than the partition.

    Examples
    --------
    >>> effective_rows(100, 100), round(effective_rows(100, 10**9))
    (50.0, 100)
    """
    return max(1.0, current * reference / (current + reference))


class Resampler:
    """Draws partitions from a reference's own counts and remembers what statistics do on them.

    Parameters
    ----------
    cells : numpy.ndarray of shape (n_cells,)
        The reference's counts.

    Notes
    -----
    The laws are computed by `DRAWS` multinomial draws at powers of two rows, when first asked for, and interpolated in
    the logarithms between them. Above `LARGEST_NODE` rows they shrink as rows to the power −rate. Statistics of the
    cumulated shares (`smooth`) use the Gaussian limit (a Brownian bridge) from `GAUSSIAN_FROM` rows, ten times as fast.
    Everything is a function of the counts alone: another machine computes the same.
    """

    def __init__(self, cells: CountArray) -> None:
        self.rows = int(cells.sum())
        self.shares: FloatArray = cells / max(self.rows, 1)
        self._laws: dict[tuple[str, int], Law] = {}

    def law(self, name: str, formula: Formula, rows: float, rate: float, *, smooth: bool = False) -> Law:
        """Return the law of a statistic of so many (effective) rows.

        Parameters
        ----------
        name : str
            Names the formula among those asked of this reference.
        formula : callable
            From shares of shape (n_draws, n_cells) to values of shape (n_draws,).
        rows : float
            At least 1, see `effective_rows`.
        rate : float
            The statistic shrinks as rows to the power −rate under no change: ½ for a distance, 1 for its square.
        smooth : bool
            Whether the statistic is a function of cumulated shares.
        """
        largest = GAUSSIAN_FROM if smooth else LARGEST_NODE
        if rows >= largest:
            limit = self._node(name, formula, largest, smooth)
            shrunk = (rows / largest) ** -rate
            law = Law(limit.expected * shrunk, limit.spread * shrunk, limit.lattice * shrunk)
        else:
            lower = 2 ** int(math.log2(rows))
            weight = math.log2(rows / lower)
            law = self._node(name, formula, lower, smooth)
            if weight > 0:
                law = _between(law, self._node(name, formula, 2 * lower, smooth), weight)
        return law if law.spread > 0 else Law(law.expected, self.one_unknown_row(rows), law.lattice)

    def one_unknown_row(self, rows: float) -> float:
        """Return the spread where all draws agree: half a row in N + 1 might have been different (Jeffreys)."""
        share = 0.5 / (self.rows + 1)
        return math.sqrt(share * (1 - share) / rows)

    def _node(self, name: str, formula: Formula, rows: int, smooth: bool) -> Law:
        key = (name, rows)
        if key not in self._laws:
            gaussian = smooth and rows >= GAUSSIAN_FROM
            draws = self._bridges(rows) if gaussian else self.draws(rows)
            self._laws[key] = law_of(in_blocks(formula, draws))
        return self._laws[key]

    def draws(self, rows: int) -> FloatArray:
        """Return the shares of `DRAWS` partitions of so many rows, shape (n_draws, n_cells)."""
        filled = np.flatnonzero(self.shares)
        result = np.zeros((DRAWS, len(self.shares)))
        random = np.random.default_rng([rows, len(self.shares)])
        result[:, filled] = random.multinomial(rows, self.shares[filled], size=DRAWS) / rows
        return result

    def _bridges(self, rows: int) -> FloatArray:
        root = np.sqrt(self.shares)
        noise = _normals(len(self.shares)) * root
        noise -= self.shares * noise.sum(axis=1, keepdims=True)
        result: FloatArray = self.shares + noise / math.sqrt(rows)
        return result


def in_blocks(formula: Formula, shares: FloatArray) -> FloatArray:
    """Return a formula's values of shares (n, n_cells), shape (n,), a few at a time: its arrays then stay in the cache."""
    size = max(1, BLOCK_NUMBERS // shares.shape[-1])
    return np.concatenate([formula(shares[start : start + size]) for start in range(0, len(shares), size)])


@lru_cache(maxsize=8)
def _normals(cells: int) -> FloatArray:
    return np.random.default_rng(cells).standard_normal((DRAWS, cells))


def law_of(values: FloatArray) -> Law:
    """Return the law of values drawn under no change, shape (n_draws,).

    Examples
    --------
    >>> law_of(np.array([0.0, 0.0, 0.0, 1.0]))
    Law(expected=0.25, spread=0.5, lattice=1.0)
    """
    scale = float(np.abs(values).max()) or 1.0
    distinct, counts = np.unique(np.round(values / scale, 10), return_counts=True)  # equal but for rounding is equal
    lattice = 0.0
    if len(distinct) > 1:
        gaps = np.diff(distinct) * scale
        around = np.concatenate([[gaps[0]], (gaps[1:] + gaps[:-1]) / 2, [gaps[-1]]])
        lattice = float(np.sum(around * counts) / len(values))
    return Law(float(values.mean()), float(values.std(ddof=1)), lattice)


def _between(lower: Law, upper: Law, weight: float) -> Law:
    return Law(
        _interpolated(lower.expected, upper.expected, weight),
        _interpolated(lower.spread, upper.spread, weight),
        _interpolated(lower.lattice, upper.lattice, weight),
    )


def _interpolated(lower: float, upper: float, weight: float) -> float:
    if lower > 0 and upper > 0:
        return float(lower ** (1 - weight) * upper**weight)
    return lower * (1 - weight) + upper * weight
