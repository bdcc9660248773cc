"""Groups of rows by a column: its values, or the quarters of a number with many values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.nights import NightScores

MOST_VALUES = 20
"""A number with more different values than this is divided into quarters."""
MISSING = "missing"


def grouped(nights: Sequence[NightScores], first: int) -> list[NightScores]:
    """Return the nights with the values of their slices as groups: texts as they are, numbers in at most four ranges.

    Parameters
    ----------
    nights : sequence of NightScores
    first : int
        Nights of the first look, the oldest: their values alone set the ranges, so that every look judges the same groups.

    Examples
    --------
    >>> amounts = np.arange(100.0)
    >>> night = NightScores("a", amounts, amounts, amounts, slices={"amount": amounts})
    >>> sorted(set(grouped([night], 1)[0].slices["amount"].tolist()))
    ['24.75 to 49.5', '49.5 to 74.25', '74.25 or more', 'below 24.75']
    """
    columns = sorted(set().union(*(night.slices for night in nights))) if nights else []
    edges = {column: _edges([n.slices[column] for n in nights[:first] if column in n.slices]) for column in columns}
    return [
        replace(night, slices={column: _named(values, edges[column]) for column, values in night.slices.items()})
        for night in nights
    ]


def _edges(values: Sequence[NDArray[Any]]) -> NDArray[np.float64] | None:
    """Return the quartiles of a number with many values, None where its values themselves are the groups."""
    together = np.concatenate(values) if values else np.empty(0)
    if together.dtype.kind not in "iuf":
        return None
    numbers = together[np.isfinite(together)].astype(np.float64)
    if len(np.unique(numbers)) <= MOST_VALUES:
        return None
    return np.unique(np.quantile(numbers, [0.25, 0.5, 0.75]))


def _named(values: NDArray[Any], edges: NDArray[np.float64] | None) -> NDArray[np.str_]:
    if edges is None:
        gone = [value is None or value != value for value in values.tolist()]  # NaN differs from itself
        return np.where(gone, MISSING, values.astype(str))
    inner = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    names = np.array([f"below {edges[0]:.4g}", *inner, f"{edges[-1]:.4g} or more", MISSING])
    numbers = values.astype(np.float64)
    place = np.where(np.isfinite(numbers), np.searchsorted(edges, numbers, side="right"), len(names) - 1)
    result: NDArray[np.str_] = names[place]
    return result
