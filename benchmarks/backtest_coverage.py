"""How often the interval of a backtest's mean loss holds the true mean: autocorrelated series of few partitions.

python benchmarks/backtest_coverage.py [--series 2000]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from include.policy.hindsight import Board
from include.policy.standing import Judge

LENGTHS = (8, 18, 42, 100, 300)
AUTOCORRELATIONS = (0.0, 0.3, 0.5, 0.7)
BURN_IN = 50


def autocorrelated(series: int, length: int, coefficient: float, seed: int) -> np.ndarray:
    """Return normal AR(1) series with mean 0, shape (series, length)."""
    draw = np.random.default_rng(seed).normal(size=(series, length + BURN_IN))
    for at in range(1, length + BURN_IN):
        draw[:, at] += coefficient * draw[:, at - 1]
    return draw[:, BURN_IN:]


def coverage(values: np.ndarray) -> tuple[float, float]:
    """Return the share of series whose interval holds 0, as it is told and as plain resamples would have it."""
    length = values.shape[1]
    judge = Judge.of(Board(np.zeros((2, 1, length)), ("all",), 0), seed=0)
    told = [judge.interval(each) for each in values]
    plain = np.quantile(values @ judge.draws.T / length, [0.025, 0.975], axis=1)
    return float(np.mean([low <= 0 <= high for low, high in told])), float(((plain[0] <= 0) & (plain[1] >= 0)).mean())


def main() -> None:
    """Print a table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--series", type=int, default=2000)
    series = arguments.parse_args().series
    print(f"{'partitions':>10} {'AR(1)':>6} {'holds the mean':>15} {'plain resamples':>16}")
    for length in LENGTHS:
        for coefficient in AUTOCORRELATIONS:
            told, plain = coverage(autocorrelated(series, length, coefficient, length))
            print(f"{length:>10} {coefficient:>6} {told:>15.1%} {plain:>16.1%}", flush=True)


if __name__ == "__main__":
    main()
