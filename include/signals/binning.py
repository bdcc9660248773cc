"""How the fixed bins of a reference are found: in one pass over its rows, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from include.signals.columns import column_of, kinds_of, numbers_of, texts_of
from include.signals.edges import CategoricalEdges, Edges, NumericEdges
from include.signals.errors import SignalError
from include.signals.heavy import HeavyHitters
from include.signals.moments import FloatArray
from include.signals.sample import RowSample
from include.signals.streaming import THREADS, Columns, regrouped

SAMPLE_ROWS = 65_536  # quantiles of this many rows are within 0.6 percentage points (99.9 %) of those of all rows
MOST_DISTINCT = 256  # at most so many different numbers get a bin each
MOST_CATEGORIES = 256

_MIDDLE = np.arange(1, 200) / 200
_TAIL = 1 / 200 / 2.0 ** np.arange(1, 6)  # 0.25 % to 0.016 %: the last bin of a heavy tail must not hold its whole tail
LEVELS: FloatArray = np.concatenate([_TAIL[::-1], _MIDDLE, 1 - _TAIL])
"""Levels of the reference's quantiles that become bounds, shape (209,), dimensionless."""


def edges_from(
    batches: Iterable[pa.RecordBatch],
    *,
    categorical: Iterable[str] = (),
    columns: Sequence[str] | None = None,
    seed: int = 0,
    sample_rows: int = SAMPLE_ROWS,
    most_categories: int = MOST_CATEGORIES,
    threads: int = THREADS,
) -> Edges:
    """Return the edges of a reference, in one pass and bounded memory.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        All rows of the reference. At least one batch, which may have no rows.
    categorical : iterable of str
        Columns compared as categories although they are numbers (codes, for instance).
    columns : sequence of str, optional
        Columns to compare; all that can be compared if not given.
    seed : int
        Of the sample that the quantiles are taken from when there are more than `sample_rows` rows.
    sample_rows : int
        Bound of the memory: so many rows (at most twice as many meanwhile) of the numeric columns are held.
    most_categories : int
        Categories kept per column, the most frequent ones.
    threads : int
        Columns worked on at the same time.

    Raises
    ------
    SignalError
        When there is no batch, or a named column is missing or cannot be compared.

    Notes
    -----
    Numeric bounds are order statistics of the reference: its exact minimum and maximum and the quantiles at `LEVELS`.
    A column of at most `MOST_DISTINCT` different values gets a bin for each; otherwise a value that holds more than a
    bin's share gets one, so that a distribution function is known exactly on both sides of every large atom.
    """
    collectors: dict[str, _NumericCollector | _CategoricalCollector] = {}
    sample = RowSample(sample_rows, seed)
    with Columns(threads) as pool:
        for table in regrouped(batches):
            collectors = collectors or _collectors(table.schema, categorical, columns, most_categories)
            workers = {name: collector.add for name, collector in collectors.items()}
            numeric = [name for name, one in collectors.items() if isinstance(one, _NumericCollector)]
            pool.submit(table, workers, partial(_sample, sample, numeric) if numeric else None)
    if not collectors:
        raise SignalError.at("reference", "it has no column that can be compared", "at least one", "check the source")
    rows = sample.table()
    return Edges({name: collector.edges(name, rows) for name, collector in collectors.items()})


def _sample(sample: RowSample, columns: Sequence[str], table: pa.Table) -> None:
    sample.add(table.select(columns))


def _collectors(
    schema: pa.Schema, categorical: Iterable[str], columns: Sequence[str] | None, most_categories: int
) -> dict[str, _NumericCollector | _CategoricalCollector]:
    return {
        name: _NumericCollector() if kind == "numeric" else _CategoricalCollector(most_categories)
        for name, kind in kinds_of(schema, categorical, columns).items()
    }


class _NumericCollector:
    """Smallest and largest finite value so far."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf

    def add(self, column: pa.Array) -> None:
        values, _ = numbers_of(column)
        with np.errstate(over="ignore", invalid="ignore"):
            finite = bool(np.isfinite(values.sum()))  # also false when a sum of finite values overflows: just slower
        if not finite:
            values = values[np.isfinite(values)]
        if values.size:
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def edges(self, name: str, sample: pa.Table | None) -> NumericEdges:
        if sample is None or self.low > self.high:
            return NumericEdges(name, (), True)
        values, _ = numbers_of(column_of(sample, name))
        bounds, discrete = bounds_of(values[np.isfinite(values)])
        bounds = np.unique(np.concatenate([[self.low], bounds, [self.high]])) + 0.0  # + 0.0: no negative zero
        return NumericEdges(name, tuple(bounds.tolist()), discrete)


class _CategoricalCollector:
    """The heaviest categories so far."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.heavy = HeavyHitters(capacity=16 * most)

    def add(self, column: pa.Array) -> None:
        self.heavy = self.heavy.merge(HeavyHitters.of(texts_of(column), self.heavy.capacity))

    def edges(self, name: str, _: pa.Table | None) -> CategoricalEdges:
        ranked = self.heavy.ranked()
        complete = len(ranked) <= self.most and self.heavy.error == 0
        return CategoricalEdges(name, tuple(sorted(text for text, _ in ranked[: self.most])), complete)


def bounds_of(values: FloatArray) -> tuple[FloatArray, bool]:
    """Return the bounds for finite values of shape (n,), and whether each value is a bound.

    Examples
    --------
    >>> bounds_of(np.array([3.0, 1.0, 1.0]))
    (array([1., 3.]), True)
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= MOST_DISTINCT:
        return distinct, True
    cumulated = np.cumsum(counts)
    positions = np.searchsorted(cumulated, np.ceil(LEVELS * len(values)), side="left")
    atoms = np.flatnonzero(counts > len(values) / 200)
    return distinct[np.union1d(positions, np.maximum(atoms - 1, 0))], False
