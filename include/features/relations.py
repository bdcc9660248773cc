"""The relations a model's SQL sees: its rows without outcomes, and what was known of the other datasets."""
# ruff: noqa: S608 -- every identifier goes through `quoted`, every value is a variable or a parameter

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from include.errors import FeatureError
from include.features.inputs import TECHNICAL, Inputs, is_known_over_time, joined_rows, scored_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition

_ARRIVALS = 200


def quoted(name: str) -> str:
    """Return an identifier as SQL text."""
    return '"' + name.replace('"', '""') + '"'


class Relations:
    """Holds the inputs of one build in DuckDB and shows of them what one night may see.

    Attributes
    ----------
    types : dict of str to dict of str to pyarrow.DataType
        Columns that the SQL sees and their types, by relation; the rows first.
    """

    def __init__(self, duck: duckdb.DuckDBPyConnection, model: Model, datasets: Mapping[str, Dataset]) -> None:
        self._duck = duck
        self._model = model
        self._datasets = datasets
        self.types: dict[str, dict[str, pa.DataType]] = {}

    @property
    def untyped(self) -> bool:
        """Whether a column has had no value in any row ever, so that nothing says its type."""
        return any(pa.types.is_null(kind) for columns in self.types.values() for kind in columns.values())

    def load(self, inputs: Inputs, joined: Iterable[str]) -> None:
        """Read every input once, and create the views.

        Raises
        ------
        FeatureError
            When an input is not there, or its rows lack event time, key or partition.
        """
        self._duck.execute("CREATE SCHEMA vault")
        rows = self._model.rows
        self._store(rows, scored_rows(self._model, self._datasets[rows], inputs))
        self._view(rows, ["_partition = getvariable('night')", f"_prediction_time <= getvariable('{_until(rows)}')"])
        for name in joined:
            dataset = self._datasets[name]
            self._store(name, joined_rows(self._model, dataset, inputs))
            known = [f"_known_at <= getvariable('{_until(name)}')"] if is_known_over_time(dataset) else []
            self._view(name, known + ([] if dataset.static else ["_event_time >= getvariable('seen_from')"]))

    def show(self, night: Partition, latest: datetime, cuts: Mapping[str, datetime] | None = None) -> None:
        """Let the views show one night's rows, and of the others what was known by an instant.

        Parameters
        ----------
        night : Partition
            Whose rows.
        latest : datetime
            Nothing that became known later is seen.
        cuts : mapping of str to datetime, optional
            An earlier instant for some relations; of the rows themselves, those predicted by then are seen.
        """
        self._duck.execute(f"SET VARIABLE night = '{night.key}'")
        self._duck.execute(f"SET VARIABLE seen_from = TIMESTAMPTZ '{(night.start - self._model.lookback).isoformat()}'")
        for name in self.types:
            instant = (cuts or {}).get(name, latest).isoformat()
            self._duck.execute(f"SET VARIABLE {_until(name)} = TIMESTAMPTZ '{instant}'")

    def rows_of(self, night: Partition) -> pa.Table:
        """Return key, event time and prediction time of a night's rows, in order of event time and key."""
        columns = ", ".join(TECHNICAL)
        text = f"SELECT {columns} FROM vault.{quoted(self._model.rows)} WHERE _partition = ? ORDER BY _event_time, _key"
        return self._duck.sql(text, params=[night.key]).to_arrow_table()

    def chosen_keys(self, night: Partition, share: str) -> pa.ChunkedArray:
        """Return the keys of a night's rows that a condition on `_key` chooses."""
        text = f"SELECT _key FROM vault.{quoted(self._model.rows)} WHERE _partition = ? AND {share}"
        return self._duck.sql(text, params=[night.key]).to_arrow_table().column("_key")

    def arrivals(self, first: datetime, last: datetime) -> list[datetime]:
        """Return instants in [first, last) right before a joined row became known, the latest rows' first.

        Notes
        -----
        At such an instant a feature that uses the row too early differs from what it was: the best places to audit.
        """
        found: list[datetime] = []
        for name in self.types:
            if name == self._model.rows or not is_known_over_time(self._datasets[name]):
                continue
            late = "_known_at" if self._datasets[name].static else "_known_at - _event_time"
            text = (
                f"SELECT _known_at - INTERVAL 1 MICROSECOND FROM vault.{quoted(name)}"
                " WHERE _known_at > ? AND _known_at <= ?"
                f" GROUP BY _known_at ORDER BY max({late}) DESC, _known_at LIMIT {_ARRIVALS}"
            )
            found += [row[0].astimezone(UTC) for row in self._duck.execute(text, [first, last]).fetchall()]
        return found

    def _store(self, name: str, batches: Iterator[pa.RecordBatch]) -> None:
        first = next(batches)
        reader = pa.RecordBatchReader.from_batches(first.schema, _alike(name, first.schema, chain([first], batches)))
        self._duck.register("_incoming", reader)
        self._duck.execute(f"CREATE TABLE vault.{quoted(name)} AS SELECT * FROM _incoming")
        self._duck.unregister("_incoming")
        self.types[name] = {field.name: field.type for field in first.schema if field.name != "_partition"}

    def _view(self, name: str, terms: list[str]) -> None:
        columns = ", ".join(map(quoted, self.types[name]))
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        self._duck.execute(f"CREATE VIEW {quoted(name)} AS SELECT {columns} FROM vault.{quoted(name)} {where}")


def _alike(name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches; DuckDB would read those of other types by the first one's, and make up values.

    Raises
    ------
    FeatureError
        When a batch has other columns or types than the first.
    """
    for batch in batches:
        if batch.schema.names != schema.names or batch.schema.types != schema.types:
            there = dict(zip(batch.schema.names, batch.schema.types, strict=True))
            wanted = dict(zip(schema.names, schema.types, strict=True))
            column = next((c for c in (*wanted, *there) if there.get(c) != wanted.get(c)), schema.names[0])
            raise FeatureError.at(
                f"dataset {name}, column {column}",
                f"is {there.get(column, 'missing')} in some rows and {wanted.get(column, 'missing')} in others",
                "the same columns and types in all rows",
                "type it under contract.columns",
            )
        yield batch


def _until(name: str) -> str:
    """Return the variable that bounds what is seen of a relation."""
    return f"known_until_{name}"
