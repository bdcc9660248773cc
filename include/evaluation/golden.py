"""The golden set: rows frozen before the candidate existed, never trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from include.evaluation.metrics import Metric, finite_rows, standard_error
from include.evaluation.nights import NightScores
from include.evaluation.slices import holm, named_slices
from include.evaluation.terms import RELATIVE_MARGIN
from include.evaluation.verdict import Part, first_names

LEAST_ROWS = 30
"""A segment with fewer rows is not judged."""
SUSPICION = 0.75
"""Confidence at which a loss counts as shown where no margin is set: asking a person in vain is cheap, poison is not."""
WHOLE = "all rows"
WHOLE_SHARE, EVEN_SHARE, MOVED_SHARE = 0.25, 0.25, 0.5
"""Of the error: for all rows together; for all segments alike; for segments by how far the candidate moves predictions there."""


def golden_part(golden: NightScores, metric: Metric, margin: float | None = None, confidence: float = 0.95) -> Part:
    """Return whether the candidate keeps what the champion does on the golden rows, on the whole and in each segment.

    Parameters
    ----------
    golden : NightScores
        The frozen rows with both scores; `slices` name segments.
    margin : float, optional
        Loss on them that a candidate may add, in the metric's unit; None: as much as its paired standard error explains.
    confidence : float
        At which a segment is shown to lose more than a margin; without one `SUSPICION` is asked, of the whole as well.

    Notes
    -----
    One-sided normal tests of paired influences, one look per candidate, rows drawn at random over many nights. Unset: neither
    the whole nor a segment (the 20 most frequent values of each column) may be shown to lose anything, weighted Holm over all of
    them at 1 - `SUSPICION`, so that a candidate as good as the champion fails in at most that share of cases. Weights look at no
    label: half of the error goes to segments by the square of the mean squared change of predictions there, because labels
    that lie about a segment move its predictions far more than those of others. With a margin:
    the candidate's loss on the whole may not be more than it above the champion's, by value (0: an equal candidate fails
    every other time), and no segment may be shown to lose more than margin (0: 1 % of the champion's value). That newest
    data can lie (poisoned labels, a defect in both training and hold-out) is why it exists; then a person is asked.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), False discovery control with p-value weighting; Holm (1979), section 4.
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
    segments = {
        found.name: _gain(rows.only(found.mask(rows)), metric) for found in named_slices([rows], sorted(rows.slices))
    }
    told = {name: values for name, values in segments.items() if values is not None and values["rows"] >= LEAST_ROWS}
    what = (
        f"gain {whole['gain']:.4g} {metric.unit} on {whole['rows']:.0f} frozen rows "
        f"(standard error {whole['standard_error']:.2g})"
    )
    if margin is None:
        blamed = _shown({WHOLE: whole, **told}, 0.0, SUSPICION)
        what += f", a loss of {_unexplained(whole, SUSPICION):.4g} would be shown at {SUSPICION:.0%}"
        failed = bool(blamed)
    else:
        blamed = _shown(told, margin or RELATIVE_MARGIN * abs(whole["champion"]), confidence)
        what += f", {-margin:.4g} is asked"
        failed = bool(blamed) or whole["gain"] < -margin
    numbers = {**whole, "margin": margin, "segments": told, "blamed": blamed}
    if blamed:
        what += f"; shown to lose in {first_names(blamed)}"
    return Part("golden_set", "fail" if failed else "pass", what, numbers)


def _shown(told: dict[str, dict[str, float]], allowed: float, confidence: float) -> list[str]:
    """Return which groups of rows are shown to lose more than allowed, weighted Holm over all of them."""
    scores = [_log_evidence(values, allowed) for values in told.values()]
    harmed = holm(scores, -np.log(1 - confidence), _weights(told))
    return [name for name, shown in zip(told, harmed, strict=True) if shown]


def _weights(told: dict[str, dict[str, float]]) -> NDArray[np.float64]:
    """Return the share of the error that each group gets, shape (n_groups,): unequal only where predictions moved unequally.

    Examples
    --------
    >>> moved = {WHOLE: 0.1, "region=north": 0.1, "region=south": 0.3}
    >>> _weights({name: {"moved": value} for name, value in moved.items()}).round(3).tolist()
    [0.25, 0.175, 0.575]
    """
    segment = np.array([name != WHOLE for name in told], dtype=np.bool_)
    squares = np.where(segment, [values["moved"] ** 2 for values in told.values()], 0.0)
    moved = squares / squares.sum() if squares.sum() > 0 else segment / max(segment.sum(), 1)
    shares = WHOLE_SHARE * ~segment + EVEN_SHARE * segment / max(segment.sum(), 1) + MOVED_SHARE * moved
    return np.asarray(shares / shares.sum())


def _unexplained(whole: dict[str, float], confidence: float) -> float:
    """Return the loss of all rows together that chance does not explain, in the metric's unit."""
    from scipy.special import ndtri

    return float(ndtri(confidence)) * whole["standard_error"]


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
        "moved": float(np.mean((candidate - champion) ** 2)),
    }


def _log_evidence(values: dict[str, float], allowed: float) -> float:
    """Return -log p that a segment loses no more than allowed."""
    from scipy.special import log_ndtr

    if not values["standard_error"]:
        return 0.0
    return -float(log_ndtr((values["gain"] + allowed) / values["standard_error"]))
