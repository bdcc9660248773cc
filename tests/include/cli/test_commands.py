"""Every command is documented, answers in JSON, and takes a user's mistake calmly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from include.cli.app import app, main
from tests.include.night.shops import FIRST, SECOND, World, copy_of, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

ROOT = Path(__file__).resolve().parents[3]
COMMANDS: Mapping[str, click.Command] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.fixture
def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> World:
    found = copy_of(prepared(tmp_path_factory), tmp_path / "world")
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return found


def _said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, str, str]:
    """Return exit code, output and errors of a command."""
    monkeypatch.setattr(sys, "argv", ["nightshift", *words])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    first = (COMMANDS[name].help or "").splitlines()[0]

    assert f"| `python -m include {name}` | {first} |\n" in page


def test_no_command_is_documented_that_is_not_there() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    listed = [line.split("`")[1].split()[-1] for line in page.splitlines() if line.startswith("| `")]

    assert listed == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["status"], "champion"),
        (["ledger", "sales"], "digest"),
        (["ledger", "sales", "--kind", "gate"], "body"),
        (["why", "sales", "--partition", FIRST], "decision"),
        (["replay", "sales"], "same"),
        (["lint"], "errors"),
        (["describe", "shop"], "dataset"),
        (["describe", "sales"], "digest"),
        (["score", "sales", "--partition", FIRST], "rows"),
        (["measure", "sales", "--partition", FIRST], "labelled"),
        (["reproduce", "sales", "1"], "same"),
        (["ingest", "shop", "--partition", SECOND], "published"),
        (["ingest", "rates", "--from", SECOND, "--to", "2024-01-18"], "published"),
        (["freeze", "sales", "--reason", "audit"], "champion"),
        (["night", "sales", "--partition", FIRST], FIRST),
        (["fleet", "compaction"], "tables"),
        (["fleet", "retention", "--dry-run"], "left_alone"),
        (["fleet"], "reconcile"),
        (["erase", "shop", "--key", "5003", "--reason", "request 7"], "receipt"),
        (["doctor"], "state"),
    ],
    ids=" ".join,
)
def test_answers_in_json(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], key: str
) -> None:
    code, said, _ = _said(monkeypatch, capsys, *words, "--json")
    answer = json.loads(said)

    assert code == 0, said
    assert key in (answer[0] if isinstance(answer, list) else answer)


@pytest.mark.parametrize(
    "words", [["signals", "sales", "--partition", FIRST], ["alarms", "sales", "--all"]], ids=" ".join
)
def test_answers_nothing_as_an_empty_list(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, said, _ = _said(monkeypatch, capsys, *words, "--json")

    assert (code, json.loads(said)) == (0, [])


def test_replay_names_the_first_difference_and_fails(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.include.night.test_evidence import place_of, tampered

    world.night(SECOND)
    code, said, _ = _said(monkeypatch, capsys, "replay", "sales", "--json")
    assert code == 0
    assert [row["reason"] for row in json.loads(said)][-1] == "evidence"
    tampered(place_of(world, SECOND).evidence, "p_value")
    code, _, complaint = _said(monkeypatch, capsys, "replay", "sales", "--json")

    assert code == 1
    assert f"{SECOND}: p_value of mean_shift of amount: recorded" in " ".join(complaint.split())


def test_replay_finds_a_changed_record_under_a_whole_chain(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.include.night.forged import changed, rechained

    rechained(world, changed("gate/", candidate_loss=0.1))
    code, said, complaint = _said(monkeypatch, capsys, "replay", "sales", "--partition", FIRST, "--json")

    assert code == 1
    assert {row["partition"] for row in json.loads(said)} == {FIRST}
    assert f"{FIRST}: candidate_loss in verdict gate/" in " ".join(complaint.split())


def test_signals_and_alarms_of_a_night_in_json(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.include.night.test_alarms import raised

    world.night(SECOND)
    raised(world)
    _, said, _ = _said(monkeypatch, capsys, "signals", "sales", "--partition", SECOND, "--json")
    assert {row["signal"] for row in json.loads(said)} >= {"attribution", "prediction_distance", "rows_per_hour"}
    _, said, _ = _said(monkeypatch, capsys, "alarms", "sales", "--json")
    assert [(row["subject"], row["status"], row["before"]) for row in json.loads(said)] == [("amount", "open", None)]
    _, said, _ = _said(monkeypatch, capsys, "alarms", "sales")
    assert "  To do: " in said
    assert "subject amount: open" in said
    code, said, _ = _said(monkeypatch, capsys, "acknowledge", "sales", "--subject", "amount", "--json")
    assert (code, json.loads(said)[0]["status"]) == (0, "acknowledged")


def test_compares_any_two_files(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = world.config / "data" / "shop"
    words = ("--reference", str(folder / f"{FIRST}.csv"), "--current", str(folder / f"{SECOND}.csv"), "--json")
    code, said, _ = _said(monkeypatch, capsys, "drift", *words)

    assert code == 0
    assert json.loads(said)["subjects"]["amount"]["kind"] == "numeric"

    _, said, _ = _said(monkeypatch, capsys, "drift", *words, "--categorical", "amount")
    assert json.loads(said)["subjects"]["amount"]["kind"] == "categorical"

    code, said, _ = _said(monkeypatch, capsys, "drift", *words[:-1], "--by", "channel")
    assert code == 0
    assert "median of 2 groups" in said
    assert "alarms can be told from 30 on" in said


def test_compares_files_whatever_separates_their_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text("x;city\n1;Ulm\n2;Bonn\n")
    (tmp_path / "c.csv").write_text("x\tcity\n1\tUlm\n3\tBonn\n")
    (tmp_path / "odd.csv").write_text("x;city,y\n1;Ulm,2\n")
    reference, words = str(tmp_path / "r.csv"), ["drift", "--reference", str(tmp_path / "r.csv"), "--current"]

    _, said, _ = _said(monkeypatch, capsys, *words, str(tmp_path / "c.csv"), "--json")
    found = json.loads(said)
    assert list(found["subjects"]) == ["x", "city"]
    assert (found["reference"]["delimiters"], found["current"]["delimiters"]) == ([";"], ["\t"])

    code, said, _ = _said(monkeypatch, capsys, *words, str(tmp_path / "c.csv"))
    assert code == 0
    assert 'r.csv: read with ";" between the fields' in " ".join(said.split())

    code, _, complaint = _said(monkeypatch, capsys, *words, str(tmp_path / "c.csv"), "--delimiter", "tab")
    assert code == 1
    assert 'no "\\t" divides its header' in " ".join(complaint.split())

    code, _, complaint = _said(monkeypatch, capsys, *words, reference, "--delimiter", ";;")
    assert (code, "it is not one character" in complaint) == (2, True)

    _, said, _ = _said(
        monkeypatch, capsys, *words, str(tmp_path / "odd.csv"), "--delimiter", ";", "--columns", "x", "--json"
    )
    assert list(json.loads(said)["subjects"]) == ["x"]


def test_infinities_of_files_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text("x\n1\n2.5\n")
    (tmp_path / "c.csv").write_text("x\n1\ninf\n")
    sides = {name: str(tmp_path / name) for name in ("r.csv", "c.csv")}

    _, said, _ = _said(monkeypatch, capsys, "drift", "--reference", sides["r.csv"], "--current", sides["c.csv"])
    assert "infinite_share" in "".join(said.split())
    _, said, _ = _said(monkeypatch, capsys, "drift", "--reference", sides["r.csv"], "--current", sides["r.csv"])
    assert "infinite_share" not in "".join(said.split())


def test_schema_is_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = _said(monkeypatch, capsys, "schema", "model")

    assert code == 0
    assert "policy" in json.loads(said)["properties"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["night", "sale", "--partition", FIRST], 2, "'sales'"),
        (["night", "sales"], 2, "no partitions are named"),
        (["night", "sales", "--partition", FIRST, "--from", FIRST], 2, "no partitions are named"),
        (["signals", "sales"], 2, "no night is named. Expected --partition KEY"),
        (["night", "sales", "--partition", "2024-13-01"], 2, "2024-13-01"),
        (["ingest", "shop", "--partition", "yesterday"], 2, "yesterday"),
        (["night", "sales", "--partition", "2024-01"], 2, "names several, from 2024-01-01 to 2024-01-31"),
        (["why", "sales", "--partition", "2024-W03"], 2, "names several, from 2024-01-15 to 2024-01-21"),
        (["ingest", "rates", "--from", FIRST, "--to", "2024-02"], 2, "2024-02-29: there is no such partition"),
        (["ingest", "shop", "--from", "2024-W03", "--to", "2024-W02"], 2, "--to 2024-W02 comes before --from 2024-W03"),
        (["ingest", "shop", "--partition", "2024-01-30"], 1, "2024-01-30.csv"),
        (["ingest", "shop", "--partition", "2023-12-31"], 2, "Expected one from 2024-01-01 to 2024-01-31"),
        (["ingest", "rates", "--from", FIRST, "--to", "2024-02-01"], 2, "2024-02-01: there is no such partition"),
        (["ingest", "shops", "--partition", FIRST], 2, "'shop'"),
        (["ledger", "nobody"], 2, "nobody"),
        (["ledger", "[/red]"], 2, "[/red]"),
        (["why", "sales", "--partition", "2024-01-30"], 1, "was not decided"),
        (["score", "sales", "--partition", SECOND], 1, "has not begun"),
        (["reproduce", "sales", "99"], 1, "'99' names 0 versions"),
        (["roll-back", "sales", "--reason", "worse"], 1, "has no earlier champion"),
        (["roll-back", "sales"], 2, "no reason is given"),
        (["promote", "sales"], 1, "has no challenger"),
        (["freeze", "sales"], 2, "no reason is given"),
        (["refuse", "sales", "--reason", "no"], 1, "no candidate waits"),
        (
            ["ledger", "sales", "--kind", "gates"],
            2,
            "one of candidate, decision, features, gate, night_start, promotion",
        ),
        (["signals", "sales", "--partition", "bogus"], 2, "'bogus': is not the key of a day"),
        (["score", "sales", "--partition", "2024-1-4"], 2, "'2024-1-4': is not the key of a day"),
        (["night", "sales", "--partition", "2024-01-30"], 2, "has no verdict on this partition"),
        (["backtest", "sales", "--policies", "everyy(3)"], 2, "'everyy' is not a rule"),
        (["backtest", "sales", "--label-delay", "soon"], 2, "partitions (1) or a length of time (30d)"),
        (["backtest", "sales", "--label-delay", "²"], 2, "partitions (1) or a length of time (30d)"),
        (["backtest", "sales", "--json", "/"], 2, "/: is a folder"),
        (["backtest", "sales", "--html", "/no-folder/of/mine.html"], 2, "/no-folder/of is no folder"),
        (["acknowledge", "sales", "--subject", "amount"], 1, "no alarm of 'amount' stands"),
        (["fleet", "dust"], 2, "step 'dust' is not known"),
        (["fleet", "--dry-run"], 2, "--dry-run is for retention alone"),
        (["erase", "shop", "--key", "99", "--reason", "r"], 1, "no version has such rows"),
        (["describe", "shp"], 2, "shop"),
        (["schema", "modle"], 2, "dataset or model"),
        (["drift", "--reference", "a.csv", "--current", "b.csv"], 1, "a.csv"),
        (["run", "--model", "sale"], 2, "sales"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_are_one_message(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    ended, said, errors = _said(monkeypatch, capsys, *words)

    assert (ended, said) == (code, "")
    assert errors.strip().startswith("error ")
    assert message in errors
    assert len(errors.strip().splitlines()) == 1


def test_a_reason_may_look_like_markup(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _said(monkeypatch, capsys, "freeze", "sales", "--reason", "see [/ticket] [red]7[/]")[0] == 0
    code, said, _ = _said(monkeypatch, capsys, "status")

    assert code == 0
    assert "[/ticket]" in "".join(said.split())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NIGHTSHIFT_THREADS", "many", "is 'many'. Expected a whole number from 1."),
        ("NIGHTSHIFT_MEMORY", "lots", "is 'lots'. Expected an amount such as 2GB."),
        ("NIGHTSHIFT_CONFIG", "nowhere", "'nowhere' is not a folder. Expected a folder with datasets/ and models/."),
        ("NIGHTSHIFT_HOME", __file__, "is not a folder. Expected a folder, or s3://…."),
    ],
)
def test_wrong_environment_is_one_message(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    expected: str,
) -> None:
    monkeypatch.setenv(name, value)
    ended, _, errors = _said(monkeypatch, capsys, "status")

    assert ended == 2
    assert f"environment variable {name}: " in errors
    assert expected in errors


def test_broken_model_stands_in_the_status(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.config / "models" / "sales.yaml").write_text("name: sales\ntask: [binary")
    code, said, _ = _said(monkeypatch, capsys, "status", "--json")

    assert code == 0
    assert [(row["model"], row["state"]) for row in json.loads(said)] == [("sales", "configuration has errors")]


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ("models/sales/ledger/0000000002.json", '{"num', "is not a record of a ledger"),
        ("models/sales/ledger/0000000002.json", "", "is not a record of a ledger"),
        ("models/sales/labels/_delta_log/00000000000000000000.json", "nonsense", "_delta_log"),
    ],
)
def test_damaged_files_are_one_message(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    text: str,
    message: str,
) -> None:
    (world.folder / "home" / place).write_text(text)
    ended, _, errors = _said(monkeypatch, capsys, "reproduce", "sales", "1")

    assert ended == 1
    assert message in errors
    assert len(errors.strip().splitlines()) == 1


def test_program_ends_without_a_traceback(world: World) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "include", "ledger", "sale"],
        cwd=ROOT,
        env={**os.environ, **world.environ},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("error ")
    assert "Traceback" not in done.stdout + done.stderr


def test_night_refuses_and_status_tells_a_changed_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = world.project().model_ledger("sales")
    for number in range(64):  # so that a checkpoint covers the first night
        ledger.append("note", f"note/{number}", {"partition": ""})
    world.ingest(SECOND)
    time.sleep(0.02)
    path = world.folder / "home" / "models" / "sales" / "ledger" / "0000000002.json"
    before = len(ledger.records())
    path.write_text(path.read_text() + " ")

    code, _, errors = _said(monkeypatch, capsys, "night", "sales", "--partition", SECOND)
    assert (code, len(world.project().model_ledger("sales").records())) == (1, before)
    assert "0000000002.json: was changed after it was written" in " ".join(errors.split())
    code, said, _ = _said(monkeypatch, capsys, "status", "--json")
    (row,) = json.loads(said)
    assert (code, row["model"], row["champion"]) == (1, "sales", None)
    assert row["state"] == "damaged"
    assert "0000000002.json: was changed after it was written" in row["problem"]
