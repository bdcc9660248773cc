"""Behaviour tests: do predictions move as they should when one column is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.evaluation.verdict import Finding, Part

FloatArray = NDArray[np.float64]
Predict = Callable[[pa.Table], NDArray[Any]]
_STILL = 1e-9
"""Moves up to this size are none (single precision of scores)."""


class Expectation(Protocol):
    """What one behaviour test needs to know; `include.config.model.Behaviour` is one."""

    @property
    def kind(self) -> str:
        """One of `monotone`, `invariance`, `directional`."""

    @property
    def column(self) -> str:
        """The feature that is changed."""

    @property
    def direction(self) -> int:
        """1 when the prediction should rise with the column, else -1."""

    @property
    def change(self) -> float | None:
        """Amount added to a number; None: one standard deviation."""

    @property
    def tolerance(self) -> float:
        """Share of rows that may break it."""


def behaviour_part(predict: Predict, rows: pa.Table, expectations: Sequence[Expectation]) -> Part:
    """Return whether predictions move as expected.

    Parameters
    ----------
    predict : callable
        Feature rows (pyarrow.Table) to scores, (n_rows,).
    rows : pyarrow.Table
        Some thousand recent rows.
    expectations : sequence
        monotone: at most the tolerated share of rows moves against the direction; invariance: at most that share moves;
        directional: the mean moves in the direction.
    """
    results = [_one(predict, rows, each) for each in expectations]
    findings = [finding for finding, _, _ in results]
    overall: Finding = "fail" if "fail" in findings else "cannot_tell" if "cannot_tell" in findings else "pass"
    texts = [text for finding, text, _ in results if finding == overall]
    return Part(
        "behaviour", overall, "; ".join(texts) or "no expectation", {"tests": [numbers for _, _, numbers in results]}
    )


def _one(predict: Predict, rows: pa.Table, each: Expectation) -> tuple[Finding, str, dict[str, Any]]:
    name = f"{each.kind} {each.column}"
    numbers: dict[str, Any] = {"kind": each.kind, "column": each.column}
    changed = changed_rows(rows, each)
    if changed is None:
        return (
            "cannot_tell",
            f"{name}: no row whose {each.column} can be changed",
            {**numbers, "finding": "cannot_tell"},
        )
    move = np.asarray(predict(changed), dtype=np.float64) - np.asarray(predict(rows), dtype=np.float64)
    if move.ndim > 1:
        return "cannot_tell", f"{name}: defined for one score a row", {**numbers, "finding": "cannot_tell"}
    mean = float(move.mean())
    if each.kind == "directional":
        broken, fine = float(mean * each.direction <= 0), mean * each.direction > 0
        text = (
            f"{name}: predictions move by {mean:.4g} on average, {'up' if each.direction > 0 else 'down'} is expected"
        )
    else:
        against = np.abs(move) > _STILL if each.kind == "invariance" else move * each.direction < -_STILL
        broken = float(against.mean())
        fine = broken <= each.tolerance
        text = f"{name}: {broken:.1%} of rows break it, {each.tolerance:.1%} may"
    finding: Finding = "pass" if fine else "fail"
    return (
        finding,
        text,
        {**numbers, "broken_share": broken, "mean_move": mean, "tolerance": each.tolerance, "finding": finding},
    )


def changed_rows(rows: pa.Table, each: Expectation) -> pa.Table | None:
    """Return the rows with the column changed, or None where nothing can be changed (absent, empty, null, one category).

    Notes
    -----
    A number gets `change` added (by default a standard deviation; whole numbers at least 1), a category becomes the next
    one in alphabetical order, the last the first. Nulls stay.
    """
    if each.column not in rows.column_names or not rows.num_rows:
        return None
    column = rows[each.column]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    changed = _shifted(column, each.change) if numeric else _exchanged(column)
    if changed is None:
        return None
    return rows.set_column(rows.column_names.index(each.column), each.column, changed)


def _shifted(column: pa.ChunkedArray, change: float | None) -> Any:
    amount = pc.stddev(column).as_py() if change is None else change
    if not amount or not np.isfinite(amount):
        return None
    if pa.types.is_integer(column.type):
        amount = int(np.sign(amount) * max(1, round(abs(amount))))
        return pc.add(column.cast(pa.int64()), amount)
    return pc.add(column, pa.scalar(amount, column.type))


def _exchanged(column: pa.ChunkedArray) -> Any:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    values = sorted(value for value in pc.unique(plain).to_pylist() if value is not None)
    if len(values) < 2:
        return None
    place = pc.index_in(plain, value_set=pa.array(values, plain.type))
    following = pa.array([*values[1:], values[0]], plain.type).take(place.combine_chunks())
    return pa.chunked_array([following]).cast(column.type)
