"""A model of ten lines goes through whole nights, whatever its task, its partitions and its files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from include.cli.app import main
from include.night.messages import flush
from include.night.reproduce import reproduced
from include.night.score import artifact_of
from include.night.whole import run_ingest, run_night
from include.registry.champions import champions
from tests.include.night.boxes import make_boxes, partitions, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from include.partitions import Grain


def _command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Return the JSON answer of a command that ends well."""
    monkeypatch.setattr(sys, "argv", ["nightshift", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    assert ended.value.code == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize(
    ("task", "grain", "ending", "metric"),
    [
        ("multiclass", "day", "csv", "accuracy"),
        ("multiclass", "month", "parquet", "log_loss"),
        ("regression", "week", "csv", "mae"),
        ("binary", "hour", "parquet", "brier"),
    ],
)
def test_ten_lines_give_a_champion_that_is_measured(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    task: str,
    grain: Grain,
    ending: str,
    metric: str,
) -> None:
    world = make_boxes(tmp_path / "world", task, grain=grain, ending=ending)
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    keys = [p.key for p in partitions(grain, 18)]

    _command(monkeypatch, capsys, "ingest", "boxes", "--from", keys[0], "--to", keys[-1])
    nights = _command(monkeypatch, capsys, "night", "box", "--from", keys[15], "--to", keys[16])

    assert nights[keys[15]]["gate"]["verdict"] == "pass", nights[keys[15]]["gate"]
    assert nights[keys[16]]["score"] == {"rows": 60, "model_version": 1}
    assert nights[keys[16]]["measure"]["measured"] == [keys[16]]
    found = {row["metric"]: row for row in rows_of(world, "performance")}
    assert (found[metric]["rows"], found[metric]["health"]) == (60, "pass")
    assert _command(monkeypatch, capsys, "reproduce", "box", "1")["same"]
    assert _command(monkeypatch, capsys, "status")[0]["champion"] == 1


def test_new_class_is_told_and_learnt_by_the_next_candidate(tmp_path: Path) -> None:
    world = make_boxes(tmp_path / "world", "multiclass", count=24, new_class_from=18, policy="every(30)")
    keys = [p.key for p in partitions("day", 24)]
    run_ingest(world.project(), "boxes", keys[0], keys[-1])
    done = {key: run_night(world.project(), "box", key) for key in keys[15:20]}

    assert done[keys[18]]["measure"]["new_classes"] == {keys[18]: {"wide box": 14}}
    strange = {r["metric"]: r for r in rows_of(world, "performance") if r["_partition"] == keys[18]}
    assert (strange["log_loss"]["rows"], strange["log_loss"]["health"]) == (60, "fail")
    assert strange["log_loss"]["value"] > 14 / 60 * 34  # a class without a score counts as a certain mistake
    assert strange["unknown_class_share"]["value"] == pytest.approx(14 / 60)
    flush(world.project())
    told = [path.read_text() for path in (tmp_path / "world" / "home" / "messages").glob("*notice*")]
    assert sum("new class wide box" in text for text in told) == 1  # once a class and version, however many nights

    later = run_night(world.project(), "box", keys[22], force="new class")
    assert later["gate"]["verdict"] == "pass", later["gate"]
    last = run_night(world.project(), "box", keys[23])
    assert last["score"]["model_version"] == 2
    assert "new_classes" not in last["measure"]
    rows = {row["_partition"]: row for row in rows_of(world, "predictions")}
    assert rows[keys[22]]["score_wide_box"] is None
    assert rows[keys[23]]["score_wide_box"] >= 0
    names = ("score_box", "score_heavy_box", "score_light_box", "score_wide_box")
    assert sum(rows[keys[23]][name] for name in names) == pytest.approx(1, abs=1e-6)
    first, second = (c.candidate for c in champions(world.project().model_ledger("box").records()))
    assert artifact_of(world.project(), "box", first).manifest.classes == ("box", "heavy box", "light box")
    assert artifact_of(world.project(), "box", second).manifest.classes[-1] == "wide box"
    assert {row["label"] for row in rows_of(world, "labels")} == {
        None
    }  # a place depends on the version: the text counts
    assert reproduced(world.project(), "box", "2")["same"]
