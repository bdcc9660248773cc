"""Every model has a line; a damaged one says so in its own and harms no other."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from include.cli.app import main
from include.fleet.status import status_of
from tests.include.night.shops import FIRST, SALES, SALES_SQL, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(world: World) -> World:
    """Return the installation with a second model, which has no nights yet."""
    (world.config / "models" / "other.yaml").write_text(SALES.replace("name: sales", "name: other"))
    (world.config / "models" / "sales.sql").write_text(SALES_SQL)
    return world


def _ledger(world: World) -> Path:
    return world.project().model_home("sales").path / "ledger"


def test_line_of_a_model_names_its_champion_and_newest_night(world: World) -> None:
    other, sales = status_of(world.project())

    assert (sales["champion"], sales["night"], sales["state"], sales["problem"]) == (1, FIRST, "done", None)
    assert (other["model"], other["champion"], other["night"], other["problem"]) == ("other", None, None, None)


def test_changed_record_is_told_in_the_line_of_its_model_alone(world: World) -> None:
    record = _ledger(world) / "0000000002.json"
    record.write_bytes(record.read_bytes().replace(b'"actor":"tester"', b'"actor":"someone"'))
    other, sales = status_of(world.project())

    assert (other["state"], other["problem"], sales["state"]) == (None, None, "damaged")
    assert sales["problem"] == (
        f"{record}: was changed after it was written. Expected its own digest. To do: restore the record from a copy."
    )


def test_missing_record_is_told_too(world: World) -> None:
    (_ledger(world) / "0000000001.json").unlink()
    sales = status_of(world.project())[1]

    assert "0000000001.json: is missing" in sales["problem"]


def test_damaged_table_is_told_too(world: World) -> None:
    for entry in (world.project().model_home("sales").path / "steps" / "_delta_log").glob("*.json"):
        entry.write_text("{")
    sales = status_of(world.project())[1]

    assert sales["state"] == "damaged"
    assert sales["problem"].startswith("model sales: a table cannot be read: ")


@pytest.mark.parametrize("as_json", [True, False])
def test_command_fails_after_it_has_shown_every_model(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    (_ledger(world) / "0000000001.json").unlink()
    monkeypatch.setattr(sys, "argv", ["nightshift", "status", *(["--json"] if as_json else [])])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    models = [row["model"] for row in json.loads(said.out)] if as_json else said.out.split()

    assert ended.value.code == 1
    assert {"other", "sales"} <= set(models)
    assert "0000000001.json: is missing" in said.err
