"""The golden set: rows frozen before the candidate existed, never trained on."""

from __future__ import annotations

import numpy as np

from include.evaluation.metrics import Metric, finite_rows, standard_error
from include.evaluation.nights import NightScores
from include.evaluation.slices import holm, named_slices
from include.evaluation.terms import RELATIVE_MARGIN
from include.evaluation.verdict import Part

LEAST_ROWS = 30
"""A segment with fewer rows is not judged."""


def golden_part(golden: NightScores, metric: Metric, margin: float = 0.0, confidence: float = 0.95) -> Part:
    """Return whether the candidate keeps what the champion does on the golden rows, on the whole and in each segment.

    Parameters
    ----------
    golden : NightScores
        The frozen rows with both scores; `slices` name segments.
    margin : float
        Loss on them that a candidate may add, in the metric's unit.

    Notes
    -----
    The whole: the candidate's loss may not be more than `margin` above the champion's, by value. Segments (the 20 most
    frequent values of each column): none may be shown to lose more than margin (0: 1 % of the champion's value) by a
    one-sided normal test of paired influences, Holm over segments at 1 - confidence: one look per candidate, rows drawn at
    random over many nights. That newest data can lie (poisoned labels, a defect in both training and hold-out) is why it
    exists; a candidate as good as the champion fails it every other time, and then a person is asked.
    """
    rows = _scored(golden)
    whole = _gain(rows, metric)
    if whole is None:
        return Part(
            "golden_set",
            "cannot_tell",
            f"the metric is not defined on its {len(rows.label)} scored rows",
            {"rows": len(rows.label)},
        )
    allowed = margin or RELATIVE_MARGIN * abs(whole["champion"])
    segments = {
        found.name: _gain(rows.only(found.mask(rows)), metric) for found in named_slices([rows], sorted(rows.slices))
    }
    told = {name: values for name, values in segments.items() if values is not None and values["rows"] >= LEAST_ROWS}
    scores = [_log_evidence(values, allowed) for values in told.values()]
    blamed = [name for name, harmed in zip(told, holm(scores, -np.log(1 - confidence)), strict=True) if harmed]
    numbers = {**whole, "margin": margin, "segments": told, "blamed": blamed}
    what = (
        f"gain {whole['gain']:.4g} {metric.unit} on {whole['rows']:.0f} frozen rows "
        f"(standard error {whole['standard_error']:.2g}), {-margin:.4g} is asked"
    )
    if blamed:
        what += f"; shown to lose in {'; '.join(blamed[:3])}"
    return Part("golden_set", "fail" if blamed or whole["gain"] < -margin else "pass", what, numbers)


def _scored(golden: NightScores) -> NightScores:
    label = np.asarray(golden.label, dtype=np.float64)
    kept = np.isfinite(label)
    for score in (golden.champion, golden.candidate):
        kept &= finite_rows(score)
    return golden.only(kept)


def _gain(rows: NightScores, metric: Metric) -> dict[str, float] | None:
    """Return the paired gain with its standard error, or None where the metric is not defined."""
    label, champion, candidate = (
        np.asarray(each, dtype=np.float64) for each in (rows.label, rows.champion, rows.candidate)
    )
    old, new = metric.measure(label, champion), metric.measure(label, candidate)
    if old.value is None or new.value is None or len(label) < 2:
        return None
    influence = [metric.influence(label, score, None, **metric.options)[1] for score in (champion, candidate)]
    return {
        "gain": metric.gain(old.value, new.value),
        "standard_error": standard_error(influence[0] - influence[1]) or 0.0,
        "champion": old.value,
        "candidate": new.value,
        "rows": len(label),
    }


def _log_evidence(values: dict[str, float], allowed: float) -> float:
    """Return -log p that a segment loses no more than allowed."""
    from scipy.special import log_ndtr

    if not values["standard_error"]:
        return 0.0
    return -float(log_ndtr((values["gain"] + allowed) / values["standard_error"]))
