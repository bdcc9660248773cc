"""How rows become the numbers that a model sees: one float32 matrix, columns in the manifest's order, found by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import ModelError
from include.registry.manifest import Feature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Vector = np.ndarray[tuple[int], np.dtype[np.float32]]
BATCH_ROWS = 131_072
_FORBIDDEN = ("[", "]", "<")


@dataclass
class Tally:
    """What was met while encoding.

    Attributes
    ----------
    rows : int
        Rows encoded.
    unseen : Counter of str
        By feature: values that the model does not know and that became missing.
    other : Counter of str
        By feature: values that fell into the bucket of rare categories.
    """

    rows: int = 0
    unseen: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)


class Encoder:
    """Encodes rows as a manifest says."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._sets = {f.name: pa.array(f.categories, pa.string()) for f in features if f.kind == "category"}

    def matrix(self, batch: pa.RecordBatch, tally: Tally | None = None) -> Matrix:
        """Return the rows as a matrix.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            With at least the features' columns, in any order.
        tally : Tally, optional
            Added to.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_features)
            Missing values are NaN; categories are their codes.

        Raises
        ------
        ModelError
            When a column is missing, has a type that cannot be encoded, or holds an infinite value.
        """
        out = np.empty((batch.num_rows, len(self.features)), np.float32)
        for place, feature in enumerate(self.features):
            column = _column(batch, feature.name)
            if feature.kind == "category":
                out[:, place] = self._codes(column, feature, tally)
            else:
                out[:, place] = _numbers(column, feature.name)
        if tally is not None:
            tally.rows += batch.num_rows
        return out

    def _codes(self, column: pa.Array, feature: Feature, tally: Tally | None) -> Vector:
        texts = _texts(column, feature.name).dictionary_encode()
        known = pc.index_in(texts.dictionary, value_set=self._sets[feature.name])
        strange = known.is_null().to_numpy(zero_copy_only=False)
        rest = float(len(feature.categories)) if feature.other else np.nan
        codes = np.append(known.fill_null(0).to_numpy(zero_copy_only=False), np.nan).astype(np.float32)
        codes[:-1][strange] = rest
        found = _indices(texts)
        if tally is not None and strange.any():
            met = np.bincount(found, minlength=len(codes))[:-1][strange]
            (tally.other if feature.other else tally.unseen)[feature.name] += int(met.sum())
        coded: Vector = codes[found]
        return coded


class Codebook:
    """Learns categories while it encodes: provisional codes by first appearance, final ones when all rows were seen."""

    def __init__(self, columns: Sequence[str], categorical: Collection[str] = (), max_categories: int = 1000) -> None:
        self.columns = tuple(columns)
        self._categorical = set(categorical)
        self._max = max_categories
        self._codes: dict[str, dict[str, int]] = {}
        self._counts: dict[str, list[int]] = {}
        self._types: dict[str, pa.DataType] = {}
        for name in columns:
            if any(sign in name for sign in _FORBIDDEN):
                raise ModelError.at(
                    f"feature {name!r}", "has one of [ ] < in its name", "letters, digits, _", "rename it in the SQL"
                )

    def matrix(self, batch: pa.RecordBatch) -> Matrix:
        """Return the rows as a matrix whose categories carry provisional codes; shape (n_rows, n_features)."""
        out = np.empty((batch.num_rows, len(self.columns)), np.float32, order="F")
        for place, name in enumerate(self.columns):
            column = _column(batch, name)
            first = self._types.setdefault(name, column.type)
            if _is_text(first) != _is_text(column.type):
                raise ModelError.at(f"feature {name!r}", f"is {column.type} in some rows", f"{first} in all of them")
            if _is_text(column.type) or name in self._categorical:
                out[:, place] = self._learn(_texts(column, name), name)
            else:
                out[:, place] = _numbers(column, name)
        return out

    def _learn(self, column: pa.Array, name: str) -> Vector:
        codes, counts = self._codes.setdefault(name, {}), self._counts.setdefault(name, [])
        texts = column.dictionary_encode()
        places = np.empty(len(texts.dictionary) + 1, np.float32)
        places[-1] = np.nan
        found = _indices(texts)
        seen = np.bincount(found, minlength=len(places))
        for place, text in enumerate(texts.dictionary.to_pylist()):
            code = codes.setdefault(text, len(codes))
            if code == len(counts):
                counts.append(0)
            counts[code] += int(seen[place])
            places[place] = code
        coded: Vector = places[found]
        return coded

    def features(self) -> tuple[Feature, ...]:
        """Return the features as learned: of the texts the most frequent (ties by spelling), sorted by spelling."""
        return tuple(self._feature(name) for name in self.columns)

    def _feature(self, name: str) -> Feature:
        arrow = str(self._types.get(name, pa.null()))
        if name not in self._codes:
            return Feature(name=name, kind="number", arrow=arrow)
        counts = self._counts[name]
        ranked = sorted(self._codes[name], key=lambda text: (-counts[self._codes[name][text]], text))
        return Feature(
            name=name,
            kind="category",
            arrow=arrow,
            categories=tuple(sorted(ranked[: self._max])),
            other=len(ranked) > self._max,
        )

    def settle(self, matrices: Iterable[Matrix], features: Sequence[Feature]) -> None:
        """Replace provisional codes by final ones, in place."""
        tables = {place: self._final(f) for place, f in enumerate(features) if f.kind == "category"}
        for matrix in matrices:
            for place, final in tables.items():
                codes = matrix[:, place]
                missing = np.isnan(codes)
                matrix[:, place] = np.where(missing, np.nan, final[np.where(missing, 0, codes).astype(np.int64)])

    def _final(self, feature: Feature) -> Vector:
        places = {text: place for place, text in enumerate(feature.categories)}
        codes = [places.get(text, len(places)) for text in self._codes[feature.name]]
        return np.array(codes or [0], np.float32)


def texts_of(feature: Feature) -> tuple[str, ...]:
    """Return the texts of a category's codes, the bucket of rare ones last; empty for a number."""
    bucket = "(other)"
    while bucket in feature.categories:
        bucket = f"({bucket})"
    return (*feature.categories, bucket) if feature.other else feature.categories


def regrouped(batches: Iterable[pa.RecordBatch], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Return the same rows in batches of exactly so many rows (the last may be shorter; none is empty)."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        offset = 0
        while offset < batch.num_rows:
            part = batch.slice(offset, rows - held)
            offset += part.num_rows
            held += part.num_rows
            waiting.append(part)
            if held == rows:
                yield _joined(waiting)
                waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    return parts[0] if len(parts) == 1 else pa.concat_batches(parts)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    place = batch.schema.get_field_index(name)
    if place < 0:
        names = [n for n in batch.schema.names if not n.startswith("_")]
        raise ModelError.at(f"feature {name!r}", "is not in the rows", f"it among {', '.join(names[:40])}")
    return batch.column(place)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _texts(column: pa.Array, name: str) -> pa.Array:
    if pa.types.is_temporal(column.type) or pa.types.is_nested(column.type) or pa.types.is_floating(column.type):
        raise ModelError.at(f"feature {name!r}", f"is {column.type}", "a text", "cast it in the SQL")
    return column.cast(pa.string())


def _indices(texts: pa.DictionaryArray) -> np.ndarray[Any, Any]:
    """Return each row's place in the dictionary; one past its end for missing texts."""
    found: np.ndarray[Any, Any] = texts.indices.fill_null(len(texts.dictionary)).to_numpy(zero_copy_only=False)
    return found


def _numbers(column: pa.Array, name: str) -> Vector:
    kind = column.type
    plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (plain or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        advice = "cast it in the SQL"
        if pa.types.is_temporal(kind):
            advice = "take hour, weekday or an age in days from it in the SQL"
        raise ModelError.at(f"feature {name!r}", f"is {kind}", "a number, a boolean or a text", advice)
    with np.errstate(over="ignore"):
        values = _float32(column)
    infinite = np.isinf(values)
    if infinite.any():
        count = int(np.count_nonzero(infinite))
        raise ModelError.at(
            f"feature {name!r}",
            f"is infinite or beyond 3.4e38 in {count} rows",
            "finite numbers or missing values",
            "guard the division in the SQL, for example with nullif",
        )
    return values


def _float32(column: pa.Array) -> Vector:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    found: Vector = column.cast(pa.float32(), safe=False).to_numpy(zero_copy_only=False)
    return found
