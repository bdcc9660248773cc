"""Recipe of the table in include/evidence/bounds.py: how much evidence nights reach that resemble each other.

Simulates years of 365 AR(1) nights after a pool of 60 (30 to 240 give the same within the noise), draws their
p-values, runs the detector, and prints, for each coefficient, the log evidence that 1 % of the years reach and the
decay of the tail beyond.

    python benchmarks/level_bounds.py --years 100000
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.evidence.bets import ANY_CHANGE, ONLY_UP, Change
from include.evidence.bounds import COEFFICIENTS
from include.evidence.conformal import upper_p_values
from include.evidence.detector import path

CHUNK = 2000
SHARES = (0.02, 0.01, 0.005, 0.002, 0.001)


def ar1(rng: np.random.Generator, coefficient: float, nights: int, series: int) -> np.ndarray:
    """Return stationary AR(1) nights of unit variance, shape (nights, series)."""
    values = np.empty((nights, series))
    values[0] = rng.normal(size=series)
    for night in range(1, nights):
        noise = rng.normal(size=series)
        values[night] = coefficient * values[night - 1] + np.sqrt(1 - coefficient**2) * noise
    return values


def largest_log_evidence(
    rng: np.random.Generator, coefficient: float, pool: int, years: int, changes: tuple[Change, ...]
) -> np.ndarray:
    """Return each year's largest log evidence, shape (years,)."""
    found = []
    for start in range(0, years, CHUNK):
        count = min(CHUNK, years - start)
        values = ar1(rng, coefficient, pool + 365, count)
        found.append(path(upper_p_values(values, pool, rng.random((365, count))), pool + 1, changes).max(axis=0))
    return np.concatenate(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--years", type=int, default=100_000, help="simulated years for each coefficient")
    parser.add_argument("--pool", type=int, default=60, help="nights in the pool at the start")
    parser.add_argument("--sides", choices=("both", "up"), default="both", help="hypothesised changes")
    arguments = parser.parse_args()
    changes = ANY_CHANGE if arguments.sides == "both" else ONLY_UP
    rng = np.random.default_rng(11)
    for coefficient in COEFFICIENTS:
        largest = largest_log_evidence(rng, coefficient, arguments.pool, arguments.years, changes)
        levels = np.quantile(largest, 1 - np.array(SHARES))
        decay = -np.polyfit(levels, np.log(SHARES), 1)[0]
        row = " ".join(f"{value:7.2f}" for value in levels)
        print(f"{coefficient:5.2f}  at {SHARES}: {row}  decay {decay:.3f}", flush=True)


if __name__ == "__main__":
    main()
