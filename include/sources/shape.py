"""Rows as a source gave them → rows as the contract types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.config.errors import did_you_mean
from include.errors import SourceError
from include.sources.typing import ARROW_TYPES, cast_column, cast_values, plain, storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.config.dataset import Dataset
    from include.sources.derive import Derivation

PARTITION = "_partition"
EVENT_TIME = "_event_time"  # of rows whose folder alone says when they were


class RowShape:
    """What the rows of a dataset look like once they have left their source.

    Parameters
    ----------
    dataset : Dataset
        Its contract, derived columns and event time.

    Attributes
    ----------
    schema : pa.Schema or None
        Types of the user's columns in the order of the contract; None when the contract names none.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._rules = dataset.contract.columns
        self._derivation = _derivation(dataset)
        self.schema = pa.schema([(n, ARROW_TYPES[r.type]) for n, r in self._rules.items()]) if self._rules else None

    def wanted(self, available: Sequence[str], where: str) -> list[str]:
        """Return the source's columns to read, in the source's order.

        Raises
        ------
        SourceError
            When one that the contract names is not there, with the nearest name that is.
        """
        if not self._rules:
            return list(available)
        direct = [name for name in self._rules if name not in self._dataset.derive]
        for name in direct:
            if name not in available:
                raise self._missing(name, available, where)
        needed = self._derivation.needs(available) if self._derivation else []
        return [name for name in available if name in {*direct, *needed}]

    def types(self) -> dict[str, pa.DataType] | None:
        """Return the Arrow type of each column that the contract types and the source has, None without a contract."""
        if not self._rules:
            return None
        return {n: ARROW_TYPES[r.type] for n, r in self._rules.items() if n not in self._dataset.derive}

    def event_times(self, batch: pa.RecordBatch, where: str, numbers: Sequence[int]) -> np.ndarray:
        """Return the instant of each row's event.

        Parameters
        ----------
        batch : pa.RecordBatch of n_rows
            The columns of `wanted`, as the source typed them.
        where, numbers : str, sequence of int of length n_rows
            File or query, and the number of each row in it (from 1), for messages.

        Returns
        -------
        np.ndarray of int64 of shape (n_rows,)
            Microseconds since 1970 in UTC.

        Raises
        ------
        SourceError
            When there is no such column, or it is empty in a row.
        """
        name = self._dataset.event_time
        if name is None or not (name in batch.schema.names or name in self._dataset.derive):
            raise SourceError.at(
                where,
                f"the rows have no event time ({name!r})" if name else "the dataset names no event_time",
                "a column with the instant of the event",
                f"set event_time in {self._dataset.name}.yaml, or static: true",
            )
        if name in self._dataset.derive:
            values = self._derived(batch, [name], where, numbers)[name]
        else:
            values = self._column(batch.column(name), name, where, numbers)
        values = cast_values(values, "timestamp", self._dataset.timezone)
        if values.null_count:
            position = pc.index(pc.is_null(values), pa.scalar(value=True)).as_py()
            raise SourceError.at(
                f"{where}, row {numbers[position]:,}, column {name!r}",
                "is empty, so the row belongs to no partition",
                "the instant of the event in every row",
                "correct the source",
            )
        return np.asarray(values.cast(pa.int64()))

    def typed(self, batch: pa.RecordBatch, where: str, numbers: Sequence[int]) -> pa.RecordBatch:
        """Return the user's columns of a batch: cast as the contract says, the derived ones computed.

        Parameters and errors as in `event_times`.
        """
        columns = {name: self._column(batch.column(name), name, where, numbers) for name in batch.schema.names}
        columns |= self._derived(batch, list(self._dataset.derive), where, numbers, columns)
        names = list(self._rules) or list(columns)
        return pa.record_batch({name: columns[name] for name in names})

    def _column(self, values: pa.Array, name: str, where: str, numbers: Sequence[int]) -> pa.Array:
        rule = self._rules.get(name)
        zone = self._dataset.timezone
        if not self._rules:
            return storable(values, name, zone, where)
        if rule is None or name in self._dataset.derive:
            return plain(values, zone)
        return cast_column(values, name, rule, zone, where, numbers)

    def _derived(
        self,
        batch: pa.RecordBatch,
        names: list[str],
        where: str,
        numbers: Sequence[int],
        cast: dict[str, pa.Array] | None = None,
    ) -> dict[str, pa.Array]:
        if self._derivation is None:
            return {}
        needed = self._derivation.needs(batch.schema.names, names)
        already = cast or {}
        inputs = pa.RecordBatch.from_arrays(
            [
                _computable(already[n] if n in already else self._column(batch.column(n), n, where, numbers))
                for n in needed
            ],
            needed,
        )
        hidden = any(self._rules[name].pii for name in needed if name in self._rules)
        found = self._derivation.compute(inputs, names, where, numbers, hidden)
        return {name: self._derived_column(found[name], name, where, numbers) for name in names}

    def _derived_column(self, values: pa.Array, name: str, where: str, numbers: Sequence[int]) -> pa.Array:
        rule = self._rules.get(name)
        if rule is None:
            return storable(values, name, self._dataset.timezone, where)
        return cast_column(values, name, rule, self._dataset.timezone, f"{where} (derive)", numbers)

    def _missing(self, name: str, available: Sequence[str], where: str) -> SourceError:
        others = [column for column in available if column not in self._rules]
        shown = ", ".join(list(available)[:40]) + (", …" if len(available) > 40 else "")
        return SourceError.at(
            where,
            f"has no column {name!r}.{did_you_mean(name, others)} Its columns: {shown}",
            "every column that the contract names",
            f"rename it in the source, or in contract.columns of {self._dataset.name}.yaml",
        )

    def close(self) -> None:
        """Give back the memory of the derivation."""
        if self._derivation:
            self._derivation.close()


def _computable(values: pa.Array) -> pa.Array:
    """Return a column that has no type as the text which an empty field of a file is."""
    return values.cast(pa.string()) if pa.types.is_null(values.type) else values


def _derivation(dataset: Dataset) -> Derivation | None:
    if not dataset.derive:
        return None
    from include.sources.derive import Derivation

    return Derivation(dataset.derive, f"{dataset.name}.yaml")
