"""How well one column alone tells the label."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_CATEGORIES = 50
# With fewer rows a category its mean label is nearly the row's own: 30 rows of 30 shops give any label away.
_FEWEST_OF_A_CATEGORY = 4
_FEWEST_OF_A_CLASS = 5
# Of so many orders of two classes, only the 134 with at most 8 pairs the wrong way round (of 13 against 13) look like a leak.
_FEWEST_ORDERS = 10_000_000
_MOST_CLASSES = 5


def label_strength(values: NDArray[Any], labels: Floats, numeric: bool) -> float:
    """Return the strength of a column for the label: 0 says nothing about it, 1 gives it away.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_rows,)
        Finite numbers, or category codes.
    labels : numpy.ndarray of shape (n_rows,)
        NaN where there is none; two different values make it a binary label.
    numeric : bool
        Whether the values are numbers; categories are replaced by their mean label.

    Returns
    -------
    float
        ``|2 AUC - 1|`` for a binary label, else Spearman's ``|rho|``; NaN below 20 labelled rows, with one class or
        fewer than five rows of one of two or fewer than ten million orders of both (which chance may bring), or for more than 50 categories or fewer than four rows
        for each of them on average, where the mean label of each would tell it by itself.

    Examples
    --------
    >>> label_strength(np.arange(40.0), (np.arange(40) >= 20).astype(float), True)
    1.0
    """
    told = np.isfinite(labels)
    values, labels = values[told], labels[told]
    classes = np.unique(labels).size
    if labels.size < 20 or classes < 2:
        return float("nan")
    if not numeric:
        codes = np.unique(values, return_inverse=True)[1]
        count = int(codes.max()) + 1
        if count > _MOST_CATEGORIES or codes.size < _FEWEST_OF_A_CATEGORY * count:
            return float("nan")
        values = (np.bincount(codes, labels) / np.bincount(codes))[codes]
    ranks = _mean_ranks(values)
    if classes > 2:
        return _correlation(ranks, _mean_ranks(labels))
    positive = labels == labels.max()
    ones = int(positive.sum())
    if min(ones, labels.size - ones) < _FEWEST_OF_A_CLASS or math.comb(labels.size, ones) < _FEWEST_ORDERS:
        return float("nan")
    area = (ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * (labels.size - ones))
    return float(abs(2.0 * area - 1.0))


def class_strengths(values: NDArray[Any], labels: Floats, numeric: bool) -> dict[int, float]:
    """Return how well a column tells each of the five commonest classes from all others, as `label_strength` does.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_rows,)
        Finite numbers, or category codes.
    labels : numpy.ndarray of shape (n_rows,)
        The place of each row's class; NaN where there is none.
    numeric : bool
        Whether the values are numbers.

    Examples
    --------
    >>> class_strengths(np.arange(60.0), np.repeat([0.0, 1.0, 2.0], 20), True)
    {0: 1.0, 1: 0.0, 2: 1.0}
    """
    told = np.isfinite(labels)
    classes, counts = np.unique(labels[told], return_counts=True)
    return {
        int(classes[place]): label_strength(values[told], (labels[told] == classes[place]).astype(np.float64), numeric)
        for place in np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    }


def _mean_ranks(values: NDArray[Any]) -> Floats:
    """Return ranks from 1, ties sharing their mean."""
    _, member, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[member]


def _correlation(one: Floats, other: Floats) -> float:
    if np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))
