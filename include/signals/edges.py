"""The fixed bins of a reference: what every later partition is counted in, so that counts can be added and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from include.signals.columns import Kind, column_of, kind_of, numbers_of, texts_of
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


@dataclass(frozen=True)
class NumericEdges:
    """Bins of a numeric column, right-closed: bin i holds ``bounds[i-1] < x <= bounds[i]``, bin 0 holds ``bounds[0]``.

    Attributes
    ----------
    name : str
    bounds : tuple of float
        Strictly increasing, from the reference's smallest to its largest value, in the unit of the column; empty when
        the reference has no finite value.
    discrete : bool
        Whether every value of the reference (of its sample) is a bound, so that a bin is a value.
    """

    name: str
    bounds: tuple[float, ...]
    discrete: bool

    @property
    def kind(self) -> Kind:
        """Always ``"numeric"``."""
        return "numeric"

    @cached_property
    def array(self) -> FloatArray:
        """The bounds as an array of shape (n_bounds,)."""
        return np.array(self.bounds, dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form; floats as hexadecimal text, so that no digit is lost."""
        bounds = [bound.hex() for bound in self.bounds]
        return {"bounds": bounds, "discrete": self.discrete, "kind": "numeric", "name": self.name}


@dataclass(frozen=True)
class CategoricalEdges:
    """Categories of a categorical column; every other text is counted together as unseen.

    Attributes
    ----------
    name : str
    categories : tuple of str
        Sorted; the most frequent ones where the reference has more than its bound.
    complete : bool
        Whether these are all categories of the reference. If not, the unseen bucket of the reference itself is not
        empty, and only its growth is news.
    """

    name: str
    categories: tuple[str, ...]
    complete: bool

    @property
    def kind(self) -> Kind:
        """Always ``"categorical"``."""
        return "categorical"

    @cached_property
    def array(self) -> pa.Array:
        """The categories as an Arrow array of shape (n_categories,)."""
        return pa.array(self.categories, pa.string())

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {
            "categories": list(self.categories),
            "complete": self.complete,
            "kind": "categorical",
            "name": self.name,
        }


SubjectEdges = NumericEdges | CategoricalEdges


@dataclass(frozen=True)
class Edges:
    """The bins of all columns of a reference, identified by their content.

    Examples
    --------
    >>> edges = edges_from([pa.record_batch({"x": [1.0, 2.0, 2.0], "c": ["a", "b", None]})])
    >>> edges.subjects["x"].bounds, edges.subjects["c"].categories
    ((1.0, 2.0), ('a', 'b'))
    >>> Edges.from_json(edges.to_json()) == edges, edges.id[:12]
    (True, '89b9e1898c56')
    """

    subjects: Mapping[str, SubjectEdges]

    @cached_property
    def id(self) -> str:
        """SHA-256 of the canonical form, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the canonical form: the same edges give the same text whatever the order of their columns."""
        parts = [self.subjects[name].to_json() for name in sorted(self.subjects)]
        return json.dumps(parts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Edges:
        """Return the edges whose `to_json` is `text`.

        Raises
        ------
        SignalError
            When the text is not what `to_json` writes.
        """
        try:
            found = [subject_from_json(part) for part in json.loads(text)]
        except (ValueError, KeyError, TypeError) as error:
            raise SignalError.at(
                "edges", f"they cannot be read ({error})", "the text of Edges.to_json", "profile the reference again"
            ) from error
        return cls({edges.name: edges for edges in found})

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Edges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)


def subject_from_json(part: Mapping[str, Any]) -> SubjectEdges:
    """Return the edges of one column from their canonical form."""
    if part["kind"] == "categorical":
        return CategoricalEdges(part["name"], tuple(part["categories"]), part["complete"])
    return NumericEdges(part["name"], tuple(float.fromhex(bound) for bound in part["bounds"]), part["discrete"])


def kinds_of(
    schema: pa.Schema, categorical: Iterable[str] = (), columns: Sequence[str] | None = None
) -> dict[str, Kind]:
    """Return the kind of every column that can be compared, in the order of the schema or of `columns`.

    Raises
    ------
    SignalError
        When a column named in `columns` or `categorical` is missing or cannot be compared.
    """
    wanted = list(schema.names if columns is None else columns)
    forced = set(categorical)
    kinds: dict[str, Kind] = {}
    for name in [*wanted, *sorted(forced - set(wanted))]:
        position = schema.get_field_index(name)
        found = kind_of(schema.field(position).type) if position >= 0 else None
        if found is not None:
            kinds[name] = "categorical" if name in forced else found
        elif columns is not None or name in forced or position < 0:
            what = "it is missing" if position < 0 else f"type {schema.field(position).type} cannot be compared"
            raise SignalError.at(f"column {name}", what, "numbers, times, texts or booleans", "leave it out or cast it")
    return kinds


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
            pool.submit(table, {name: collector.add for name, collector in collectors.items()})
            sample.add(table.select([name for name, one in collectors.items() if isinstance(one, _NumericCollector)]))
    if not collectors:
        raise SignalError.at("reference", "it has no column that can be compared", "at least one", "check the source")
    rows = sample.table()
    return Edges({name: collector.edges(name, rows) for name, collector in collectors.items()})


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
        if values.size and not np.isfinite(values.sum()):  # also when a sum of finite values overflows: just slower
            values = values[np.isfinite(values)]
        if values.size:
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def edges(self, name: str, sample: pa.Table) -> NumericEdges:
        if self.low > self.high:
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

    def edges(self, name: str, _: pa.Table) -> CategoricalEdges:
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
