"""The interval of an AUC difference: influences by partition, against a loop over scikit-learn's roc_auc_score.

Both draw the same partitions. The loop is timed on a few resamples and extrapolated to all of them, and says so; its
interval for the comparison of widths is computed by the same draws on a separate, exact and vectorised way (weights of
partitions times pairwise counts), checked against the loop on the resamples that were run.

    python benchmarks/gate_speed.py [--rows 500000] [--partitions 60] [--resamples 1000] [--loop 30]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from include.evaluation.bootstrap import default_block, difference_interval, partition_counts  # noqa: E402
from include.evaluation.metrics import metric  # noqa: E402


def made(rows: int, partitions: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return label, champion, candidate, partition of rows whose signal differs from night to night."""
    rng = np.random.default_rng(seed)
    partition = np.sort(rng.integers(0, partitions, rows))
    signal = rng.standard_normal(rows)
    strength = 1 + 0.3 * rng.standard_normal(partitions)[partition]
    label = (rng.random(rows) < 1 / (1 + np.exp(1.2 - strength * signal))).astype(float)
    champion = 1 / (1 + np.exp(1.2 - signal + 0.8 * rng.standard_normal(rows)))
    candidate = 1 / (1 + np.exp(1.2 - signal + 0.7 * rng.standard_normal(rows)))
    return label, champion, candidate, partition


def pair_counts(label: np.ndarray, score: np.ndarray, partition: np.ndarray, partitions: int) -> np.ndarray:
    """Return how many pairs (positive of p, negative of q) are in order, ties half, shape (partitions, partitions)."""
    counts = np.zeros((partitions, partitions))
    positives, of = score[label == 1], partition[label == 1]
    for q in range(partitions):
        negatives = np.sort(score[(label == 0) & (partition == q)])
        below = (np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")) / 2
        counts[:, q] = np.bincount(of, below, minlength=partitions)
    return counts


def exact(draws: np.ndarray, label: np.ndarray, score: np.ndarray, partition: np.ndarray) -> np.ndarray:
    """Return the exact AUC of every resample, (resamples,)."""
    partitions = draws.shape[1]
    counts = pair_counts(label, score, partition, partitions)
    positives = np.bincount(partition, label, minlength=partitions)
    negatives = np.bincount(partition, 1 - label, minlength=partitions)
    return np.einsum("rp,pq,rq->r", draws, counts, draws, optimize=True) / ((draws @ positives) * (draws @ negatives))


def loop(
    draws: np.ndarray, label: np.ndarray, champion: np.ndarray, candidate: np.ndarray, partition: np.ndarray
) -> tuple[list[float], float]:
    """Return the AUC difference of each resample by scikit-learn, and the seconds taken."""
    from sklearn.metrics import roc_auc_score

    edges = np.searchsorted(partition, np.arange(draws.shape[1] + 1))
    start, found = time.perf_counter(), []
    for row in draws:
        rows = np.concatenate(
            [np.tile(np.arange(edges[p], edges[p + 1]), int(count)) for p, count in enumerate(row) if count]
        )
        found.append(roc_auc_score(label[rows], candidate[rows]) - roc_auc_score(label[rows], champion[rows]))
    return found, time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 500_000), ("partitions", 60), ("resamples", 1000), ("loop", 30), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    label, champion, candidate, partition = made(args.rows, args.partitions, args.seed)
    auc = metric("auc")
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        ours = difference_interval(auc, label, champion, candidate, partition, resamples=args.resamples, seed=args.seed)
        seconds.append(time.perf_counter() - start)
    fast = float(np.median(seconds))
    draws = partition_counts(args.partitions, args.resamples, default_block(args.partitions), args.seed)
    few, spent = loop(draws[: args.loop], label, champion, candidate, partition)
    slow = spent / args.loop * args.resamples
    values = exact(draws, label, candidate, partition) - exact(draws, label, champion, partition)
    low, high = np.quantile(values, [0.025, 0.975])
    off = max(abs(ours.low - low), abs(ours.high - high)) / (high - low)
    print(f"{args.rows:,} rows, {args.partitions} partitions, {args.resamples} resamples in blocks of {ours.block}")
    print(f"  influences by partition   {fast:8.3f} s   {ours.value:+.6f}  [{ours.low:+.6f}, {ours.high:+.6f}]")
    print(f"  loop over roc_auc_score   {slow:8.1f} s   (extrapolated from {args.loop} resamples, {spent:.1f} s)")
    print(f"  exact, same draws                      {values.mean():+.6f}  [{low:+.6f}, {high:+.6f}]")
    print(
        f"  the exact way agrees with the loop on its {args.loop} resamples within {np.abs(values[: args.loop] - few).max():.1e}"
    )
    print(f"  ratio {slow / fast:,.0f} ×; ends differ by at most {off:.1%} of the exact interval's width")


if __name__ == "__main__":
    main()
