"""Performance before labels are known: expected metrics under calibrated probabilities (CBPE), also under covariate shift.

A reference of labelled rows teaches how often each score comes true; current rows then count once with each label they
could have, weighted by its calibrated probability, and any metric of the zoo is computed on that. Under covariate shift
the reference is weighted first, so that it looks like the current rows (`importance.shift_weights`). What the same
counting gets wrong on the reference, whose labels are known, is subtracted.

What it cannot see is a change of the outcome given the features (concept drift): labels are needed for that.

References
----------
NannyML, Confidence-based performance estimation, https://nannyml.readthedocs.io; Bialek et al. (2024), Estimating model
performance under covariate shift without labels, arXiv:2401.08348; Robins, Rotnitzky, Zhao (1994), doubly robust estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.metrics import Metric, finite_rows
from include.signals.calibration import Calibration, fit_calibration
from include.signals.errors import SignalError
from include.signals.importance import effective_rows, shift_weights
from include.signals.performance import limits

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = NDArray[np.float64]
LEAST_COVERED = 0.5
"""Share of current rows that the reference must be able to show."""
BINS = 20
"""Bins of scores over which the calibration's own error is summed."""
LEAST_ROWS = 30
LEAST_EFFECTIVE = 200.0
"""Effective rows of the weighted reference below which nothing is estimated: the current rows lie outside it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated metric of a chunk of rows without labels.

    `low` and `high` are meant to hold the metric that the labels of these `rows` will show, with chance `level`;
    `standard_error` is that of their difference. `effective_rows` is the size of an unweighted reference of equal worth.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    rows: int
    level: float
    effective_rows: float
    health: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain types."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Expected:
    """A metric's expectation over labels, and how far each label of each row would move it, (n_rows, n_classes)."""

    value: float
    moves: FloatArray


def expected(metric: Metric, score: FloatArray, probability: FloatArray, weight: FloatArray | None = None) -> Expected:
    """Return the metric of rows that have each label with its probability.

    Parameters
    ----------
    score : array of shape (n_rows,) or (n_rows, n_classes)
        What the metric looks at: raw scores (or decisions, 0 and 1).
    probability : array of the same shape (of class 1 when one column)
        Calibrated.
    weight : array of shape (n_rows,), optional
        Of the rows; all alike if not given.

    Notes
    -----
    Every row stands once for each class, weighted by its probability. Exact for means over rows, and for ratios such as
    precision the ratio of expectations, as in NannyML.

    Examples
    --------
    >>> from include.evaluation.metrics import metric
    >>> round(expected(metric("accuracy"), np.array([0.9, 0.2]), np.array([0.8, 0.3])).value, 6)
    0.75
    """
    weights = np.column_stack([1 - probability, probability]) if probability.ndim == 1 else probability
    rows, classes = weights.shape
    label = np.repeat(np.arange(classes, dtype=np.float64), rows)
    again = np.tile(score, classes) if score.ndim == 1 else np.tile(score, (classes, 1))
    of_row = weights if weight is None else weights * weight[:, np.newaxis]
    value, psi = metric.influence(label, again, of_row.T.ravel(), **metric.options)
    return Expected(value, psi.reshape(classes, rows).T / rows)


class PerformanceEstimator:
    """Estimates metrics of chunks without labels from a reference of labelled rows that the model was not trained on.

    Parameters
    ----------
    label : array of shape (n_rows,)
        NaN rows are left out.
    score : array of shape (n_rows,) or (n_rows, n_classes)
    features : pyarrow.Table, optional
        The rows' features; needed for the importance-weighted version.
    seed : int
        Of the domain classifier's folds and samples.

    Raises
    ------
    SignalError
        Less than 30 labelled rows, only one class among them, or probabilities outside [0, 1].
    """

    def __init__(
        self,
        label: NDArray[Any],
        score: NDArray[Any],
        features: pa.Table | None = None,
        *,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        label, score = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
        kept = np.isfinite(label) & finite_rows(score)
        self._label, self._score = label[kept], score[kept]
        if len(self._label) < LEAST_ROWS or np.ptp(self._label) == 0:
            found = (
                f"{len(self._label)} labelled rows" if len(self._label) < LEAST_ROWS else "one class among the labels"
            )
            raise SignalError.at(
                "reference", found, f"at least {LEAST_ROWS} labelled rows of two classes", "take more partitions"
            )
        if self._score.min() < 0 or self._score.max() > 1:
            raise SignalError.at(
                "reference", "scores outside [0, 1]", "probabilities", "estimate losses by `direct_loss`"
            )
        self._features = None if features is None else features.filter(_mask(kept))
        self._seed, self._threads = seed, threads
        self._plain = fit_calibration(self._label, self._score)

    def estimate(
        self, metrics: Sequence[Metric], score: NDArray[Any], features: pa.Table | None = None, *, level: float = 0.95
    ) -> list[Estimate]:
        """Return the metrics of a chunk of rows; weighted for covariate shift where both sides have features.

        Parameters
        ----------
        level : float
            Nominal level of the intervals, for this chunk's number of rows.

        Notes
        -----
        Variance of the interval: that of the labels given the scores, Σ over rows of Var(move), plus that of the
        calibration, Σ over 20 bins of scores (Σ move in the bin)² p (1 - p) / effective reference rows in the bin, plus a
        quarter of the squared correction by weighting, which may be half right.

        The isotonic table pools scores that were out of order by chance, so on the reference itself the expectation is
        too good: by exactly as much as it differs from the (weighted) metric of the reference's labels, which is
        subtracted. So an estimate is right when either the weights or the calibration are.

        Less than 30 scored rows, less than half of them like any reference rows, or less than 200 effective reference
        rows: `cannot_tell`.
        """
        score = np.asarray(score, dtype=np.float64)
        fine = finite_rows(score)
        score = score[fine]
        weight = np.ones(len(self._label))
        if self._features is not None and features is not None and len(score) >= LEAST_ROWS:
            weight = shift_weights(
                self._features, features.filter(_mask(fine)), self._score, score, seed=self._seed, threads=self._threads
            )
        worth = effective_rows(weight)
        reason = _why_not(len(score), weight)
        if reason:
            return [
                Estimate(m.name, None, None, None, None, len(score), level, worth, "cannot_tell", reason)
                for m in metrics
            ]
        shifted = not np.all(weight == 1)
        calibration = fit_calibration(self._label, self._score, weight) if shifted else self._plain
        return [self._one(each, score, calibration, weight, level, worth) for each in metrics]

    def _one(
        self,
        metric: Metric,
        score: FloatArray,
        calibration: Calibration,
        weight: FloatArray,
        level: float,
        worth: float,
    ) -> Estimate:
        probability = calibration.apply(score)
        now = expected(metric, score, probability)
        if not np.isfinite(now.value):
            reason = "it is not defined on these rows"
            return Estimate(metric.name, None, None, None, None, len(score), level, worth, "cannot_tell", reason)
        correction = (
            now.value - expected(metric, score, self._plain.apply(score)).value
            if calibration is not self._plain
            else 0.0
        )
        of_labels = float(_label_variance(now.moves, probability))
        of_table = float(self._table_variance(now.moves, score, probability, weight))
        spread = float(np.sqrt(of_labels + of_table + correction**2 / 4))
        value = self._within(metric, now.value - self._optimism(metric, calibration, weight))
        low, high = limits(metric, value, spread, level)
        return Estimate(metric.name, value, low, high, spread, len(score), level, worth, "pass")

    def _optimism(self, metric: Metric, calibration: Calibration, weight: FloatArray) -> float:
        """Return by how much the expected metric of the weighted reference differs from the one of its labels."""
        told = expected(metric, self._score, calibration.apply(self._score), weight).value
        realised = metric.influence(self._label, self._score, weight, **metric.options)[0]
        return float(told - realised) if np.isfinite(told - realised) else 0.0

    @staticmethod
    def _within(metric: Metric, value: float) -> float:
        """Return a value cut to the metric's range."""
        low, high = limits(metric, value, 0.0, 0.95)
        return float(min(max(value, low), high))

    def _table_variance(
        self, moves: FloatArray, score: FloatArray, probability: FloatArray, weight: FloatArray
    ) -> float:
        """Return the variance that the calibration's own error adds, class by class."""
        total = 0.0
        columns = [1] if score.ndim == 1 else range(score.shape[1])
        for k in columns:
            one = score if score.ndim == 1 else score[:, k]
            own = self._score if score.ndim == 1 else self._score[:, k]
            chance = probability if score.ndim == 1 else probability[:, k]
            move = moves[:, 1] - moves[:, 0] if score.ndim == 1 else moves[:, k]
            edges = np.unique(np.quantile(one, np.linspace(0, 1, BINS + 1)[1:-1]))
            here, there = np.searchsorted(edges, one), np.searchsorted(edges, own)
            size = len(edges) + 1
            rows = np.bincount(here, minlength=size)
            mean = np.bincount(here, chance, minlength=size) / np.maximum(rows, 1)
            mass, square = np.bincount(there, weight, minlength=size), np.bincount(there, weight**2, minlength=size)
            share = np.where(mass > 0, square / np.where(mass > 0, mass, 1.0) ** 2, 1.0)
            total += float(np.sum(np.bincount(here, move, minlength=size) ** 2 * mean * (1 - mean) * share))
        return total


def _label_variance(moves: FloatArray, probability: FloatArray) -> float:
    weights = np.column_stack([1 - probability, probability]) if probability.ndim == 1 else probability
    mean = (weights * moves).sum(axis=1)
    return float(((weights * moves**2).sum(axis=1) - mean**2).sum())


def _why_not(rows: int, weight: FloatArray) -> str:
    if rows < LEAST_ROWS:
        return f"{rows} of at least {LEAST_ROWS} scored rows"
    if weight.mean() < LEAST_COVERED:
        return (
            f"the reference shows only {weight.mean():.0%} of rows like these, at least {LEAST_COVERED:.0%} is needed"
        )
    worth, needed = effective_rows(weight), min(LEAST_EFFECTIVE, len(weight) / 2)
    if worth < needed:
        return f"the reference is worth {worth:.0f} rows here, at least {needed:.0f} are needed: too few of it look like these"
    return ""


def _mask(rows: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    return pa.array(rows)
