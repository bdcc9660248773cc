"""The gate's small parts: calibration, churn, scoring time and size of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.confusion import decided
from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores
from include.evaluation.verdict import Part

FloatArray = NDArray[np.float64]


def calibration_part(nights: Sequence[NightScores], limit: float) -> Part:
    """Return whether the candidate's expected calibration error over all nights is at most a limit."""
    label, champion, candidate = pooled(nights)
    measure = metric("calibration_error").measure
    new, old = measure(label, candidate), measure(label, champion)
    numbers = {
        "candidate": new.value,
        "standard_error": new.standard_error,
        "champion": old.value,
        "limit": limit,
        "rows": new.rows,
    }
    if new.value is None or new.health == "fail":
        return Part("calibration", "cannot_tell", new.reason, numbers)
    reason = f"calibration error {new.value:.4g}, at most {limit:.4g} is allowed"
    return Part("calibration", "pass" if new.value <= limit else "fail", reason, numbers)


def churn_part(nights: Sequence[NightScores], limit: float, *, classes: bool, threshold: float = 0.5) -> Part:
    """Return whether few enough predictions change sides (classes) or move by more than a standard deviation (numbers).

    Notes
    -----
    The standard deviation is that of the champion's predictions on these rows. Rows without a label count too.
    """
    champion = np.concatenate([night.champion for night in nights]) if nights else np.empty(0)
    candidate = np.concatenate([night.candidate for night in nights]) if nights else np.empty(0)
    if not len(champion):
        return Part("churn", "cannot_tell", "no row was scored by both")
    if classes:
        share = float((decided(champion, threshold) != decided(candidate, threshold)).mean())
    else:
        share = float((np.abs(candidate - champion) > champion.std()).mean())
    moved = float(np.abs(candidate - champion).mean())
    reason = f"{share:.1%} of predictions change, at most {limit:.1%} are allowed"
    return Part(
        "churn", "pass" if share <= limit else "fail", reason, {"share": share, "mean_move": moved, "limit": limit}
    )


def limit_part(name: str, value: float | None, limit: float, unit: str) -> Part:
    """Return whether a measured cost is within its limit; `cannot_tell` when it was not measured."""
    numbers = {"value": value, "limit": limit, "unit": unit}
    if value is None or not np.isfinite(value):
        return Part(name, "cannot_tell", f"a limit of {limit:.4g} {unit} is set, but nothing was measured", numbers)
    return Part(
        name, "pass" if value <= limit else "fail", f"{value:.4g} {unit}, at most {limit:.4g} is allowed", numbers
    )


def microseconds_per_row(
    predict: Callable[[Any], Any], rows: Any, count: int, clock: Callable[[], float], repeats: int = 5
) -> float | None:
    """Return the median time to score a row, in microseconds; None without rows.

    Parameters
    ----------
    predict : callable
        Scores `rows`, whatever they are.
    count : int
        Number of rows.
    clock : callable
        Seconds, such as `time.perf_counter`.
    """
    if count <= 0:
        return None
    predict(rows)
    seconds = []
    for _ in range(repeats):
        start = clock()
        predict(rows)
        seconds.append(clock() - start)
    return float(np.median(seconds)) / count * 1e6


def pooled(nights: Sequence[NightScores]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return label, champion and candidate of all nights, one after the other; empty without nights."""
    if not nights:
        return np.empty(0), np.empty(0), np.empty(0)
    label, champion, candidate = (
        np.concatenate([np.asarray(getattr(night, name), dtype=np.float64) for night in nights])
        for name in ("label", "champion", "candidate")
    )
    return label, champion, candidate
