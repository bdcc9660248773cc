from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from include.errors import ConfigError, SourceError
from include.sources.derive import Derivation, locked_connection, selected_columns, syntax_error

BATCH = pa.record_batch({"a": [1, 2, 0], "b": ["1", "2", "x"]})


def compute(expressions, batch=BATCH, **more):
    derivation = Derivation(expressions, "trips.yaml")
    try:
        inputs = batch.select(derivation.needs(batch.schema.names))
        return derivation.compute(inputs, list(expressions), "trips.csv", [10, 20, 30], **more)
    finally:
        derivation.close()


def test_expressions_see_the_columns_of_their_row():
    found = compute({"double": "a * 2", "Both": 'a || "b"'})

    assert {name: values.to_pylist() for name, values in found.items()} == {
        "double": [2, 4, 0],
        "Both": ["11", "22", "0x"],
    }


def test_only_the_columns_named_are_needed():
    derivation = Derivation({"x": "A + coalesce(rows.c, 0)", "y": "b"}, "trips.yaml")

    assert derivation.needs(["a", "b", "c", "d"]) == ["a", "b", "c"]
    assert derivation.needs(["a", "b", "c", "d"], ["y"]) == ["b"]
    derivation.close()


def test_a_failing_expression_names_its_first_row():
    with pytest.raises(SourceError) as caught:
        compute({"fine": "a + 1", "bad": "CAST(b AS INT)"})

    assert str(caught.value).startswith(
        "trips.csv, row 30: derive.bad (CAST(b AS INT)) fails: Conversion Error: Could not convert string 'x' to INT32"
    )
    assert str(caught.value).endswith(
        "Expected an expression that holds for every row. To do: correct the source or the expression in trips.yaml."
    )


def test_personal_values_stay_hidden():
    with pytest.raises(SourceError) as caught:
        compute({"bad": "CAST(b AS INT)"}, hidden=True)

    assert "'x'" not in str(caught.value)
    assert "derive.bad (CAST(b AS INT)) fails. Expected" in str(caught.value)


def test_an_unknown_column_is_named():
    with pytest.raises(
        SourceError, match=r'row 10: derive.x \(c \+ a\) fails: Binder Error: Referenced column "c" not found'
    ):
        compute({"x": "c + a"})


def test_a_comment_ends_with_its_expression():
    assert compute({"x": "a -- and so on"})["x"].to_pylist() == [1, 2, 0]


@pytest.mark.parametrize(
    "expression",
    [
        "a) AS x, (b",
        "a; SELECT 1",
        "(SELECT max(a) FROM source)",
        "sum(a)",
        "lag(a) OVER ()",
        "*",
        "random()",
        "localtimestamp",
    ],
)
def test_what_is_not_one_row_is_refused(expression):
    with pytest.raises(
        ConfigError, match=r"^trips.yaml, derive.x: .*Expected an SQL expression over the columns of one row"
    ):
        Derivation({"x": expression}, "trips.yaml")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "SELECT * FROM BATCH",
    ],
)
def test_the_engine_reaches_nothing_and_stays_locked(statement):
    connection = locked_connection()

    with pytest.raises(duckdb.Error):
        connection.execute(statement).fetchall()
    connection.close()


def test_time_zones_work_offline():
    derived = compute({"x": "TIMESTAMP '2013-03-10 12:00:00' AT TIME ZONE 'America/New_York'"})["x"]

    assert derived.type == pa.timestamp("us", tz="UTC")
    assert derived[0].as_py().isoformat() == "2013-03-10T16:00:00+00:00"


def test_sql_texts_are_parsed_without_running():
    assert syntax_error("SELECT 1") is None
    assert syntax_error("SELECT 1; SELECT 2") == "1: holds more than one statement; write one SELECT"
    assert (syntax_error("SELECT\n a b c\n FROM x") or "").startswith('2: syntax error at or near "c"')
    assert selected_columns("SELECT a, t.b, c + 1 AS d FROM t") == ["a", "b", "d"]
    assert selected_columns("SELECT a, c + 1 FROM t") == []
