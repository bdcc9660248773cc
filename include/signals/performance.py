"""Realised performance of one partition: every metric as far as its labels have matured, by slice and role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.confusion import counts
from include.evaluation.metrics import Metric

MOST_VALUES = 50
"""Values of a slicing column that are measured apart, the most frequent first."""
_UNIT_RANGE = frozenset(
    {"auc", "average_precision", "accuracy", "f1", "precision", "recall", "specificity", "calibration_error"}
)


@dataclass(frozen=True, slots=True)
class Performance:
    """One value of the table `performance`.

    `slice` is empty for all rows, else such as `carrier=UA`; `kind` is `realised` or `estimated`; `low` and `high` are the
    ends of the interval at the level that was asked for (95 % unless said otherwise), for rows as independent.
    """

    metric: str
    slice: str
    role: str
    kind: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    rows: int
    health: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain types, named like the columns of the table (and the reason)."""
        return {name: getattr(self, name) for name in self.__slots__}


def realised(
    label: NDArray[Any],
    score: NDArray[Any],
    metrics: Sequence[Metric],
    *,
    role: str = "champion",
    slices: Mapping[str, NDArray[Any]] | None = None,
    weight: NDArray[Any] | None = None,
    level: float = 0.95,
) -> list[Performance]:
    """Return every metric on all labelled rows of a partition, then on each slice.

    Parameters
    ----------
    label : array of shape (n_rows,)
        NaN where it has not matured: such rows do not count, and the partition is measured again when it has.
    score : array of shape (n_rows,) or (n_rows, n_classes)
    metrics : sequence of Metric
        For instance `metric("business_value", matrix=[[0, -10], [5, 0]])` for money.
    slices : mapping of column to array of shape (n_rows,), optional
        Each of their (at most 50 most frequent) values is measured apart.

    Notes
    -----
    Value ± z × standard error of the rows, cut to [0, 1] for metrics that live there. No label yet, one class where two
    are needed: `cannot_tell`. Rows that have a label and no score: `fail`.

    Examples
    --------
    >>> from include.evaluation.metrics import metric
    >>> found = realised(np.array([0.0, 1.0, np.nan]), np.array([0.2, 0.9, 0.5]), [metric("accuracy")])
    >>> found[0].value, found[0].rows
    (1.0, 2)
    """
    label = np.asarray(label, dtype=np.float64)
    score = np.asarray(score, dtype=np.float64)
    masks = {"": np.ones(len(label), dtype=np.bool_), **slice_masks(slices or {}, np.isfinite(label))}
    return [
        _one(label[mask], score[mask], None if weight is None else weight[mask], each, name, role, level)
        for name, mask in masks.items()
        for each in metrics
    ]


def slice_masks(slices: Mapping[str, NDArray[Any]], labelled: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each value of each column, named `column=value`, most frequent among labelled rows first."""
    masks = {}
    for column, values in slices.items():
        texts = np.asarray(values).astype(str)
        found, times = np.unique(texts[labelled], return_counts=True)
        for value in found[np.argsort(-times, kind="stable")][:MOST_VALUES]:
            masks[f"{column}={value}"] = texts == value
    return masks


def confusion_counts(label: NDArray[Any], score: NDArray[Any], threshold: float = 0.5) -> dict[str, int]:
    """Return true and false positives and negatives among labelled rows.

    >>> confusion_counts(np.array([1.0, 0.0, np.nan]), np.array([0.9, 0.2, 0.9]))
    {'true_positive': 1, 'false_positive': 0, 'true_negative': 1, 'false_negative': 0}
    """
    known = np.isfinite(np.asarray(label, dtype=np.float64))
    return counts(np.asarray(label, dtype=np.float64)[known], np.asarray(score, dtype=np.float64)[known], threshold)


def limits(metric: Metric, value: float, standard_error: float, level: float) -> tuple[float, float]:
    """Return value ± z × standard error, cut to the metric's range.

    >>> from include.evaluation.metrics import metric
    >>> limits(metric("auc"), 0.99, 0.01, 0.95)
    (0.9704003601545994, 1.0)
    """
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2)) * standard_error
    low, high = value - reach, value + reach
    if metric.name in _UNIT_RANGE:
        return max(low, 0.0), min(high, 1.0)
    return (low if metric.name == "business_value" else max(low, 0.0)), high


def _one(
    label: NDArray[np.float64],
    score: NDArray[np.float64],
    weight: NDArray[Any] | None,
    metric: Metric,
    name: str,
    role: str,
    level: float,
) -> Performance:
    found = metric.measure(label, score, weight)
    low, high = (None, None)
    if found.value is not None and found.standard_error is not None:
        low, high = limits(metric, found.value, found.standard_error, level)
    return Performance(
        metric=metric.name,
        slice=name,
        role=role,
        kind="realised",
        value=found.value,
        standard_error=found.standard_error,
        low=low,
        high=high,
        rows=found.rows,
        health=found.health,
        reason=found.reason,
    )
