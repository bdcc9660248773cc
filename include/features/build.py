"""Build a model's feature rows: its SQL over each night's relations, audited."""

from __future__ import annotations

from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError
from include.features import audit, guard, rows
from include.features.inputs import hidden_columns
from include.features.relations import Relations, quoted
from include.partitions import partitions_between
from include.storage.untyped import valueless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.features.inputs import Inputs
    from include.partitions import Partition

BATCH_ROWS = 131_072
_AUDITED_NIGHTS = 4
_CUTS = 4
_AUDITED_ROWS = 50_000


def build(
    model: Model,
    datasets: Mapping[str, Dataset],
    inputs: Inputs,
    first: Partition,
    last: Partition,
    sql: str | None = None,
    *,
    where: str | None = None,
    memory: str = "1GB",
    threads: int = 1,
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
    Each night is its own run of the SQL, so that a night and a range give the same values; memory is bounded by the
    largest night. At most 4 nights of a range are audited, the first and the last always, and of a large night a sample
    of 50,000 to 100,000 rows. The default features need no audit.
    """
    with _connected(memory, threads) as duck:
        relations = Relations(duck, model, datasets)
        relations.load(inputs, [name for name in model.datasets if sql is not None and name != model.rows])
        guard.lock(duck)
        query = guard.Query(
            default_sql(datasets[model.rows], model, relations.types[model.rows]) if sql is None else sql,
            where or (f"model {model.name}, default features" if sql is None else model.features or "features"),
        )
        guard.check(duck, query, relations.types)
        hidden = {column for name in relations.types for column in hidden_columns(datasets[name], model)}
        built = _Build(duck, model, relations, query, frozenset(hidden | {model.target.column}))
        yield from built.nights(partitions_between(first, last), audited=_AUDITED_NIGHTS if sql is not None else 0)


def default_sql(dataset: Dataset, model: Model, types: Mapping[str, pa.DataType]) -> str:
    """Return the SELECT of all columns of the rows that are neither key, event time, outcome nor of a temporal type.

    A column that has had no value in any row is left out until it has one.

    Raises
    ------
    FeatureError
        When none is left.
    """
    kept = default_features(dataset, model, types)
    if not kept:
        found = f"no column of {dataset.name} is left as a feature"
        raise FeatureError.at(f"model {model.name}", found, "a SQL file", "set features")
    return f"SELECT {', '.join(map(quoted, ('_key', *kept)))} FROM {quoted(dataset.name)}"  # noqa: S608 -- quoted


def default_features(dataset: Dataset, model: Model, types: Mapping[str, pa.DataType]) -> list[str]:
    """Return the columns of the rows that are features of a model without SQL."""
    dropped = {*dataset.key, dataset.event_time, dataset.known_at.column, *hidden_columns(dataset, model)}
    return [
        name
        for name, kind in types.items()
        if name not in dropped
        and not name.startswith("_")
        and not pa.types.is_temporal(kind)
        and not pa.types.is_null(kind)
    ]


@contextmanager
def _connected(memory: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    with TemporaryDirectory(prefix="nightshift-features-") as spill:
        settings = {"memory_limit": memory, "threads": str(threads), "temp_directory": spill}
        with closing(duckdb.connect(":memory:", config=settings)) as duck:
            duck.execute("SET TimeZone = 'UTC'")
            yield duck


class _Build:
    """One model's SQL over loaded relations, run night by night."""

    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        model: Model,
        relations: Relations,
        query: guard.Query,
        hidden: frozenset[str],
    ) -> None:
        self._duck = duck
        self._model = model
        self._relations = relations
        self._query = query
        self._hidden = hidden

    def nights(self, nights: list[Partition], audited: int) -> Iterator[pa.RecordBatch]:
        """Yield the feature rows of each night; ``audited`` nights of them, evenly spread, are audited."""
        places = {round(step * (len(nights) - 1) / max(1, audited - 1)) for step in range(audited)}
        for place, night in enumerate(nights):
            scored = self._relations.rows_of(night)
            if not scored.num_rows:
                continue
            served = self._served(night, scored)
            if place in places:
                self._audit(night, served)
            keyed = served.append_column("_partition", pa.array([night.key] * served.num_rows, pa.string()))
            whole = pa.concat_batches(keyed.to_batches()) if self._relations.untyped else None
            told = keyed if whole is None else pa.Table.from_batches([self._without_types(whole)])
            yield from told.combine_chunks().to_batches(max_chunksize=BATCH_ROWS)

    def _served(self, night: Partition, scored: pa.Table) -> pa.Table:
        lost = scored.column("_event_time").null_count
        if lost:
            where = f"dataset {self._model.rows}, {night.key}"
            raise FeatureError.at(where, f"{lost} rows have no event time", "one each", "correct the rows")
        self._relations.show(night, _latest(scored))
        result = self._run()
        rows.check_columns(result.schema, self._hidden, self._query.where)
        return rows.matched(self._typed(result), scored, f"{self._query.where}, {night.key}")

    def _typed(self, result: pa.Table) -> pa.Table:
        return rows.typed(result, self._query.where, untyped=self._relations.untyped)

    def _without_types(self, served: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with the types of features as far as they can be told beside a column of the inputs without one.

        A feature without a value has none, and whole numbers may be those of `coalesce(x, 0)` before the first decimals.
        """
        columns = []
        for name, values in zip(served.schema.names, valueless(served).columns, strict=True):
            if name.startswith("_") or name in self._model.feature_contract:
                columns.append(served.column(name))
            else:
                columns.append(values.cast(pa.float64()) if pa.types.is_integer(values.type) else values)
        return pa.RecordBatch.from_arrays(columns, names=served.schema.names)

    def _audit(self, night: Partition, served: pa.Table) -> None:
        """Raise when a feature differs from what it was at a cut, with the datasets that make the difference."""
        times, latest = served.column("_prediction_time"), _latest(served)
        some = f"hash(_key) % {max(1, served.num_rows // _AUDITED_ROWS)} = 0"
        chosen = served.filter(pc.is_in(served.column("_key"), value_set=self._relations.chosen_keys(night, some)))

        def differs(cut: datetime, relations: Iterable[str]) -> audit.Difference | None:
            self._relations.show(night, latest, dict.fromkeys(relations, cut))
            return audit.difference(chosen, self._typed(self._run(some)), cut)

        arrivals = self._relations.arrivals(pc.min(times).as_py(), latest)
        for cut in audit.cuts(times, arrivals, _CUTS, f"{self._model.name} {night.key}"):
            found = differs(cut, self._relations.types)
            if found:
                guilty = [name for name in self._relations.types if differs(cut, [name])]
                raise audit.leak(found, cut, self._query.where, guilty or list(self._relations.types))

    def _run(self, some: str = "") -> pa.Table:
        """Return the result of the SQL, or those of its rows that meet a condition."""
        try:
            result = self._duck.sql(self._query.text)
            return (result.filter(some) if some else result).to_arrow_table()
        except duckdb.Error as error:
            raise guard.explained(self._placed(error), self._query, self._relations.types) from None

    def _placed(self, error: duckdb.Error) -> duckdb.Error:
        """Return the error with its position, which only `execute` tells."""
        try:
            result = self._duck.execute(self._query.text)
            while result.fetchmany(BATCH_ROWS):
                pass
        except duckdb.Error as placed:
            return placed
        return error


def _latest(rows_with_times: pa.Table) -> datetime:
    latest: datetime = pc.max(rows_with_times.column("_prediction_time")).as_py()
    return latest
