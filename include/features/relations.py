"""The relations a model's SQL sees: its rows without outcomes, and what was known of the other datasets."""

# ruff: noqa: S608 -- every identifier goes through `quoted`, every text through `quoted_text`, a parameter or a variable
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError
from include.features.key import ROW_NUMBER, keys_of
from include.partitions import partition_from_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import duckdb

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition

INSTANT = pa.timestamp("us", tz="UTC")
TECHNICAL = ("_key", "_event_time", "_prediction_time")
Batches = "Callable[[], Iterable[pa.RecordBatch]]"


def quoted(name: str) -> str:
    """Return an identifier as SQL text."""
    return '"' + name.replace('"', '""') + '"'


def hidden_columns(dataset: Dataset, model: Model) -> frozenset[str]:
    """Return the columns of a dataset that no feature may see: its outcomes, and the target."""
    target = {model.target.column} if model.target.dataset == dataset.name else set()
    return frozenset(dataset.outcome) | target


class Relations:
    """Holds the inputs of one build in DuckDB and shows of them what one night may see.

    Attributes
    ----------
    columns : dict of str to tuple of str
        Columns that the SQL sees, by relation.
    """

    def __init__(self, duck: duckdb.DuckDBPyConnection, model: Model, datasets: Mapping[str, Dataset]) -> None:
        self._duck = duck
        self._model = model
        self._datasets = datasets
        self.columns: dict[str, tuple[str, ...]] = {}
        duck.execute("CREATE SCHEMA vault")

    def load(self, inputs: Mapping[str, Callable[[], Iterable[pa.RecordBatch]]], joined: Iterable[str]) -> None:
        """Read every input once, and create the views.

        Raises
        ------
        FeatureError
            When an input is not there, or its rows lack event time, key or `_known_at`.
        """
        self._store(self._model.rows, self._prepared_rows(inputs))
        self._view_rows()
        for name in joined:
            self._store(name, self._prepared_join(name, inputs))
            self._view_join(name)

    def show(self, night: Partition, known_until: datetime) -> None:
        """Let the views show one night's rows, and of the others what was known by an instant."""
        self._duck.execute(f"SET VARIABLE night = '{night.key}'")
        self._duck.execute(f"SET VARIABLE known_until = TIMESTAMPTZ '{known_until.isoformat()}'")
        self._duck.execute(f"SET VARIABLE seen_from = TIMESTAMPTZ '{(night.start - self._model.lookback).isoformat()}'")

    def rows_of(self, night: Partition) -> pa.Table:
        """Return key, event time and prediction time of a night's rows, in order of event time and key."""
        columns = ", ".join(TECHNICAL)
        text = f"SELECT {columns} FROM vault.{quoted(self._model.rows)} WHERE _partition = ? ORDER BY _event_time, _key"
        return self._duck.sql(text, params=[night.key]).to_arrow_table()

    def arrivals(self, first: datetime, last: datetime) -> list[datetime]:
        """Return instants inside [first, last) right before a joined row became known; those of the latest rows first.

        Notes
        -----
        At such an instant a feature that uses the row too early differs from what it was: the best places to audit.
        """
        found: list[datetime] = []
        for name in self.columns:
            dataset = self._datasets[name]
            if name == self._model.rows or not self._known_over_time(dataset):
                continue
            text = (
                f"SELECT _known_at - INTERVAL 1 MICROSECOND FROM vault.{quoted(name)}"
                " WHERE _known_at > ? AND _known_at <= ?"
                " GROUP BY _known_at ORDER BY max(_known_at - _event_time) DESC NULLS LAST, _known_at LIMIT 200"
            )
            found += [row[0].astimezone(UTC) for row in self._duck.execute(text, [first, last]).fetchall()]
        return found

    def _store(self, name: str, batches: Iterator[pa.RecordBatch]) -> None:
        first = next(batches, None)
        if first is None:
            raise FeatureError.at(
                f"model {self._model.name}", f"dataset {name} gave no rows", "rows", "ingest it first"
            )

        def all_batches() -> Iterator[pa.RecordBatch]:
            yield first
            yield from batches

        reader = pa.RecordBatchReader.from_batches(first.schema, all_batches())
        self._duck.register("_incoming", reader)
        self._duck.execute(f"CREATE TABLE vault.{quoted(name)} AS SELECT * FROM _incoming")
        self._duck.unregister("_incoming")
        self.columns[name] = tuple(column for column in first.schema.names if column != "_partition")

    def _prepared_rows(self, inputs: Mapping[str, Callable[[], Iterable[pa.RecordBatch]]]) -> Iterator[pa.RecordBatch]:
        dataset = self._datasets[self._model.rows]
        hidden = hidden_columns(dataset, self._model)
        for batch in _input(inputs, dataset.name, self._model.name):
            events = events_of(batch, dataset)
            kept = _without(batch, hidden)
            early = pc.subtract(events, pa.scalar(self._model.lead, pa.duration("us")))
            values = (keys_of(batch, dataset.key), events, early, batch.column("_partition").cast(pa.string()))
            yield _extended(kept, dict(zip((*TECHNICAL, "_partition"), values, strict=True)))

    def _prepared_join(
        self, name: str, inputs: Mapping[str, Callable[[], Iterable[pa.RecordBatch]]]
    ) -> Iterator[pa.RecordBatch]:
        dataset = self._datasets[name]
        hidden = hidden_columns(dataset, self._model)
        for batch in _input(inputs, name, self._model.name):
            added = {}
            if not dataset.static:
                added["_event_time"] = events_of(batch, dataset)
            if self._known_over_time(dataset):
                added["_known_at"] = known_at_of(batch, dataset)
            yield _extended(_without(batch, hidden), added)

    def _known_over_time(self, dataset: Dataset) -> bool:
        return not dataset.static or dataset.known_at.column is not None

    def _view_rows(self) -> None:
        name = quoted(self._model.rows)
        columns = ", ".join(map(quoted, self.columns[self._model.rows]))
        self._duck.execute(
            f"CREATE VIEW {name} AS SELECT {columns} FROM vault.{name}"
            " WHERE _partition = getvariable('night') AND _prediction_time <= getvariable('known_until')"
        )

    def _view_join(self, name: str) -> None:
        dataset = self._datasets[name]
        columns = ", ".join(map(quoted, self.columns[name]))
        terms = []
        if self._known_over_time(dataset):
            terms.append("_known_at <= getvariable('known_until')")
        if not dataset.static:
            terms.append("_event_time >= getvariable('seen_from')")
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        self._duck.execute(f"CREATE VIEW {quoted(name)} AS SELECT {columns} FROM vault.{quoted(name)}{where}")


def known_at_of(batch: pa.RecordBatch, dataset: Dataset) -> pa.Array:
    """Return when each row became known: `_known_at` where it was stored, else as the dataset declares it."""
    if "_known_at" in batch.schema.names:
        return batch.column("_known_at").cast(INSTANT)
    if dataset.known_at.column:
        return batch.column(dataset.known_at.column).cast(INSTANT)
    return pc.add(events_of(batch, dataset), pa.scalar(dataset.known_at.delay or timedelta(0), pa.duration("us")))


def events_of(batch: pa.RecordBatch, dataset: Dataset) -> pa.Array:
    """Return the event time of each row; the start of its partition where the dataset declares none."""
    if dataset.event_time is None:
        keys = batch.column("_partition").cast(pa.string()).dictionary_encode()
        starts = [
            partition_from_key(key, dataset.partition, dataset.timezone).start for key in keys.dictionary.to_pylist()
        ]
        return pc.take(pa.array(starts, INSTANT), keys.indices)
    if dataset.event_time not in batch.schema.names:
        raise FeatureError.at(
            f"dataset {dataset.name}",
            f"its rows have no column {dataset.event_time}",
            "the event time",
            "ingest it again",
        )
    return batch.column(dataset.event_time).cast(INSTANT)


def _input(
    inputs: Mapping[str, Callable[[], Iterable[pa.RecordBatch]]], name: str, model: str
) -> Iterable[pa.RecordBatch]:
    if name not in inputs:
        raise FeatureError.at(f"model {model}", f"no rows of dataset {name} were given", "them", "ingest it first")
    return inputs[name]()


def _without(batch: pa.RecordBatch, hidden: frozenset[str]) -> pa.RecordBatch:
    kept = [
        name for name in batch.schema.names if name not in hidden and (not name.startswith("_") or name == ROW_NUMBER)
    ]
    return batch.select(kept)


def _extended(batch: pa.RecordBatch, added: Mapping[str, pa.Array]) -> pa.RecordBatch:
    names = [*batch.schema.names, *added]
    return pa.RecordBatch.from_arrays([*batch.columns, *added.values()], names=names)
