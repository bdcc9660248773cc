"""Projections are repaired from the ledger; what others changed is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.alerts.outbox import settled
from include.fleet.reconcile import reconcile
from include.night.messages import tell
from include.project import Project
from include.registry.champions import champion
from include.registry.tracking import tracking, version_of
from tests.include.night.shops import FIRST, NOW, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow and its libraries warn about themselves


def test_messages_that_a_killed_step_did_not_put_are_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    home = world.project().home
    for folder in ("pending", "settled", "claims", "threads"):
        for path in (home.path / "outbox" / folder).glob("*"):
            path.unlink()
    first, again = reconcile(world.project()), reconcile(world.project())
    told = {s.message.kind for s in settled(home / "outbox") if s.message}

    assert (first["messages"], again["messages"]) == (2, 0)
    assert told == {"gate", "promotion"}
    assert callable(tell)


def test_old_records_are_not_told_again(world: World) -> None:
    from datetime import timedelta

    for path in (world.project().home.path / "outbox" / "settled").glob("*"):
        path.unlink()
    later = Project.open(environ=world.environ, actor="fleet", clock=lambda: NOW + timedelta(days=8))

    assert reconcile(later)["messages"] == 0


def test_table_of_nights_and_pages_are_made(world: World) -> None:
    assert reconcile(world.project())["nights"] == [FIRST]
    assert reconcile(world.project())["nights"] == []
    assert (world.project().home / "reports" / "index.html").path.exists()


def test_mlflow_shows_what_the_ledger_says(world: World, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    project = Project.open(environ={**world.environ, "MLFLOW_TRACKING_URI": uri}, actor="fleet", clock=lambda: NOW)
    serving = champion(project.model_ledger("sales").records())
    assert serving is not None
    first = reconcile(project)
    with tracking(uri) as client:
        version = version_of(client, "sales", serving.candidate)
        assert version is not None
        assert client.get_model_version_by_alias("sales", "champion").version == version.version
        client.delete_registered_model_alias("sales", "champion")
    second, third = reconcile(project), reconcile(project)
    with tracking(uri) as client:
        assert client.get_model_version_by_alias("sales", "champion").version == version.version
    told = [s.message for s in settled(project.home / "outbox") if s.message and s.message.kind == "notice"]

    assert (first["shown"], first["foreign"]) == ([serving.candidate], [])
    assert second["foreign"] == [
        f"sales: Somebody moved the alias champion in MLflow from {serving.candidate[:12]} to nowhere; "
        "the ledger decides who serves."
    ]
    assert third["foreign"] == []
    assert [m.title for m in told] == ["alias champion was moved in MLflow"]


def test_mlflow_out_of_reach_is_no_failure(world: World) -> None:
    uri = "http://127.0.0.1:9"
    project = Project.open(environ={**world.environ, "MLFLOW_TRACKING_URI": uri}, actor="fleet", clock=lambda: NOW)

    assert reconcile(project)["unreachable"] == ["sales"]
