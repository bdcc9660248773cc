"""Cells: the common partition of values into which both sides are counted for statistics of shares.

A categorical column's cells are its categories. A numeric column's are its values where these are few; otherwise bins,
which each statistic names: ``"doane"``, equal widths over the reference's range, their number by Doane's rule, with
one cell for what lies outside; or ``"deciles"``, ten bins of equal reference share, the outer ones open.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.categorical import CategoricalProfile
from include.signals.columns import texts_of
from include.signals.errors import SignalError
from include.signals.moments import FloatArray, Moments
from include.signals.numeric import CountArray, NumericProfile

Bins = Literal["doane", "deciles"]
CellPair = tuple[CountArray, CountArray]

FEW_VALUES = 50


def few_values(distinct: FloatArray, rows: int) -> bool:
    """Return whether these distinct values of so many rows are few enough to be cells themselves.

    At most `FEW_VALUES` of them, and all whole numbers or each held by ten rows on average.

    Examples
    --------
    >>> few_values(np.array([1.0, 4.0, 5.0]), 3), few_values(np.array([0.5, 1.5]), 3), few_values(np.arange(99.0), 9999)
    (True, False, False)
    """
    whole = bool(np.all(distinct == np.floor(distinct)))
    return 0 < len(distinct) <= FEW_VALUES and (whole or len(distinct) * 10 <= rows)


def doane_edges(moments: Moments, low: float, high: float) -> FloatArray:
    """Return the edges of the equal-width bins of a sample by Doane's rule, shape (n_bins + 1,).

    Parameters
    ----------
    moments : Moments
        Of the sample's finite values.
    low, high : float
        Its smallest and largest value.

    Notes
    -----
    ``1 + log2 n + log2(1 + |skewness| / sqrt(6(n − 2) / ((n + 1)(n + 3))))`` bins, rounded up: what
    ``numpy.histogram_bin_edges(sample, "doane")`` gives, from the moments. A constant sample, or one of fewer than
    three rows, gets one bin of width 1 around it or over its range.

    References
    ----------
    D. P. Doane, *Aesthetic frequency classifications*, The American Statistician 30, 1976.

    Examples
    --------
    >>> doane_edges(Moments.of(np.arange(5.0)), 0.0, 4.0)
    array([0., 1., 2., 3., 4.])
    """
    n, bins = moments.count, 1
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    if n > 2 and np.isfinite(moments.skewness):
        spread = np.sqrt(6.0 * (n - 2) / ((n + 1.0) * (n + 3)))
        bins = int(np.ceil(1.0 + np.log2(n) + np.log2(1.0 + abs(moments.skewness) / spread)))
    return np.linspace(low, high, bins + 1)


def cells_of_arrays(reference: pa.Array, current: pa.Array, bins: Bins | FloatArray) -> CellPair:
    """Return the counts of both sides in common cells, each of shape (n_cells,); rows without a value do not count.

    Parameters
    ----------
    reference, current : pyarrow.Array
        As `statistic.as_column` returns them, of one kind.
    bins : {"doane", "deciles"} or numpy.ndarray of shape (n_bins + 1,)
        How to bin numbers that are not few values; edges given as an array are used for any numbers.

    Notes
    -----
    Every category, or value where they are few, of either side has a cell of its own.
    """
    if not pa.types.is_float64(reference.type):
        return _counts_of_texts(texts_of(reference), texts_of(current))
    left, right = (side.drop_null().to_numpy() for side in (reference, current))
    if not isinstance(bins, str):
        return _histograms(left, right, bins)
    distinct = np.unique(left)
    if few_values(distinct, len(left)):
        both = np.union1d(distinct, right)
        return tuple(np.bincount(np.searchsorted(both, side), minlength=len(both)) for side in (left, right))  # type: ignore[return-value]
    if bins == "doane":
        return _histograms(left, right, doane_edges(Moments.of(left), float(left.min()), float(left.max())))
    deciles = np.unique(np.quantile(left, np.arange(1, 10) / 10, method="inverted_cdf"))
    return tuple(np.bincount(np.searchsorted(deciles, side), minlength=len(deciles) + 1) for side in (left, right))  # type: ignore[return-value]


def _counts_of_texts(reference: pa.Array, current: pa.Array) -> CellPair:
    left, right = (pc.value_counts(side.cast(pa.string()).drop_null()) for side in (reference, current))
    everything = pc.unique(pa.concat_arrays([left.field("values"), right.field("values")]))
    counts = []
    for side in (left, right):
        cells = np.zeros(len(everything), np.int64)
        cells[pc.index_in(side.field("values"), value_set=everything).to_numpy()] = side.field("counts").to_numpy()
        counts.append(cells)
    return counts[0], counts[1]


def _histograms(reference: FloatArray, current: FloatArray, edges: FloatArray) -> CellPair:
    """Return counts in the bins, and of what lies outside in a last cell."""
    left, right = (np.histogram(side, edges)[0] for side in (reference, current))
    return np.append(left, len(reference) - left.sum()), np.append(right, len(current) - right.sum())


def cells_of_profiles(
    reference: NumericProfile | CategoricalProfile, current: NumericProfile | CategoricalProfile, bins: Bins
) -> CellPair:
    """Return the counts of both sides in common cells, from profiles; each of shape (n_cells,).

    Notes
    -----
    Exact for categories (unseen ones apart as far as they were kept, else together), for few values, and for deciles
    but for their position. For Doane's bins the profile's distribution function is interpolated: a cell's share is
    wrong by at most the shares of the two fine bins at its ends.

    Raises
    ------
    SignalError
        When one side is numeric and the other is not.
    """
    kept = current.__dict__.setdefault("_cells", {})  # several statistics ask for the same cells
    found = kept.get(bins)
    if found is None or found[0] is not reference:
        found = kept[bins] = (reference, _cells_of_profiles(reference, current, bins))
    pair: CellPair = found[1]
    return pair


def _cells_of_profiles(
    reference: NumericProfile | CategoricalProfile, current: NumericProfile | CategoricalProfile, bins: Bins
) -> CellPair:
    if isinstance(reference, CategoricalProfile) and isinstance(current, CategoricalProfile):
        return _counts_of_categories(reference, current)
    if not isinstance(reference, NumericProfile) or not isinstance(current, NumericProfile):
        raise SignalError.at(
            f"column {reference.edges.name}",
            f"a {current.edges.kind} profile",
            f"a {reference.edges.kind} one",
            "cast it",
        )
    if reference.edges.discrete and few_values(reference.edges.array, reference.n):
        return reference.cells, current.cells
    if bins == "deciles":
        return _deciles(reference, current)
    edges = doane_edges(reference.moments, reference.minimum, reference.maximum)
    return _interpolated(reference, edges), _interpolated(current, edges)


def _counts_of_categories(reference: CategoricalProfile, current: CategoricalProfile) -> CellPair:
    apart = [count for _, count in current.heavy.ranked()] if reference.unseen == 0 and not current.heavy.error else []
    rest = current.unseen - sum(apart)
    left = np.concatenate([reference.counts, np.zeros(len(apart), np.int64), [reference.unseen]])
    return left, np.concatenate([current.counts, np.array(apart, np.int64), [rest]])


def _deciles(reference: NumericProfile, current: NumericProfile) -> CellPair:
    levels = np.arange(1, 10) / 10
    ends = np.unique(np.searchsorted(reference.distribution, levels - 1e-12, side="left"))
    ends = ends[ends < len(reference.distribution) - 1]
    pair = []
    for side in (reference, current):
        cumulated = np.cumsum(side.cells)
        pair.append(np.diff(np.concatenate([[0], cumulated[ends], [cumulated[-1]]])))
    return pair[0], pair[1]


def _interpolated(side: NumericProfile, edges: FloatArray) -> CountArray:
    inside = np.interp(edges, side.edges.array, np.cumsum(side.counts))
    inside[0] = 0  # the first bin is closed on both sides, like a histogram's
    cells = np.diff(np.rint(inside)).astype(np.int64)
    return np.append(cells, side.n - cells.sum())
