from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.alerts.outbox import waiting
from include.errors import SourceError
from include.night.messages import deadline, failed, flush, tell
from include.project import Project
from include.sources.connections import Connection


class AirflowNotFoundException(Exception):
    """Named as Airflow's own, which tells by its name that there is no such connection."""


class Answering:
    """Connections that answer one thing."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, conn_id: str) -> Connection:
        assert conn_id == "nightshift_slack"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def opened(home: Path, answer: Any) -> Project:
    return Project.open(
        environ={"NIGHTSHIFT_HOME": str(home)},
        actor="test",
        connections=Answering(answer),
        clock=lambda: datetime(2026, 11, 21, 6, tzinfo=UTC),
    )


@pytest.mark.parametrize("error", [SourceError("not set"), AirflowNotFoundException("not defined")])
def test_without_a_connection_messages_become_files(tmp_path: Path, error: Exception) -> None:
    project = opened(tmp_path, error)
    tell(project, "flight_delay", "gate", "info", "passed", "It passed.", partition="2013-03-01")
    assert flush(project).sent == 1
    (file,) = (tmp_path / "messages").iterdir()
    assert file.read_text().startswith("For information: passed · flight_delay 2013-03-01")


def test_a_silent_secrets_backend_keeps_messages_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    project = opened(tmp_path, TimeoutError("vault: password=canary"))
    tell(project, "flight_delay", "gate", "info", "passed", "It passed.", partition="2013-03-01")
    assert flush(project).reason == "connection nightshift_slack cannot be asked for"
    assert len(waiting(project.home / "outbox")) == 1
    assert "canary" not in caplog.text
    assert not (tmp_path / "messages").exists()


def test_a_dead_slack_does_not_stop_a_step(tmp_path: Path) -> None:
    project = opened(tmp_path, Connection("nightshift_slack", host="http://127.0.0.1:9/", password="xoxb-1-2-3"))
    failed(project, "dataset", "flights", partition="2013-03-01", step="publish", error="the disk is full\nline two")
    deadline(project, "flight_delay", partition="2013-03-01", hours=6.0)
    assert sorted(found.kind for found in waiting(project.home / "outbox")) == ["deadline", "failed"]


def test_a_retry_tells_nobody_twice(tmp_path: Path) -> None:
    project = opened(tmp_path, SourceError("not set"))
    for _ in range(2):
        failed(project, "dataset", "flights", partition="2013-03-01", step="publish", error="the disk is full")
    assert len(list((tmp_path / "messages").iterdir())) == 1
