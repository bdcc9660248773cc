"""No slice may be shown to lose: named columns, and the worst slices found on nights that do not judge them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.metrics import Metric, default_metric, finite_rows
from include.evaluation.nights import NightScores, paired_nights
from include.evaluation.performance import absolute_margin, worse_evidence
from include.evaluation.sequence import LEAST_NIGHTS
from include.evaluation.terms import Terms
from include.evaluation.verdict import Part, first_names

FloatArray = NDArray[np.float64]
MOST_VALUES = 20
"""Values of a column that are judged or searched, the most frequent first."""
MOST_PAIRS = 40
"""Conditions that are paired with each other in a search, the worst first: at most 780 pairs."""
LEAST_SHARE = 0.01
"""Of the rows of the searched nights that a found slice must have."""
SEARCH_ROWS = 200_000
"""Most rows that a search looks at, taken evenly from each night: it only has to find, not to judge."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows whose columns have these values (as text)."""

    conditions: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Such as `carrier=UA, origin=JFK`."""
        return ", ".join(f"{column}={value}" for column, value in self.conditions)

    def mask(self, night: NightScores) -> NDArray[np.bool_]:
        """Return which rows of a night belong to it."""
        rows = np.ones(len(night.label), dtype=np.bool_)
        for column, value in self.conditions:
            rows &= np.asarray(night.slices[column]).astype(str) == value if column in night.slices else False
        return rows


def slices_part(nights: Sequence[NightScores], terms: Terms, first_look: int) -> Part:
    """Return whether no slice is shown to lose more than the margin.

    Notes
    -----
    Named columns: each of their (at most 20 most frequent) values, on all nights. Searched: the first half of the nights of
    the first look finds the worst slices, the later nights alone judge them, so that every look judges the same slices.
    Each slice has its own evidence that it loses more than the margin (0: 1 % of the champion's value there); p = 1 /
    evidence is valid at every look, and Holm's step-down over all slices keeps the chance that any sound slice is blamed
    within 1 - confidence. A slice seen on less than three nights cannot be told and is named.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65-70; Vovk, Wang (2021), E-values, Annals of Statistics 49:1736.
    """
    search_nights = max(LEAST_NIGHTS, -(-first_look // 2)) if terms.search_slices else 0
    named = [(found, list(nights)) for found in named_slices(nights, terms.slices)]
    later = list(nights[search_nights:])
    searched = [(found, later) for found in worst_slices(nights[:search_nights], terms.metric, terms.search_slices)]
    rows = [_judged(found, over, terms) for found, over in [*named, *searched]]
    told = [row for row in rows if row["evidence"] is not None]
    harmed = holm([float(row["evidence"]) for row in told], terms.log_bar(first_look - search_nights))
    for row, is_harmed in zip(told, harmed, strict=True):
        row["harmed"] = bool(is_harmed)
    numbers = {"slices": rows, "search_nights": search_nights, "judged": len(told)}
    if not rows and len(later) >= LEAST_NIGHTS:
        return Part(
            "slices", "pass", f"on {search_nights} nights no slice was found where the candidate loses", numbers
        )
    if not told:
        return Part("slices", "cannot_tell", f"none of {len(rows)} slices has {LEAST_NIGHTS} labelled nights", numbers)
    blamed = [str(row["slice"]) for row in told if row["harmed"]]
    if blamed:
        return Part(
            "slices",
            "fail",
            f"{len(blamed)} of {len(told)} slices lose more than the margin: {first_names(blamed)}",
            numbers,
        )
    worst = min(told, key=lambda row: float(row["gain"]))
    reason = f"none of {len(told)} slices is shown to lose more than the margin; the worst is {worst['slice']} with gain {worst['gain']:.4g}"
    return Part("slices", "pass", reason, numbers)


def named_slices(nights: Sequence[NightScores], columns: Sequence[str]) -> list[Slice]:
    """Return one slice for each frequent value of each column."""
    return [Slice(((column, value),)) for column in columns for value in _values(nights, column)]


def worst_slices(nights: Sequence[NightScores], metric: Metric, most: int) -> list[Slice]:
    """Return the slices of one or two columns in which the candidate's gain is worst, by its t value over rows.

    Notes
    -----
    Bounded: 200,000 rows, 20 values a column, pairs of the 40 worst conditions, slices with at least 1 % of the rows. A
    metric that is not a mean over rows is searched by the task's proper loss.
    """
    if not most or not nights:
        return []
    looked = [_thinned(night, SEARCH_ROWS // len(nights)) for night in nights]
    gains = np.concatenate([_row_gains(night, metric) for night in looked])
    fine = np.isfinite(gains)
    masks: dict[Slice, NDArray[np.bool_]] = {}
    for column in sorted(set().union(*(night.slices for night in looked))):
        values = np.concatenate([_texts(night, column) for night in looked])
        for value in _values(looked, column):
            masks[Slice(((column, value),))] = (values == value) & fine
    scored = _ranked(gains, masks.items())
    pairs = combinations(list(scored)[:MOST_PAIRS], 2)
    together = scored | _ranked(
        gains,
        (
            (Slice(tuple(sorted(a.conditions + b.conditions))), masks[a] & masks[b])
            for a, b in pairs
            if a.conditions[0][0] != b.conditions[0][0]
        ),
    )
    return [found for found, score in sorted(together.items(), key=lambda item: item[1])[:most] if score < 0]


def _thinned(night: NightScores, most: int) -> NightScores:
    """Return every k-th row of a night, so that at most so many are left."""
    step = -(-len(night.label) // max(1, most))
    return night if step <= 1 else night.only(np.arange(0, len(night.label), step))


def _ranked(gains: FloatArray, masks: Iterable[tuple[Slice, NDArray[np.bool_]]]) -> dict[Slice, float]:
    """Return the t value of each slice with enough rows, the worst first; one mask is held at a time."""
    least = max(2, LEAST_SHARE * len(gains))
    scores = {}
    for found, mask in masks:
        rows = gains[mask]
        if len(rows) >= least and rows.std() > 0:
            scores[found] = float(rows.mean() / rows.std() * np.sqrt(len(rows)))
    return dict(sorted(scores.items(), key=lambda item: item[1]))


def _judged(found: Slice, nights: Sequence[NightScores], terms: Terms) -> dict[str, Any]:
    own = [night.only(mask) for night in nights if (mask := found.mask(night)).any()]
    paired = paired_nights(own, terms.metric)
    values = paired.blocks(terms.block)
    row: dict[str, Any] = {"slice": found.name, "nights": len(paired.gain), "rows": int(paired.rows.sum())}
    if len(values) < LEAST_NIGHTS:
        return {**row, "gain": None, "evidence": None, "harmed": None}
    bar = -absolute_margin(paired, terms, always=True)
    return {
        **row,
        "gain": float(values.mean()),
        "margin": -bar,
        "evidence": worse_evidence(values, bar),
        "harmed": None,
    }


def holm(
    log_evidence: Sequence[float], log_bar: float, weights: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Return which hypotheses Holm's step-down rejects.

    Parameters
    ----------
    log_evidence : sequence of float
        Against each hypothesis; p = exp(log_bar - log_evidence) × α.
    log_bar : float
        What one hypothesis alone needs; the first of k needs k times the evidence, the next k - 1 times, ….
    weights : array, shape (n_hypotheses,), optional
        Shares of the error, positive, chosen without looking at the evidence; equal when left out.

    Examples
    --------
    >>> holm([8.0, 0.0, 4.0], np.log(20)).tolist()
    [True, False, True]
    >>> holm([3.5, 0.0, 0.0], np.log(20), np.array([0.8, 0.1, 0.1])).tolist(), holm([3.5, 0.0, 0.0], np.log(20)).tolist()
    ([True, False, False], [False, False, False])
    """
    share = np.ones(len(log_evidence)) if weights is None else weights
    evidence = np.asarray(log_evidence, dtype=np.float64) + np.log(share)
    order = np.argsort(-evidence)
    bars = np.log(np.cumsum(share[order][::-1])[::-1]) + log_bar
    rejected = np.zeros(len(evidence), dtype=np.bool_)
    rejected[order] = np.logical_and.accumulate(evidence[order] >= bars)
    return rejected


def _values(nights: Sequence[NightScores], column: str) -> list[str]:
    texts = [_texts(night, column) for night in nights if column in night.slices]
    if not texts:
        return []
    values, counts = np.unique(np.concatenate(texts), return_counts=True)
    return [str(value) for value in values[np.argsort(-counts, kind="stable")][:MOST_VALUES]]


def _texts(night: NightScores, column: str) -> NDArray[np.str_]:
    if column not in night.slices:
        return np.full(len(night.label), "", dtype=str)
    return np.asarray(night.slices[column]).astype(str)


def _row_gains(night: NightScores, metric: Metric) -> FloatArray:
    """Return the candidate's gain on each row, NaN where it is not known."""
    label, champion, candidate = (
        np.asarray(each, dtype=np.float64) for each in (night.label, night.champion, night.candidate)
    )
    kept = np.isfinite(label)
    for score in (champion, candidate):
        kept &= finite_rows(score)
    rows = np.full(len(label), np.nan)
    if kept.any():
        loss = metric if metric.additive else default_metric("binary" if "binary" in metric.tasks else "regression")
        sign = 1 if loss.direction == "lower" else -1
        rows[kept] = sign * (loss.rows(label[kept], champion[kept]) - loss.rows(label[kept], candidate[kept]))
    return rows
