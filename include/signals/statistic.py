"""What every statistic of one column offers: exact on arrays, binned on profiles, and measured against no change."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.signals.binning import edges_from
from include.signals.categorical import CategoricalProfile
from include.signals.cells import Bins, cells_of_arrays, cells_of_profiles
from include.signals.columns import Kind, kind_of, numbers_of, texts_of
from include.signals.errors import SignalError
from include.signals.law import Formula, Law, Resampler, effective_rows, in_blocks
from include.signals.measured import Measured, cannot_tell
from include.signals.moments import FloatArray
from include.signals.numeric import CountArray, NumericProfile
from include.signals.profile import SubjectProfile, profile

STEP = 1e-6  # of the influence function: far above rounding, far below a row's share


def as_column(values: Any) -> pa.Array:
    """Return values as what statistics compare: finite float64 numbers, or texts; everything else as null.

    Parameters
    ----------
    values : array-like of shape (n,)
        A list, numpy array, pandas Series or Arrow array of numbers, times, booleans or texts; None and NaN are null.

    Raises
    ------
    SignalError
        When the values cannot be compared.

    Examples
    --------
    >>> as_column([1, float("inf"), None]).to_pylist(), as_column(["a", None]).to_pylist()
    ([1.0, None, None], ['a', None])
    """
    column = arrow_of(values)
    kind = kind_of(column.type)
    if kind is None:
        raise SignalError.at("values", f"type {column.type}", "numbers, times, booleans or texts", "cast them")
    if kind == "categorical":
        return texts_of(column)
    numbers, nulls = numbers_of(column)
    found = pa.array(numbers)
    found = pc.if_else(pc.is_finite(found), found, None) if len(found) else found
    return pa.concat_arrays([found, pa.nulls(nulls, pa.float64())])


def arrow_of(values: Any) -> pa.Array:
    """Return array-like values as one Arrow array; NaN of pandas and numpy become null."""
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)


def finite(column: pa.Array) -> FloatArray:
    """Return the finite values of a column from `as_column`, shape (n,)."""
    values: FloatArray = column.drop_null().to_numpy()
    return values


def profiles_of(reference: pa.Array, current: pa.Array) -> tuple[SubjectProfile, SubjectProfile]:
    """Return the profiles of two columns from `as_column`, in bins of the first."""
    if reference.null_count == len(reference):  # a column without values is of no kind
        reference = pa.nulls(len(reference), current.type)
    elif current.null_count == len(current):
        current = pa.nulls(len(current), reference.type)
    left, right = (pa.record_batch({"values": column}) for column in (reference, current))
    edges = edges_from([left], threads=1)
    return tuple(profile([side], edges, threads=1).subjects["values"] for side in (left, right))  # type: ignore[return-value]


class Statistic(ABC):
    """A number that says how far the current rows of a column are from the reference's.

    Attributes
    ----------
    name : str
        As in the tables and in the JSON of studies.
    kinds : tuple of {"numeric", "categorical"}
        The columns it is defined for.
    """

    name: str
    kinds: tuple[Kind, ...] = ("numeric", "categorical")

    def exact(self, reference: Any, current: Any) -> float:
        """Return the value from all values of both sides.

        Parameters
        ----------
        reference, current : array-like of shape (n,)
            As for `as_column`; nulls do not count, except for `null_share`.

        Returns
        -------
        float
            nan when one side has no value.
        """
        return self.exact_columns(as_column(reference), as_column(current))

    def exact_columns(self, left: pa.Array, right: pa.Array) -> float:
        """Return the value of two columns from `as_column`: like `exact`, without converting them again."""
        if len(left) == left.null_count or len(right) == right.null_count:
            return math.nan
        if pa.types.is_float64(left.type) != pa.types.is_float64(right.type):
            raise SignalError.at(
                "current values", f"type {right.type}", f"type {left.type}, like the reference's", "cast"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # values too large to square: the answer is not finite
            return self._exact(left, right)

    def binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        """Return the value from the profiles of both sides; nan when one side has no value."""
        if not reference.n or not current.n:
            return math.nan
        with np.errstate(over="ignore", invalid="ignore"):
            return self._binned(reference, current)

    def measure(self, reference: Any, current: Any, *, error: bool = True) -> Measured:
        """Return the value with its standard error and with its mean and spread under no change.

        Parameters
        ----------
        reference, current : SubjectProfile or array-like of shape (n,)
            Profiles give the binned value, arrays the exact one (its spread is taken from profiles all the same).
        error : bool
            Whether the standard error is wanted, which takes most of the time; nan without.
        """
        if isinstance(reference, NumericProfile | CategoricalProfile):
            return self._measure(reference, current, self.binned(reference, current), error=error)
        left, right = as_column(reference), as_column(current)
        return self._measure(*profiles_of(left, right), self.exact(reference, current), error=error)

    def _measure(self, reference: SubjectProfile, current: SubjectProfile, value: float, *, error: bool) -> Measured:
        rows = self.rows_of(current)
        if not math.isfinite(value):
            return cannot_tell(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            law = self._law(reference, current)
            deviation = self._standard_error(reference, current) if error else math.nan
        if not math.isfinite(law.expected) or not math.isfinite(law.jittered_spread):
            return cannot_tell(rows)
        return Measured(value, deviation, law.expected, law.jittered_spread, rows, lattice=law.lattice)

    def rows_of(self, current: SubjectProfile) -> int:
        """Return the current rows that the value is made of: those that have a value."""
        return current.n

    @abstractmethod
    def _exact(self, reference: pa.Array, current: pa.Array) -> float: ...

    @abstractmethod
    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float: ...

    @abstractmethod
    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law: ...

    @abstractmethod
    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float: ...


def influence_error(formula: Formula, cells: CountArray) -> float:
    """Return the standard error of a smooth function of shares, by its influence function.

    Parameters
    ----------
    formula : callable
        From shares of shape (..., n_cells) to values of shape (...).
    cells : numpy.ndarray of shape (n_cells,)
        Counts of the sample.

    Notes
    -----
    ``sqrt(sum q_k IF_k² / n)`` where ``IF_k`` is the derivative of the value when mass moves to cell k: the delta
    method for a multinomial sample. Where nothing changed a distance is at its kink or minimum and the error is only
    of the right size.

    Examples
    --------
    >>> round(influence_error(lambda q: q[..., 0], np.array([36, 64])), 4)  # a share: sqrt(0.36 * 0.64 / 100)
    0.048
    """
    n, filled = int(cells.sum()), np.flatnonzero(cells)
    shares = cells / n
    moved = np.repeat(shares[np.newaxis, :] * (1 - STEP), len(filled), axis=0)
    moved[np.arange(len(filled)), filled] += STEP
    influence = (in_blocks(formula, moved) - formula(shares)) / STEP
    return math.sqrt(float(np.sum(shares[filled] * influence**2)) / n)


class ShareStatistic(Statistic):
    """A statistic of the shares of both sides in common cells (see `cells`).

    Attributes
    ----------
    bins : {"doane", "deciles"}
        How numbers that are not few values are binned.
    rate : float
        The value shrinks as rows to the power −rate under no change.
    """

    bins: Bins = "doane"
    rate: float = 0.5

    @abstractmethod
    def formula(self, reference: FloatArray, current: FloatArray) -> FloatArray:
        """Return the values of shares (..., n_cells) against the reference's (n_cells,), shape (...)."""

    def from_counts(self, reference: Any, current: Any) -> float:
        """Return the value from counts (or shares) of the same cells, each of shape (n_cells,)."""
        left, right = np.asarray(reference, np.float64), np.asarray(current, np.float64)
        if not left.sum() or not right.sum():
            return math.nan
        return float(self.formula(left / left.sum(), right / right.sum()))

    def exact(self, reference: Any, current: Any, bins: FloatArray | None = None) -> float:
        """Return the value from all values of both sides, in the given bins of shape (n_bins + 1,) or its own."""
        if bins is None:
            return super().exact(reference, current)
        return self.from_counts(*cells_of_arrays(as_column(reference), as_column(current), bins))

    def _exact(self, reference: pa.Array, current: pa.Array) -> float:
        return self.from_counts(*cells_of_arrays(reference, current, self.bins))

    def _binned(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        return self.from_counts(*cells_of_profiles(reference, current, self.bins))

    def _law(self, reference: SubjectProfile, current: SubjectProfile) -> Law:
        resampler = resampler_of(reference) if isinstance(reference, CategoricalProfile) else None
        if resampler is None:
            resampler = Resampler(cells_of_profiles(reference, reference, self.bins)[0])
        shares = resampler.shares
        rows = effective_rows(current.n, reference.n)
        return resampler.law(self.name, lambda q: self.formula(shares, q), rows, self.rate)

    def _standard_error(self, reference: SubjectProfile, current: SubjectProfile) -> float:
        left, right = cells_of_profiles(reference, current, self.bins)
        shares = left / left.sum()
        return influence_error(lambda q: self.formula(shares, q), right)


def resampler_of(reference: SubjectProfile) -> Resampler:
    """Return the resampler of a reference's own cells, made once and kept with its profile."""
    found = reference.__dict__.get("_resampler")
    if not isinstance(found, Resampler):
        found = Resampler(reference.cells)
        reference.__dict__["_resampler"] = found
    return found
