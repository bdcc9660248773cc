from __future__ import annotations

import pytest

from include.errors import FeatureError
from tests.include.features.worlds import features, rides

ROWS = "SELECT _key, length FROM rides"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TABLE x AS SELECT 1", "late.sql: is not a SELECT. Expected one SELECT"),
        ("DROP VIEW rides", "late.sql: is not a SELECT"),
        ("INSERT INTO rides VALUES (1)", "late.sql: is not a SELECT"),
        ("COPY rides TO '/tmp/x.csv'", "late.sql: is not a SELECT"),
        ("ATTACH 'x.db'", "late.sql: is not a SELECT"),
        ("INSTALL httpfs", "late.sql: is not a SELECT"),
        ("LOAD httpfs", "late.sql: is not a SELECT"),
        ("PRAGMA database_list", "late.sql: is not a SELECT"),
        ("SET threads = 4", "late.sql: is not a SELECT"),
        ("SET VARIABLE night = 'x'", "late.sql: is not a SELECT"),
        ("CALL pragma_version()", "late.sql: is not a SELECT"),
        ("EXPLAIN " + ROWS, "late.sql: is not a SELECT"),
        (f"{ROWS}; {ROWS}", "late.sql: 2 statements. Expected one SELECT"),
        ("", "late.sql: 0 statements"),
        ("-- nothing\n", "late.sql: 0 statements"),
        ("SHOW TABLES", "is not a SELECT"),
        ("DESCRIBE rides", "is not a SELECT"),
        ("SELECT _key,\nlength,\nFROM rides WHERE", "late.sql:3:"),
        ("SELEC _key FROM rides", 'late.sql:1:1: syntax error at or near "SELEC"'),
    ],
)
def test_only_one_select_is_run(sql, message):
    with pytest.raises(FeatureError) as caught:
        features(sql)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM '/etc/passwd'", "late.sql:1:15: reads /etc/passwd. Expected one of rides, readings, stations"),
        ("SELECT * FROM read_csv('/etc/passwd')", "late.sql:1:15: reads read_csv(…)"),
        ("SELECT * FROM glob('/*')", "reads glob(…)"),
        ("SELECT _key, (SELECT content FROM read_text('/etc/passwd')) AS x FROM rides", "reads read_text(…)"),
        ("SELECT * FROM 's3://bucket/x.parquet'", "reads s3://bucket/x.parquet"),
        ("SELECT * FROM duckdb_settings()", "reads duckdb_settings(…)"),
        ("SELECT * FROM query('SELECT 1')", "reads query(…)"),
        ("SELECT _key, late AS x FROM vault.rides", "late.sql:1:29: reads vault.rides"),
        ("SELECT * FROM information_schema.tables", "reads information_schema.tables"),
        ("SELECT * FROM _incoming", "reads _incoming"),
        ("SELECT * FROM table_in_python", "reads table_in_python"),
        ("WITH a AS (SELECT * FROM flights) SELECT * FROM a", "late.sql:1:26: reads flights"),
    ],
)
def test_nothing_else_can_be_read(sql, message):
    table_in_python = rides([])
    assert table_in_python.num_rows == 0
    with pytest.raises(FeatureError) as caught:
        features(sql)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("random()", "random"),
        ("uuid()", "uuid"),
        ("gen_random_uuid()", "gen_random_uuid"),
        ("epoch(now())", "now"),
        ("epoch(get_current_timestamp())", "get_current_timestamp"),
        ("epoch(current_timestamp)", "current_timestamp"),
        ("current_date::VARCHAR", "current_date"),
        ("CURRENT_DATE::VARCHAR", "current_date"),
        ("today()::VARCHAR", "today"),
        ("epoch(current_localtimestamp())", "current_localtimestamp"),
        ("current_setting('threads')", "current_setting"),
        ("getvariable('night')", "getvariable"),
        ("nextval('s')", "nextval"),
        ("version()", "version"),
    ],
)
def test_clock_and_chance_are_refused(call, name):
    with pytest.raises(
        FeatureError, match=rf"late\.sql:1:\d+: uses {name}\. Expected the same answer whenever it is asked"
    ):
        features(f"SELECT _key, {call} AS x FROM rides")


@pytest.mark.parametrize("sample", ["TABLESAMPLE 50%", "USING SAMPLE 3 ROWS"])
def test_samples_are_refused(sample):
    with pytest.raises(FeatureError, match="samples rows"):
        features(f"SELECT _key, length FROM rides {sample}")


@pytest.mark.parametrize(
    "sql",
    [
        "WITH near AS (SELECT _key, length FROM rides) SELECT * FROM near",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
        "SELECT _key, length, (SELECT max(i) FROM n) AS m FROM rides",
        "FROM rides SELECT _key, length",
        "SELECT _key, (SELECT sum(x) FROM unnest([1, 2]) AS t(x)) AS s FROM rides",
        "SELECT _key, (SELECT count(*) FROM range(3)) AS n FROM rides",
        "SELECT R._key, length FROM Rides AS R",
        "SELECT _key, list_sum(list_transform([1, 2], lambda x: x + 1)) AS s FROM rides",
        "-- only a comment; with a semicolon\nSELECT _key, length FROM rides;",
    ],
)
def test_ordinary_sql_is_run(sql):
    assert features(sql).num_rows == 24


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELECT _key, lenght FROM rides", "late.sql:1:14"),
        ("SELECT\n    _key,\n    lenght\nFROM rides", "late.sql:3:5"),
        ("-- größer\nSELECT _key, lenght FROM rides", "late.sql:2:14"),
        ("SELECT _key,\n  nosuch(length) AS x FROM rides", "late.sql:2:3"),
        ("SELECT _key,\n  length + INTERVAL 1 DAY AS x FROM rides", "late.sql:2:"),
    ],
)
def test_errors_name_line_and_column(sql, place):
    with pytest.raises(FeatureError) as caught:
        features(sql)
    text = str(caught.value)
    assert text.startswith(place)
    assert (
        "Expected relations and columns: rides(id, start, station, length, _key, _event_time, _prediction_time)" in text
    )
    assert text.endswith("To do: correct the SQL.")


def test_errors_show_no_values_of_the_data():
    with pytest.raises(FeatureError) as caught:
        features("SELECT _key,\n (station || 'Zebedee')::INT AS x FROM rides")
    text = str(caught.value)
    assert text.startswith("late.sql:2:")
    assert "Could not convert string '…' to INT32" in text
    assert "Zebedee" not in text
