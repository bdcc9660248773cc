"""Derived columns: SQL expressions over the source's columns, row by row, with no access to anything else."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from include.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "512MB",
    "threads": "1",
}
_CLOCK_NAMES = {
    "current_date",
    "current_time",
    "current_timestamp",
    "current_localtime",
    "current_localtimestamp",
    "localtime",
    "localtimestamp",
}


class Derivation:
    """Computes derived columns, a record batch at a time.

    Each expression sees the source's columns of its own row and nothing else: subqueries, aggregates, windows and
    functions that differ from run to run (`now`, `random`) are refused, so that a rerun gives the same rows.

    Parameters
    ----------
    expressions : Mapping[str, str]
        Expression by name of the derived column.
    where : str
        The configuration file, for messages.
    """

    def __init__(self, expressions: Mapping[str, str], where: str) -> None:
        self._connection = locked_connection()
        self._where = where
        self._expressions = dict(expressions)
        self._columns = {name: self._check(name, text) for name, text in expressions.items()}
        chosen = ", ".join(f"({text}\n) AS {_quoted(name)}" for name, text in expressions.items())
        self._query = f"SELECT {chosen} FROM source"  # noqa: S608 (each expression was parsed alone above)

    def needs(self, available: Collection[str]) -> list[str]:
        """Return those of the available columns that the expressions name, in their order."""
        named = {column.lower() for columns in self._columns.values() for column in columns}
        return [name for name in available if name.lower() in named]

    @property
    def named(self) -> dict[str, set[str]]:
        """Return the columns that each expression names."""
        return self._columns

    def compute(self, batch: pa.RecordBatch, where: str, first_row: int, hidden: bool = False) -> pa.Table:
        """Return the derived columns of a batch, one row for each of its rows.

        Parameters
        ----------
        batch : pa.RecordBatch
            The columns of `needs`.
        where, first_row
            File and number of the first row in it, for messages.
        hidden : bool
            Leave the values out of messages, since a column is personal data.

        Raises
        ------
        SourceError
            When an expression fails, naming it and the first row at which it does.
        """
        try:
            return self._run(self._query, batch)
        except duckdb.Error:
            name, position, said = self._blame(batch)
        raise SourceError.at(
            f"{where}, row {first_row + position:,}",
            f"derive.{name} ({self._expressions[name].strip()}) fails" + ("" if hidden else f": {said}"),
            "an expression that holds for every row",
            f"correct the source or the expression in {self._where}",
        )

    def close(self) -> None:
        """Give the engine's memory back."""
        self._connection.close()

    def _run(self, query: str, batch: pa.RecordBatch) -> pa.Table:
        if not batch.num_columns:  # an expression of constants: the relation still needs its rows
            batch = pa.record_batch({"_": pa.nulls(batch.num_rows, pa.int8())})
        self._connection.register("source", pa.Table.from_batches([batch]))
        try:
            return self._connection.sql(query).to_arrow_table()
        finally:
            self._connection.unregister("source")

    def _blame(self, batch: pa.RecordBatch) -> tuple[str, int, str]:
        for name, text in self._expressions.items():
            said = self._failure(text, batch)
            if said:
                low, high = 0, batch.num_rows
                while high - low > 1:
                    middle = (low + high) // 2
                    if self._failure(text, batch.slice(low, middle - low)):
                        high = middle
                    else:
                        low = middle
                return name, low, self._failure(text, batch.slice(low, 1)) or said
        return next(iter(self._expressions)), 0, "the expressions fail together"

    def _failure(self, text: str, batch: pa.RecordBatch) -> str | None:
        try:
            self._run(f"SELECT ({text}\n) FROM source", batch)  # noqa: S608
        except duckdb.Error as error:
            return str(error).splitlines()[0]
        return None

    def _check(self, name: str, text: str) -> set[str]:
        query = "SELECT json_serialize_sql(?)"
        tree: dict[str, Any] = json.loads(self._connection.execute(query, [f"SELECT ({text}\n)"]).fetchall()[0][0])
        if tree["error"]:
            raise self._refused(name, tree["error_message"].splitlines()[0])
        statements = tree["statements"]
        chosen = statements[0]["node"].get("select_list", [])
        if len(statements) != 1 or len(chosen) != 1:
            raise self._refused(name, "it is not one expression")
        parts = list(_walk(chosen[0]))
        for part in parts:
            self._refuse_part(name, part)
        return {part["column_names"][-1] for part in parts if part.get("class") == "COLUMN_REF"}

    def _refuse_part(self, name: str, part: dict[str, Any]) -> None:
        kind = part.get("class")
        if kind in ("SUBQUERY", "WINDOW", "STAR"):
            raise self._refused(name, f"it uses a {kind.lower()}; an expression sees one row")
        if kind == "COLUMN_REF":
            called, unsteady = part["column_names"][0].lower(), part["column_names"][0].lower() in _CLOCK_NAMES
        elif kind == "FUNCTION":
            called = part["function_name"].lower()
            since_today = called == "age" and len(part["arguments"]) == 1
            unsteady = since_today or called in _CLOCK_NAMES or called in _unsteady_functions()
        else:
            return
        if unsteady:
            raise self._refused(name, f"{called} looks at other rows or differs from run to run")

    def _refused(self, name: str, found: str) -> ConfigError:
        return ConfigError.at(
            f"{self._where}, derive.{name}",
            found,
            "an SQL expression over the columns of one row",
            "correct the expression",
        )


def locked_connection() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that reads no file, no network and no Python variable, and cannot be unlocked."""
    connection = duckdb.connect(config=_LOCKED)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


@cache
def _unsteady_functions() -> frozenset[str]:
    query = """
        SELECT function_name FROM duckdb_functions()
        WHERE function_type = 'aggregate' OR stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
    """
    return frozenset(row[0].lower() for row in locked_connection().execute(query).fetchall())


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
