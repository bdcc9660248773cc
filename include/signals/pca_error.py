"""PCA reconstruction error: how badly the reference's main directions describe the current rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.columns import column_of, kinds_of, texts_of
from include.signals.errors import SignalError
from include.signals.measured import Measured, cannot_tell
from include.signals.moments import FloatArray
from include.signals.statistic import as_column

FOLDS = 5
LEAST_ROWS = 2 * FOLDS


@dataclass(frozen=True)
class PcaError:
    """The reference's scaling and main directions, and how well they describe the reference itself.

    Attributes
    ----------
    fills : mapping of str to float or str
        By column, in their order: what stands for a null, the mean or the most frequent category.
    shares : mapping of str to dict
        By categorical column: share of the reference's rows with each category.
    centre, scale : numpy.ndarray of shape (n_columns,)
    directions : numpy.ndarray of shape (n_directions, n_columns)
        Orthonormal.
    mean, deviation : float
        Of the reference's errors, in standard deviations of the columns; each row's against directions fitted without
        it, since those fitted with it flatter it.
    rows : int
        Rows of the reference.
    """

    fills: Mapping[str, float | str]
    shares: Mapping[str, dict[str, float]]
    centre: FloatArray
    scale: FloatArray
    directions: FloatArray
    mean: float
    deviation: float
    rows: int

    @classmethod
    def fit(cls, reference: pa.Table, explained: float = 0.65) -> PcaError:
        """Return what is needed to measure partitions against this reference.

        Parameters
        ----------
        reference : pyarrow.Table
            A bounded sample of its rows, see `sample.sampled`.
        explained : float
            As many directions are kept as explain more than this share of the variance.

        Raises
        ------
        SignalError
            When it has no rows or no column that can be compared.

        Notes
        -----
        Nulls become the mean or the most frequent category; a category becomes its share of the reference's rows, 0
        if it has none; columns are scaled to mean 0 and variance 1 (constants stay 0). The error of a row is the
        Euclidean distance from its projection onto the kept directions.

        References
        ----------
        I. Jolliffe, *Principal Component Analysis*, Springer 2002; NannyML, *Data reconstruction with PCA*.

        Examples
        --------
        >>> x = [float(i % 10) for i in range(200)]
        >>> fitted = PcaError.fit(pa.table({"x": x, "y": [2 * v for v in x]}))
        >>> fitted.measure(pa.table({"x": x, "y": x[::-1]})).value > fitted.measure(pa.table({"x": x, "y": x})).value > 0
        True
        """
        kinds = kinds_of(reference.schema)
        if reference.num_rows < LEAST_ROWS or not kinds:
            raise SignalError.at(
                "reference",
                f"{reference.num_rows} rows, {len(kinds)} columns",
                f"{LEAST_ROWS} rows and a column that can be compared",
                "choose a longer reference",
            )
        fills: dict[str, float | str] = {}
        shares: dict[str, dict[str, float]] = {}
        for name, kind in kinds.items():
            column = column_of(reference, name)
            if kind == "numeric":
                fills[name] = _mean(column)
            else:
                shares[name], fills[name] = _shares(column)
        encoded = _encoded(reference, fills, shares)
        errors = np.empty(len(encoded))
        fold = np.arange(len(encoded)) % FOLDS
        for i in range(FOLDS):
            errors[fold == i] = _errors(encoded[fold == i], *_fitted(encoded[fold != i], explained))
        mean, deviation = float(errors.mean()), float(errors.std(ddof=1))
        return cls(fills, shares, *_fitted(encoded, explained), mean, deviation, len(encoded))

    def measure(self, current: pa.Table) -> Measured:
        """Return the mean error of the current rows, in standard deviations of the columns.

        Notes
        -----
        The spread is that of a mean, ``deviation · sqrt(1/n + 1/N)``. It does not count that the directions were
        fitted: from a partition as large as the reference's sample it is up to a third too small.

        Raises
        ------
        SignalError
            When a column of the reference is missing or of another kind.
        """
        n = current.num_rows
        if not n:
            return cannot_tell(0)
        encoded = _encoded(current, self.fills, self.shares)
        errors = _errors(encoded, self.centre, self.scale, self.directions)
        error = float(errors.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        spread = self.deviation * math.sqrt(1 / n + 1 / self.rows)
        return Measured(float(errors.mean()), error, self.mean, spread, n)


def _mean(column: pa.Array) -> float:
    values = as_column(column).drop_null().to_numpy()
    return float(values.mean()) if values.size else 0.0


def _shares(column: pa.Array) -> tuple[dict[str, float], str]:
    """Return the share of the rows with each category, nulls counted as the most frequent one, and that one."""
    pairs = pc.value_counts(texts_of(column).cast(pa.string()).drop_null()).to_pylist()
    if not pairs:
        return {}, ""
    most = max(pairs, key=lambda pair: pair["counts"])["values"]
    shares = {pair["values"]: pair["counts"] / len(column) for pair in pairs}
    shares[most] += column.null_count / len(column)
    return shares, most


def _encoded(table: pa.Table, fills: Mapping[str, Any], shares: Mapping[str, dict[str, float]]) -> FloatArray:
    matrix = np.empty((table.num_rows, len(fills)))
    for place, (name, fill) in enumerate(fills.items()):
        column = column_of(table, name)
        if name in shares:
            texts = texts_of(column).cast(pa.string()).fill_null(fill)
            known = pa.array(list(shares[name]), pa.string())
            codes = pc.index_in(texts, value_set=known).fill_null(len(known)).to_numpy()
            matrix[:, place] = np.array([*shares[name].values(), 0.0])[codes]
        else:
            numbers = as_column(column)
            if not pa.types.is_float64(numbers.type):
                raise SignalError.at(
                    f"column {name}", f"type {column.type}", "numbers, like the reference's", "cast it"
                )
            matrix[:, place] = numbers.fill_null(fill).to_numpy()
    return matrix


def _fitted(encoded: FloatArray, explained: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return centre, scale and main directions of a matrix."""
    centre, scale = encoded.mean(axis=0), encoded.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = (encoded - centre) / scale
    variances, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    order = np.argsort(variances)[::-1]
    cumulated = np.cumsum(np.maximum(variances[order], 0.0))
    kept = int(np.searchsorted(cumulated, explained * cumulated[-1], side="right")) + 1 if cumulated[-1] else 0
    return centre, scale, vectors[:, order[:kept]].T


def _errors(encoded: FloatArray, centre: FloatArray, scale: FloatArray, directions: FloatArray) -> FloatArray:
    scaled = (encoded - centre) / scale
    residual = scaled - (scaled @ directions.T) @ directions
    errors: FloatArray = np.sqrt(np.sum(residual * residual, axis=1))
    return errors
