"""The view that expectations are judged on."""

# ruff: noqa: S608 -- every identifier goes through `quoted`, every text through `quoted_text`, a parameter or a variable
from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from include.contracts.names import EVENT, inside_column, pattern_column, surplus_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.contracts.suite import Check

VIEW = "rows_to_check"
_ROWS_A_PASS = 2_000_000


def quoted(name: str) -> str:
    """Return an identifier as SQL text."""
    return '"' + name.replace('"', '""') + '"'


def quoted_text(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(check: Check) -> tuple[str, ...]:
    """Return the columns of the data that a check reads."""
    if check.rule == "unique_key":
        return tuple(check.terms["columns"])
    if check.rule in ("freshness", "interval"):
        return (check.terms["column"],)
    return (check.column,) if check.column else ()


def judgeable(check: Check, schema: pa.Schema) -> bool:
    """Tell whether the columns of a check are there."""
    return set(columns_of(check)) <= set(schema.names)


def create_view(
    duck: duckdb.DuckDBPyConnection, source: str, schema: pa.Schema, checks: Sequence[Check], rows: int
) -> None:
    """Create the view `VIEW` over the rows, with what the checks need beside the columns.

    Notes
    -----
    NaN reads as missing. The number of surplus rows (rows that repeat an earlier value or key) is exact; it is counted
    in passes over disjoint sets of values, so that memory does not grow with the number of rows.
    """
    parts = list(_projection(duck, source, schema, checks, rows)) or ["1 AS _nothing"]
    duck.execute(f"CREATE OR REPLACE VIEW {VIEW} AS SELECT {', '.join(parts)} FROM {source}")


def _projection(
    duck: duckdb.DuckDBPyConnection, source: str, schema: pa.Schema, checks: Sequence[Check], rows: int
) -> Iterator[str]:
    for column in dict.fromkeys(check.column for check in checks if check.column):
        yield f"{_value(column, schema)} AS {quoted(column)}"
    for column in {check.terms["column"] for check in checks if check.rule in ("freshness", "interval")}:
        yield f"{quoted(column)} AS {quoted(EVENT)}"
    for check in checks:
        if check.rule == "regex" and check.column:
            yield f"{_matches(check, quoted(check.column))} AS {quoted(pattern_column(check.column))}"
        elif check.has_text_bounds and check.column:
            yield f"{_inside(check, quoted(check.column))} AS {quoted(inside_column(check.column))}"
        elif check.rule in ("unique", "unique_key"):
            found = surplus(duck, source, columns_of(check), rows, with_missing=check.rule == "unique_key")
            yield f"{found}::BIGINT AS {quoted(surplus_column(check.column))}"


def _value(column: str, schema: pa.Schema) -> str:
    kind = schema.field(column).type
    name = quoted(column)
    if pa.types.is_floating(kind):
        return f"nullif({name}, 'nan'::{'FLOAT' if kind == pa.float32() else 'DOUBLE'})"
    return f"{name}::VARCHAR" if pa.types.is_dictionary(kind) else name


def is_readable(duck: duckdb.DuckDBPyConnection, check: Check) -> bool:
    """Tell whether DuckDB can read the pattern of a check (it has no look-around, for instance)."""
    try:
        duck.execute(f"SELECT {_matches(check, quoted_text(''))}")
    except duckdb.Error:
        return False
    return True


def _matches(check: Check, name: str) -> str:
    pattern = f"^(?:{check.terms['pattern']})"
    return f"regexp_matches({name}, {quoted_text(pattern)})"


def _inside(check: Check, name: str) -> str:
    low, high = check.terms.get("low"), check.terms.get("high")
    terms = [f"{name} >= {quoted_text(low)}"] if low is not None else []
    terms += [f"{name} <= {quoted_text(high)}"] if high is not None else []
    return " AND ".join(terms)


def surplus(
    duck: duckdb.DuckDBPyConnection, source: str, columns: Sequence[str], rows: int, *, with_missing: bool
) -> int:
    """Return how many rows repeat an earlier value of the columns.

    Notes
    -----
    Rows minus distinct values. In a key (``with_missing``) a missing part is a part like any other; else missing values
    are no values.
    """
    names = ", ".join(quoted(column) for column in columns)
    present = f"{quoted(columns[0])} IS NOT NULL" if not with_missing else "true"
    passes = -(-rows // _ROWS_A_PASS)
    found = 0
    for number in range(passes):
        share = f"AND hash({names}) % {passes} = {number}" if passes > 1 else ""
        counted = f"SELECT count(*) AS n FROM {source} WHERE {present} {share} GROUP BY {names}"
        answer = duck.execute(f"SELECT coalesce(sum(n - 1), 0) FROM ({counted}) WHERE n > 1").fetchone()
        found += int(answer[0]) if answer else 0
    return found
