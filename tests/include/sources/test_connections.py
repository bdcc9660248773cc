from __future__ import annotations

import json

import pytest

from include.errors import SourceError
from include.sources.connections import Connection, EnvironmentConnections


def connection(text):
    return EnvironmentConnections({"AIRFLOW_CONN_SHOP": text}).get("shop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgres://ann:p%40ss%2F@db.local:5432/shop?sslmode=require",
            Connection("shop", "postgres", "db.local", "ann", "p@ss/", "shop", 5432, {"sslmode": "require"}),
        ),
        ("sqlite:////data/shop.db", Connection("shop", "sqlite", None, None, None, "/data/shop.db")),
        ("my-db://host", Connection("shop", "my_db", "host")),
        (
            'aws://key:secret@/?__extra__={"endpoint_url": "http://s3:9000"}',
            Connection("shop", "aws", None, "key", "secret", extra={"endpoint_url": "http://s3:9000"}),
        ),
        (
            json.dumps({"conn_type": "postgres", "host": "db", "login": "a", "password": "b", "port": "5432", "extra": '{"x": 1}'}),
            Connection("shop", "postgres", "db", "a", "b", None, 5432, {"x": 1}),
        ),
        (json.dumps({"conn_type": "aws", "extra": {"region_name": "eu"}}), Connection("shop", "aws", extra={"region_name": "eu"})),
    ],
)  # fmt: skip
def test_uris_and_json_are_read_as_airflow_reads_them(text, expected):
    assert connection(text) == expected


def test_a_connection_never_shows_its_password():
    shown = repr(connection("postgres://ann:hunter2@db/shop?token=hunter2"))

    assert "hunter2" not in shown
    assert "ann" not in shown


def test_a_missing_connection_names_its_variable():
    with pytest.raises(SourceError) as caught:
        EnvironmentConnections({}).get("shop")

    assert str(caught.value) == (
        "connection 'shop': the variable AIRFLOW_CONN_SHOP is not set. Expected a connection URI or its JSON. "
        "To do: set AIRFLOW_CONN_SHOP, or add the connection in Airflow (Admin, Connections)."
    )


@pytest.mark.parametrize(
    "text", ['{"password": "hunter2",}', "hunter2", "postgres://a:hunter2@db:port/x", '{"port": "x"}']
)
def test_what_cannot_be_read_is_not_shown(text):
    with pytest.raises(SourceError) as caught:
        connection(text)

    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("connection 'shop': the variable AIRFLOW_CONN_SHOP cannot be read.")


def test_an_id_that_airflow_refuses_is_refused():
    with pytest.raises(SourceError, match="its id is not one that Airflow allows"):
        EnvironmentConnections({}).get("../x")
