from __future__ import annotations

import pytest
from nightshift.connections import AirflowConnections


def test_gives_what_airflow_says(monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        '{"conn_type": "slackwebhook", "host": "http://127.0.0.1:9911/services", "password": "T000/B000/x%y", '
        '"login": "l", "schema": "s", "port": 5, "extra": {"timeout": 3}}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_NIGHTSHIFT_TEST", said)
    found = AirflowConnections().get("nightshift_test")
    assert (found.conn_id, found.conn_type) == ("nightshift_test", "slackwebhook")
    assert (found.host, found.password) == ("http://127.0.0.1:9911/services", "T000/B000/x%y")
    assert (found.login, found.schema, found.port, dict(found.extra)) == ("l", "s", 5, {"timeout": 3})
    assert "x%y" not in repr(found)
