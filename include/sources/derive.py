"""Derived columns: SQL expressions over the source's columns, row by row, with no access to anything else."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from include.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

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

    def needs(self, available: Collection[str], names: Collection[str] | None = None) -> list[str]:
        """Return those of the available columns that the expressions (all, or those named) use, in their order."""
        chosen = self._columns if names is None else names
        used = {column.lower() for name in chosen for column in self._columns[name]}
        return [name for name in available if name.lower() in used]

    def compute(
        self, batch: pa.RecordBatch, names: Sequence[str], where: str, numbers: Sequence[int], hidden: bool = False
    ) -> dict[str, pa.Array]:
        """Return derived columns of a batch by name.

        Parameters
        ----------
        batch : pa.RecordBatch of n_rows
            The columns that the expressions use.
        names : sequence of str
            The derived columns wanted.
        where, numbers : str, sequence of int of length n_rows
            File or query, and the number of each row in it, for messages.
        hidden : bool
            Leave the values out of messages, since a column is personal data.

        Returns
        -------
        dict of str to pa.Array of length n_rows

        Raises
        ------
        SourceError
            When an expression fails, naming it and the first row at which it does.
        """
        if not batch.num_columns:  # an expression of constants still has a value for each row
            batch = pa.record_batch({"_": pa.nulls(len(numbers), pa.int8())})
        try:
            table = self._run(names, batch)
        except duckdb.Error:
            name, position, said = self._blame(names, batch)
        else:
            return {name: _one_chunk(table[name]) for name in names}
        raise SourceError.at(
            f"{where}, row {numbers[position]:,}",
            f"derive.{name} ({self._expressions[name].strip()}) fails" + ("" if hidden else f": {said}"),
            "an expression that holds for every row",
            f"correct the source or the expression in {self._where}",
        )

    def close(self) -> None:
        """Give the engine's memory back."""
        self._connection.close()

    def _run(self, names: Sequence[str], batch: pa.RecordBatch) -> pa.Table:
        chosen = ", ".join(f"({self._expressions[name]}\n) AS {_quoted(name)}" for name in names)
        self._connection.register("source", pa.Table.from_batches([batch]))
        try:  # each expression was parsed alone when it was taken in
            return self._connection.sql(f"SELECT {chosen} FROM source").to_arrow_table()  # noqa: S608
        finally:
            self._connection.unregister("source")

    def _blame(self, names: Sequence[str], batch: pa.RecordBatch) -> tuple[str, int, str]:
        for name in names:
            said = self._failure(name, batch)
            if said:
                low, high = 0, batch.num_rows
                while high - low > 1:
                    middle = (low + high) // 2
                    if self._failure(name, batch.slice(low, middle - low)):
                        high = middle
                    else:
                        low = middle
                return name, low, self._failure(name, batch.slice(low, 1)) or said
        return names[0], 0, "the expressions fail together"

    def _failure(self, name: str, batch: pa.RecordBatch) -> str | None:
        try:
            self._run([name], batch)
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


def syntax_error(sql: str) -> str | None:
    """Return what is wrong with the syntax of one SELECT as ``line: text``, None when it can be parsed."""
    connection = locked_connection()
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])
    connection.close()
    if not tree["error"]:
        return None if len(tree["statements"]) == 1 else "1: holds more than one statement; write one SELECT"
    line = sql.count("\n", 0, int(tree.get("position") or 0)) + 1
    return f"{line}: {tree['error_message'].splitlines()[0]}"


def selected_columns(sql: str) -> list[str]:
    """Return the names of the columns that a SELECT returns, empty when they cannot be told from its text (``*``)."""
    connection = locked_connection()
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])
    connection.close()
    chosen = [] if tree["error"] else tree["statements"][0]["node"].get("select_list", [])
    names = [part.get("alias") or (part.get("column_names") or [""])[-1] for part in chosen]
    return names if all(names) else []


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


def _one_chunk(values: pa.ChunkedArray) -> pa.Array:
    found = values.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
