"""Rows as a source gave them → rows as the contract types them, cut to partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.config.errors import did_you_mean
from include.errors import SourceError
from include.partitions import partition_at, partitions_between
from include.sources.typing import ARROW_TYPES, INSTANT, cast_column, cast_values, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from include.config.dataset import Dataset
    from include.partitions import Partition
    from include.sources.derive import Derivation

PARTITION = "_partition"
STATIC_KEY = "static"


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
        needed = self._derivation.needs(available) if self._derivation else []
        if not self._rules:
            return list(available)
        direct = [name for name in self._rules if name not in self._dataset.derive]
        for name in direct:
            if name not in available:
                raise self._missing(name, available, where)
        return [name for name in available if name in set(direct) | set(needed)]

    def types(self) -> dict[str, pa.DataType]:
        """Return the Arrow type of each column that is read as the contract types it, not derived."""
        return {n: ARROW_TYPES[r.type] for n, r in self._rules.items() if n not in self._dataset.derive}

    def typed(self, batch: pa.RecordBatch, where: str, first_row: int) -> pa.RecordBatch:
        """Return the user's columns of a batch: cast as the contract says, the derived ones computed.

        Parameters
        ----------
        batch : pa.RecordBatch of n_rows
            The columns of `wanted`.
        where, first_row
            File or query, and number of the batch's first row in it (from 1), for messages.
        """
        columns = {name: self._column(batch.column(name), name, where, first_row) for name in batch.schema.names}
        if self._derivation:
            columns |= self._derived(pa.record_batch(columns), where, first_row)
        names = list(self._rules) or list(columns)
        return pa.record_batch({name: columns[name] for name in names})

    def _column(self, values: pa.Array, name: str, where: str, first_row: int) -> pa.Array:
        rule = self._rules.get(name)
        zone = self._dataset.timezone
        if rule is None or name in self._dataset.derive:
            return plain(values, zone)
        return cast_column(values, name, rule, zone, where, first_row)

    def _derived(self, columns: pa.RecordBatch, where: str, first_row: int) -> dict[str, pa.Array]:
        assert self._derivation is not None  # noqa: S101 (for the type checker; the caller has asked)
        inputs = columns.select(self._derivation.needs(columns.schema.names))
        hidden = any(self._rules[name].pii for name in inputs.schema.names if name in self._rules)
        table = self._derivation.compute(inputs, where, first_row, hidden)
        found = {name: table[name].combine_chunks() for name in table.schema.names}
        return {name: self._derived_column(v, name, where, first_row) for name, v in found.items()}

    def _derived_column(self, values: pa.Array, name: str, where: str, first_row: int) -> pa.Array:
        rule = self._rules.get(name)
        if rule is None:
            return plain(values, self._dataset.timezone)
        return cast_column(values, name, rule, self._dataset.timezone, f"{where} (derive)", first_row)

    def _missing(self, name: str, available: Sequence[str], where: str) -> SourceError:
        others = [column for column in available if column not in self._rules]
        hint = did_you_mean(name, others)
        shown = ", ".join(list(available)[:40]) + (", …" if len(available) > 40 else "")
        return SourceError.at(
            where,
            f"has no column {name!r}.{hint} Its columns: {shown}",
            "every column that the contract names",
            f"rename it in the source, or in contract.columns of {self._dataset.name}.yaml",
        )

    def close(self) -> None:
        """Give back the memory of the derivation."""
        if self._derivation:
            self._derivation.close()


class PartitionCut:
    """Keeps the rows of an interval of partitions, and says which partition each belongs to.

    Parameters
    ----------
    dataset : Dataset
        Its event time, grain and zone.
    first, last : Partition or None
        The interval, both included; with None every row is kept.
    """

    def __init__(self, dataset: Dataset, first: Partition | None = None, last: Partition | None = None) -> None:
        self._dataset = dataset
        self._partitions = partitions_between(first, last) if first and last else None
        self._edges = None
        if self._partitions:
            instants = [partition.start for partition in self._partitions] + [self._partitions[-1].end]
            self._edges = np.array([_microseconds(instant) for instant in instants])

    def cut(self, batch: pa.RecordBatch, where: str, first_row: int) -> pa.RecordBatch:
        """Return the rows of the interval with `_partition`, the key of each row's partition."""
        instants = self._instants(batch, where, first_row)
        if self._partitions is None or self._edges is None:
            return batch.append_column(PARTITION, self._keys_anywhere(instants))
        place = np.searchsorted(self._edges, instants, side="right") - 1
        kept = (place >= 0) & (place < len(self._partitions))
        keys = pa.array([partition.key for partition in self._partitions])
        if kept.all():
            return batch.append_column(PARTITION, keys.take(pa.array(place)))
        return batch.filter(pa.array(kept)).append_column(PARTITION, keys.take(pa.array(place[kept])))

    def _instants(self, batch: pa.RecordBatch, where: str, first_row: int) -> np.ndarray:
        column = self._dataset.event_time
        if column is None or column not in batch.schema.names:
            raise SourceError.at(
                where,
                f"the rows have no event time ({column!r})" if column else "the dataset names no event_time",
                "a column with the instant of the event",
                f"set event_time in {self._dataset.name}.yaml, or static: true",
            )
        values = cast_values(batch.column(column), "timestamp", self._dataset.timezone)
        if values.null_count:
            position = pc.index(pc.is_null(values), True).as_py()
            raise SourceError.at(
                f"{where}, row {first_row + position:,}, column {column!r}",
                "is empty, so the row belongs to no partition",
                "the instant of the event in every row",
                "correct the source",
            )
        return np.asarray(values.cast(pa.int64()))

    def _keys_anywhere(self, instants: np.ndarray) -> pa.Array:
        found: list[Partition] = []
        unique = np.unique(instants)
        position = 0
        while position < len(unique):
            when = pa.scalar(int(unique[position]), INSTANT).as_py()
            found.append(partition_at(when, self._dataset.partition, self._dataset.timezone))
            position = int(np.searchsorted(unique, _microseconds(found[-1].end)))
        edges = np.array([_microseconds(partition.start) for partition in found])
        keys = pa.array([partition.key for partition in found], pa.string())
        return keys.take(pa.array(np.searchsorted(edges, instants, side="right") - 1))


def with_key(batches: Iterator[pa.RecordBatch], key: str) -> Iterator[pa.RecordBatch]:
    """Yield the batches with one key as the `_partition` of all their rows."""
    for batch in batches:
        yield batch.append_column(PARTITION, pa.repeat(pa.scalar(key), batch.num_rows))


def _derivation(dataset: Dataset) -> Derivation | None:
    if not dataset.derive:
        return None
    from include.sources.derive import Derivation

    return Derivation(dataset.derive, f"{dataset.name}.yaml")


def _microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000
