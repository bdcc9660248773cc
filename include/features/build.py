"""Build a model's feature rows: its SQL over each night's relations, audited."""

# ruff: noqa: S608 -- every identifier goes through `quoted`, every text through `quoted_text`, a parameter or a variable
from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError
from include.features import audit, guard, rows
from include.features.relations import TECHNICAL, Relations, hidden_columns, quoted
from include.partitions import partitions_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.partitions import Partition

BATCH_ROWS = 131_072
_AUDITED_NIGHTS = 4
_CUTS = 4


def build(
    model: Model,
    datasets: Mapping[str, Dataset],
    inputs: Mapping[str, Callable[[], Iterable[pa.RecordBatch]]],
    first: Partition,
    last: Partition,
    sql: str | None = None,
    *,
    where: str | None = None,
    memory: str = "1GB",
    threads: int = 1,
    spill: Path | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the feature rows of the nights from the first to the last.

    Parameters
    ----------
    model : Model
        Whose features they are.
    datasets : mapping of str to Dataset
        Configured datasets by name.
    inputs : mapping of str to callable
        By dataset: returns its rows as record batches with `_partition` and `_known_at`. The rows' dataset must cover the
        nights, the others the nights and the lookback before; static ones are given whole. Each is read once.
    first, last : Partition
        Both included.
    sql : str, optional
        The model's SQL; None for all columns of the rows that are known in time.
    where : str, optional
        Name of the SQL file for errors.
    memory : str
        What DuckDB may take; the rest goes to disk.
    threads : int
        Threads of DuckDB; with more than one the last digits of sums may differ from run to run.
    spill : Path, optional
        Folder for what does not fit in memory.

    Yields
    ------
    pyarrow.RecordBatch
        Columns `_key`, the features, `_event_time`, `_prediction_time`, `_partition`; night by night, in order of event
        time and key. A night without rows yields nothing.

    Raises
    ------
    FeatureError
        When the SQL may not be run, fails, loses or repeats rows, sees the future, or gives what is no feature.

    Notes
    -----
    Each night is its own run of the SQL, so that a night and a range give the same values. At most 4 nights of a range are
    audited, the first and the last always.
    """
    query = guard.Query(sql, where or model.features or "features") if sql is not None else None
    settings = {"memory_limit": memory, "threads": str(threads)}
    if spill is not None:
        settings["temp_directory"] = str(spill)
    with closing(duckdb.connect(":memory:", config=settings)) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        relations = Relations(duck, model, datasets)
        relations.load(inputs, model.datasets if query else ())
        guard.lock(duck)
        if query is None:
            query = guard.Query(
                default_sql(datasets[model.rows], model, relations.columns[model.rows]), "default features"
            )
        guard.check(duck, query, relations.columns)
        yield from _Build(duck, model, datasets, relations, query).nights(partitions_between(first, last))


def default_sql(dataset: Dataset, model: Model, columns: Iterable[str]) -> str:
    """Return the SELECT of all columns of the rows that are neither key, event time nor outcome.

    Raises
    ------
    FeatureError
        When none is left.
    """
    dropped = {*dataset.key, dataset.event_time, dataset.known_at.column, *hidden_columns(dataset, model)}
    types = {name: rule.type for name, rule in dataset.contract.columns.items()}
    kept = [
        name
        for name in columns
        if name not in dropped and not name.startswith("_") and types.get(name) not in ("timestamp", "date")
    ]
    if not kept:
        raise FeatureError.at(
            f"model {model.name}", f"no column of {dataset.name} is left as a feature", "a SQL file", "set features"
        )
    return f"SELECT {', '.join(map(quoted, ('_key', *kept)))} FROM {quoted(dataset.name)}"


class _Build:
    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        model: Model,
        datasets: Mapping[str, Dataset],
        relations: Relations,
        query: guard.Query,
    ) -> None:
        self._duck = duck
        self._model = model
        self._relations = relations
        self._query = query
        self._hidden = {column for name in relations.columns for column in hidden_columns(datasets[name], model)}
        self._hidden.add(model.target.column)

    def nights(self, nights: list[Partition]) -> Iterator[pa.RecordBatch]:
        audited = {
            nights[round(i * (len(nights) - 1) / max(1, _AUDITED_NIGHTS - 1))].key for i in range(_AUDITED_NIGHTS)
        }
        for night in nights:
            scored = self._relations.rows_of(night)
            if not scored.num_rows:
                continue
            served = self._served(night, scored)
            if night.key in audited:
                self._audit(night, served)
            ordered = served.select([*served.schema.names[:-2], *TECHNICAL[1:]])
            ordered = ordered.append_column("_partition", pa.array([night.key] * ordered.num_rows, pa.string()))
            yield from ordered.combine_chunks().to_batches(max_chunksize=BATCH_ROWS)

    def _served(self, night: Partition, scored: pa.Table) -> pa.Table:
        if scored.column("_event_time").null_count:
            count = scored.column("_event_time").null_count
            raise FeatureError.at(
                f"dataset {self._model.rows}, {night.key}",
                f"{count} rows have no event time",
                "one each",
                "correct the rows",
            )
        latest = pc.max(scored.column("_prediction_time")).as_py()
        self._relations.show(night, latest)
        result = self._run()
        rows.check_columns(result.schema, self._hidden, self._query.where)
        return rows.matched(rows.typed(result, self._query.where), scored, f"{self._query.where}, {night.key}")

    def _audit(self, night: Partition, served: pa.Table) -> None:
        times = served.column("_prediction_time")
        extremes = pc.min_max(times).as_py()
        arrivals = self._relations.arrivals(extremes["min"], extremes["max"])
        joined = [name for name in self._relations.columns if name != self._model.rows]
        for cut in audit.cuts(times, arrivals, _CUTS, f"{self._model.name} {night.key}"):
            self._relations.show(night, cut)
            then = rows.typed(self._run(), self._query.where)
            audit.compare(served, then, cut, self._query.where, joined or [self._model.rows])

    def _run(self) -> pa.Table:
        try:
            return self._duck.sql(self._query.text).to_arrow_table()
        except duckdb.Error as error:
            raise guard.explained(self._placed(error), self._query, self._relations.columns) from None

    def _placed(self, error: duckdb.Error) -> duckdb.Error:
        """Return the error with its position, which only `execute` tells."""
        try:
            self._duck.execute(self._query.text).fetchall()
        except duckdb.Error as placed:
            return placed
        return error
