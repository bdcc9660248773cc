"""What a model's SQL may do: one SELECT over its relations, the same answer at any time, nothing outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import FeatureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
_CLOCKS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
_REFUSED = frozenset({"current_localtimestamp", "current_localtime", "version", "query", "query_table", "getenv"})


@dataclass(frozen=True)
class Query:
    """A model's SQL and where it stands.

    Attributes
    ----------
    text : str
        As the user wrote it.
    where : str
        File, as it should read in an error.
    """

    text: str
    where: str

    def place(self, position: int | None) -> str:
        r"""Return file, line and column of a byte position.

        Examples
        --------
        >>> Query("SELECT a,\n  b FROM t", "x.sql").place(12)
        'x.sql:2:3'
        """
        if position is None:
            return self.where
        before = self.text.encode()[:position].decode(errors="ignore")
        return f"{self.where}:{before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}"


def lock(duck: duckdb.DuckDBPyConnection) -> None:
    """Take files, network, extensions, Python objects and settings away from a connection, for good."""
    for setting in (
        "errors_as_json = true",
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        duck.execute(f"SET {setting}")


def check(duck: duckdb.DuckDBPyConnection, query: Query, relations: Mapping[str, Iterable[str]]) -> None:
    """Refuse SQL that is not one SELECT over the relations, or whose answer could change with the clock or by chance.

    Parameters
    ----------
    duck : DuckDBPyConnection
        Parses the text and knows the functions.
    query : Query
        The model's SQL.
    relations : mapping of str to iterable of str
        Columns by relation: what the text may read.

    Raises
    ------
    FeatureError
        With file, line and column.
    """
    row = duck.execute("SELECT json_serialize_sql(?)", [query.text]).fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error"):
        position = int(tree["position"]) if tree.get("position") else None
        found = tree.get("error_message", "cannot be read")
        if tree.get("error_type") == "not implemented":
            found = "is not a SELECT"
        raise FeatureError.at(query.place(position), found, "one SELECT", "correct the text")
    if len(tree["statements"]) != 1:
        raise FeatureError.at(query.where, f"{len(tree['statements'])} statements", "one SELECT", "remove the others")
    nodes = list(_nodes(tree))
    named = {cte["key"].lower() for node in nodes for cte in (node.get("cte_map") or {}).get("map", ())}
    _check_tables(query, nodes, {name.lower() for name in relations} | named, relations)
    _check_functions(duck, query, nodes)


def explained(error: duckdb.Error, query: Query, relations: Mapping[str, Iterable[str]]) -> FeatureError:
    """Return DuckDB's error as one that names line and column of the user's file, and what there is to select from.

    Notes
    -----
    Texts between quotes are left out of errors that data cause, since they are values of the data.
    """
    head, _, body = str(error).partition("{")
    try:
        told: dict[str, Any] = json.loads("{" + body)
    except json.JSONDecodeError:
        told = {"exception_message": str(error), "exception_type": head.strip(": ")}
    text = str(told.get("exception_message", "")).split("\n\n")[0].replace("!\n", "\n").replace("\n", "; ")
    if told.get("exception_type") not in ("Binder", "Parser", "Catalog", "Syntax"):
        text = "'…'".join(text.split("'")[::2])
    if told.get("exception_type") == "Out of Memory":
        do = "join fewer rows, or give it more memory"
        return FeatureError.at(query.where, "needs more memory than it may have", "less", do)
    position = int(told["position"]) if str(told.get("position", "")).isdigit() else None
    listed = "; ".join(f"{name}({', '.join(columns)})" for name, columns in relations.items())
    return FeatureError.at(
        query.place(position), text.rstrip("!."), f"relations and columns: {listed}", "correct the SQL"
    )


def _check_tables(query: Query, nodes: list[dict[str, Any]], allowed: set[str], relations: Mapping[str, Any]) -> None:
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            qualified = node.get("schema_name") or node.get("catalog_name")
            if qualified or str(node["table_name"]).lower() not in allowed:
                name = ".".join(part for part in (node.get("schema_name"), node["table_name"]) if part)
                expected = f"one of {', '.join(relations)}"
                raise FeatureError.at(_at(query, node), f"reads {name}", expected, "join only the model's datasets")
        if node.get("type") == "SHOW_REF":
            raise FeatureError.at(_at(query, node), "is not a SELECT", "one SELECT", "correct the text")
        if node.get("sample"):
            raise FeatureError.at(_at(query, node), "samples rows", "the same rows every time", "take the sample out")


def _check_functions(duck: duckdb.DuckDBPyConnection, query: Query, nodes: list[dict[str, Any]]) -> None:
    volatile = {
        name
        for (name,) in duck.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
        ).fetchall()
    }
    for node in nodes:
        name = str(node.get("function_name", "")).lower()
        if node.get("type") == "COLUMN_REF" and node["column_names"][0].lower() in _CLOCKS:
            name = node["column_names"][0].lower()
        if name in volatile | _REFUSED | _CLOCKS:
            raise FeatureError.at(
                _at(query, node),
                f"uses {name}",
                "the same answer whenever it is asked",
                "count from _prediction_time instead of the clock, and leave chance out",
            )
        if node.get("type") == "TABLE_FUNCTION":
            called = str(node["function"]["function_name"]).lower()
            if called not in _TABLE_FUNCTIONS:
                raise FeatureError.at(
                    _at(query, node), f"reads {called}(…)", "the model's datasets", "make it a dataset and join that"
                )


def _at(query: Query, node: dict[str, Any]) -> str:
    location = node.get("query_location")
    return query.place(location if isinstance(location, int) and location < len(query.text.encode()) else None)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)
