"""Drift rules of other tools, re-implemented from their documentation, on nights without drift.

- Evidently: normalised Wasserstein distance >= 0.1 for a numeric column (its default above 1,000 reference rows);
  a data set has drifted when half of its columns have.
- Two-sample Kolmogorov-Smirnov test at p < 0.05, a feature on its own and with Holm's correction over the night's 30.
- Population stability index > 0.2 over ten reference deciles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import kstwobign

FEATURES = 30
REFERENCE_ROWS = 10_000
YEAR = 365


def wasserstein(reference: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Return the normalised Wasserstein distance of each row of sorted samples, shapes (n, r) and (n, c)."""
    levels = (np.arange(2000) + 0.5) / 2000
    at = [np.take(s, (levels * s.shape[-1]).astype(int), axis=-1) for s in (reference, current)]
    return np.abs(at[0] - at[1]).mean(axis=-1) / reference.std(axis=-1)


def ks_p_values(reference: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Return the asymptotic p-value of the two-sample KS test for sorted samples, shapes (n, r) and (n, c)."""
    rows, size = current.shape[-1], reference.shape[-1]
    above = np.array([np.searchsorted(r, c, side="right") for r, c in zip(reference, current, strict=True)]) / size
    steps = np.arange(rows + 1) / rows
    distance = np.maximum(np.abs(above - steps[1:]), np.abs(above - steps[:-1])).max(axis=-1)
    return kstwobign.sf(distance * np.sqrt(rows * size / (rows + size)))


def psi(reference: np.ndarray, current: np.ndarray) -> np.ndarray:
    """Return the PSI over the reference's deciles, empty bins counted as half a row, for sorted samples."""
    size = reference.shape[-1]
    edges = reference[:, (np.arange(1, 10) * size) // 10]
    places = np.array([np.searchsorted(c, e) for c, e in zip(current, edges, strict=True)])
    rows = current.shape[-1]
    counts = np.diff(np.concatenate([np.zeros((len(places), 1)), places, np.full((len(places), 1), rows)], axis=1))
    share = np.maximum(counts, 0.5) / rows
    return ((share - 0.1) * np.log(share / 0.1)).sum(axis=1)


def holm(p_values: np.ndarray, level: float = 0.05) -> np.ndarray:
    """Return which of the last axis's hypotheses Holm's procedure rejects."""
    count = p_values.shape[-1]
    order = np.argsort(p_values, axis=-1)
    limits = level / (count - np.arange(count))
    passed = np.logical_and.accumulate(np.take_along_axis(p_values, order, axis=-1) <= limits, axis=-1)
    result = np.zeros_like(passed)
    np.put_along_axis(result, order, passed, axis=-1)
    return result


def night_flags(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Return which of 30 features each rule flags on one night without drift."""
    reference = np.sort(rng.normal(size=(FEATURES, REFERENCE_ROWS)), axis=1)
    current = np.sort(rng.normal(size=(FEATURES, rows)), axis=1)
    distance, p_values = wasserstein(reference, current), ks_p_values(reference, current)
    return {
        "Evidently: normalised Wasserstein >= 0.1": distance >= 0.1,
        "KS p < 0.05": p_values < 0.05,
        "KS p < 0.05 with Holm over the night": holm(p_values),
        "PSI > 0.2": psi(reference, current) > 0.2,
    }


def rival_table(seed: int) -> list[dict[str, Any]]:
    """Print and return each rule's share of flagged features, of nights and of years with any flag."""
    rng = np.random.default_rng(seed)
    print(
        f"\n{'rules of others, no drift, 30 features':45s} {'rows':>7s} {'features':>9s} {'nights':>8s} {'years':>8s}"
    )
    lines = []
    for rows, nights in ((100, 400), (200, 400), (1000, 400), (100_000, 40)):
        flags = [night_flags(rng, rows) for _ in range(nights)]
        for rule in flags[0]:
            table = np.array([one[rule] for one in flags])
            night = float(table.any(axis=1).mean())
            line = {
                "rule": rule,
                "rows": rows,
                "nights_drawn": nights,
                "features": float(table.mean()),
                "nights": night,
                "half_of_features": float((table.mean(axis=1) >= 0.5).mean()),
                "years": 1 - (1 - night) ** YEAR,
            }
            lines.append(line)
            print(f"{rule:45s} {rows:7d} {line['features']:9.1%} {night:8.1%} {line['years']:8.1%}", flush=True)
    print("years: from the share of nights, nights being independent; the reference is drawn anew every night")
    return lines
