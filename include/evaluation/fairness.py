"""Differences between groups in how the candidate decides, with intervals over nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.evaluation.bootstrap import RESAMPLES, default_block, partition_counts
from include.evaluation.confusion import decided
from include.evaluation.nights import NightScores
from include.evaluation.verdict import Finding, Part

FloatArray = NDArray[np.float64]
LEAST_ROWS = 30
"""A group with fewer labelled rows (of a class, for equalised odds) is named and left out."""


@dataclass(frozen=True, slots=True)
class FairnessLimits:
    """Columns that name groups and the largest differences allowed; None: that difference is not judged."""

    groups: tuple[str, ...]
    demographic_parity: float | None = None
    equalised_odds: float | None = None
    threshold: float = 0.5


def fairness_part(
    nights: Sequence[NightScores], limits: FairnessLimits, *, confidence: float = 0.95, seed: int = 0
) -> Part:
    """Return whether the candidate's differences between groups are within the limits.

    Notes
    -----
    Demographic parity difference: largest minus smallest share of positive predictions between groups; equalised odds
    difference: the larger of the differences in true and in false positive rates; both by fairlearn's definitions and
    calls. The value decides; its interval (nights resampled in blocks) is in the numbers. A largest minus a smallest is
    biased upwards for many small groups. Binary predictions only.

    References
    ----------
    Hardt, Price, Srebro (2016), Equality of opportunity in supervised learning; fairlearn.metrics.
    """
    if any(np.ndim(night.candidate) > 1 for night in nights):
        return Part("fairness", "cannot_tell", "defined for binary predictions only")
    numbers: dict[str, object] = {}
    findings: list[Finding] = []
    texts = []
    for column in limits.groups:
        found = _of_column(nights, column, limits, confidence, seed)
        for measure, limit in (
            ("demographic_parity", limits.demographic_parity),
            ("equalised_odds", limits.equalised_odds),
        ):
            if limit is None:
                continue
            value = found.get(measure)
            finding: Finding = "cannot_tell" if value is None else "pass" if value["value"] <= limit else "fail"
            findings.append(finding)
            texts.append((finding, _text(column, measure, value, limit, confidence)))
            numbers[f"{column}.{measure}"] = {**(value or {}), "limit": limit, "confidence": confidence}
    overall: Finding = (
        "fail" if "fail" in findings else "cannot_tell" if "cannot_tell" in findings or not findings else "pass"
    )
    return Part(
        "fairness", overall, "; ".join(text for each, text in texts if each == overall) or "no limit is set", numbers
    )


def _text(column: str, measure: str, value: dict[str, float] | None, limit: float, confidence: float) -> str:
    name = f"{measure.replace('_', ' ')} difference of {column}"
    if value is None:
        return f"{name}: fewer than two groups with {LEAST_ROWS} labelled rows of each kind"
    between = f"between {value['low']:.3f} and {value['high']:.3f} at {confidence:.0%}"
    return f"{name} {value['value']:.3f} ({between}), at most {limit:.3f} is allowed"


def _of_column(
    nights: Sequence[NightScores], column: str, limits: FairnessLimits, confidence: float, seed: int
) -> dict[str, dict[str, float]]:
    label, decision, group, night = _rows(nights, column, limits.threshold)
    if not len(label):
        return {}
    names, code = np.unique(group, return_inverse=True)
    cells = _cells(label, decision, code, night, len(names), len(nights))
    total = cells.sum(axis=0)
    draws = partition_counts(len(nights), RESAMPLES, min(len(nights), default_block(len(nights))), seed)
    again = np.tensordot(draws, cells, axes=1)
    found = {}
    for measure, enough in (
        ("demographic_parity", total[:, 0] >= LEAST_ROWS),
        ("equalised_odds", (total[:, 2] >= LEAST_ROWS) & (total[:, 4] >= LEAST_ROWS)),
    ):
        if enough.sum() < 2:
            continue
        kept = enough[code]
        spread = _differences(again[:, enough], measure)
        low, high = np.quantile(spread, [(1 - confidence) / 2, (1 + confidence) / 2])
        value = _fairlearn(measure, label[kept], decision[kept], group[kept])
        found[measure] = {"value": value, "low": float(low), "high": float(high), "groups": float(enough.sum())}
    return found


def _rows(
    nights: Sequence[NightScores], column: str, threshold: float
) -> tuple[FloatArray, FloatArray, NDArray[np.str_], NDArray[np.intp]]:
    """Return label, decision, group and number of the night of every labelled row."""
    labels, decisions, groups, numbers = [], [], [], []
    for number, night in enumerate(nights):
        if column not in night.slices:
            continue
        label = np.asarray(night.label, dtype=np.float64)
        kept = np.isfinite(label) & np.isfinite(np.asarray(night.candidate, dtype=np.float64))
        labels.append(label[kept])
        decisions.append(decided(np.asarray(night.candidate, dtype=np.float64)[kept], threshold))
        groups.append(np.asarray(night.slices[column])[kept].astype(str))
        numbers.append(np.full(int(kept.sum()), number))
    if not labels:
        return np.empty(0), np.empty(0), np.empty(0, dtype=str), np.empty(0, dtype=np.intp)
    return np.concatenate(labels), np.concatenate(decisions), np.concatenate(groups), np.concatenate(numbers)


def _cells(
    label: FloatArray, decision: FloatArray, code: NDArray[np.intp], night: NDArray[np.intp], groups: int, nights: int
) -> FloatArray:
    """Return rows, selected, positives, true positives, negatives, false positives, (n_nights, n_groups, 6)."""
    place = night * groups + code
    columns = (np.ones_like(label), decision, label, label * decision, 1 - label, (1 - label) * decision)
    counts = [np.bincount(place, column, minlength=nights * groups) for column in columns]
    return np.stack(counts, axis=-1).astype(np.float64).reshape(nights, groups, 6)


def _differences(cells: FloatArray, measure: str) -> FloatArray:
    """Return the difference of each resample, (n_resamples,), from cells (n_resamples, n_groups, 6)."""

    def between(top: int, bottom: int) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            share = cells[..., top] / cells[..., bottom]
        result: FloatArray = np.nan_to_num(np.nanmax(share, axis=1) - np.nanmin(share, axis=1))
        return result

    if measure == "demographic_parity":
        return between(1, 0)
    return np.maximum(between(3, 2), between(5, 4))


def _fairlearn(measure: str, label: FloatArray, decision: FloatArray, group: NDArray[np.str_]) -> float:
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    call = demographic_parity_difference if measure == "demographic_parity" else equalized_odds_difference
    return float(call(label, decision, sensitive_features=group))
