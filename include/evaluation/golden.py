"""The golden set: rows frozen before the candidate existed, never trained on."""

from __future__ import annotations

import numpy as np

from include.evaluation.metrics import Metric, standard_error
from include.evaluation.nights import NightScores
from include.evaluation.verdict import Part


def golden_part(golden: NightScores, metric: Metric, margin: float = 0.0, confidence: float = 0.95) -> Part:
    """Return whether the candidate is not shown to be worse than the champion on the golden rows.

    Parameters
    ----------
    golden : NightScores
        The frozen rows with both scores.
    margin : float
        Loss on them that a candidate may add, in the metric's unit.

    Notes
    -----
    One look per candidate, rows drawn at random over many nights: a fixed-time normal test of gain + margin < 0 at
    1 - confidence on paired influences. That newest data can lie (poisoned labels, a defect in both training and hold-out)
    is why it exists: it holds the candidate to what was true before.
    """
    label = np.asarray(golden.label, dtype=np.float64)
    champion, candidate = (np.asarray(score, dtype=np.float64) for score in (golden.champion, golden.candidate))
    kept = np.isfinite(label)
    for score in (champion, candidate):
        kept &= np.isfinite(score).reshape(len(score), -1).all(axis=1)
    old, new = metric.measure(label[kept], champion[kept]), metric.measure(label[kept], candidate[kept])
    if old.value is None or new.value is None or kept.sum() < 2:
        return Part(
            "golden_set", "cannot_tell", old.reason or new.reason or "fewer than two rows", {"rows": int(kept.sum())}
        )
    influence = [
        metric.influence(label[kept], score[kept], None, **metric.options)[1] for score in (champion, candidate)
    ]
    spread = standard_error(influence[0] - influence[1]) or 0.0
    gain = metric.gain(old.value, new.value)
    worst = gain + _reach(confidence) * spread
    numbers = {
        "gain": gain, "standard_error": spread, "margin": margin, "rows": int(kept.sum()),
        "champion": old.value, "candidate": new.value,
    }  # fmt: skip
    what = f"gain {gain:.4g} {metric.unit} on {int(kept.sum())} frozen rows (standard error {spread:.2g}), {-margin:.4g} is asked"
    return Part("golden_set", "fail" if worst < -margin else "pass", what, numbers)


def _reach(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(confidence))
