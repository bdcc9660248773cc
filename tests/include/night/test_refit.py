"""What passed is trained again up to the newest label, checked, and promoted in the place of what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.night import refit
from include.night.finished import unfinished_steps
from include.night.lines import night_lines
from include.night.reproduce import reproduced
from include.night.score import artifact_of
from include.night.whole import night_step, run_night
from include.report.table import night_line
from tests.include.night.shops import SECOND, THIRD, poison, with_gate

if TYPE_CHECKING:
    from tests.include.night.shops import World

GATE = "{mode: non_inferior, margin: 0.5, holdout: 3d, refit: true, MORE}"


def _night(world: World, more: str) -> dict[str, dict[str, object]]:
    with_gate(world, GATE.replace("MORE", more))
    return world.night(SECOND, force="newer")


def test_refit_is_promoted_and_says_so(world: World) -> None:
    done = _night(world, "golden_set: {rows: 30, margin: 0.5}, max_churn: 0.5, max_megabytes: 5")
    project = world.project()
    ledger = project.model_ledger("sales")
    judged, trained = ledger.records("candidate")[-2:]
    gate = ledger.records("gate")[-1].body
    new = artifact_of(project, "sales", gate["candidate"]).manifest
    old = artifact_of(project, "sales", judged.body["candidate"]).manifest
    page = (world.folder / "home" / "reports" / "models" / "sales" / f"{SECOND}.html").read_text()

    assert done["train"]["candidate"] == judged.body["candidate"] == gate["refit_of"] == new.lineage.refit_of
    assert done["promote"]["champion"] == done["gate"]["candidate"] == trained.body["candidate"] != gate["refit_of"]
    assert (old.lineage.train[-1], new.lineage.train[-1]) == ("2024-01-13", "2024-01-16")
    assert (new.fit.parameters, new.fit.rounds, new.fit.seed) == (old.fit.parameters, old.fit.rounds, old.fit.seed)
    assert {p["name"]: p["finding"] for p in gate["report"]["parts"] if p["name"].startswith("refit")} == {
        "refit: golden_set": "pass",
        "refit: churn": "pass",
        "refit: size": "pass",
    }
    assert "trained again up to the newest label after it passed" in page
    assert [reproduced(project, "sales", v)["same"] for v in ("2", gate["refit_of"])] == [True, True]


def test_next_candidate_is_judged_on_nights_after_the_refit(world: World) -> None:
    _night(world, "max_wait: 14")
    world.night(THIRD, force="once more")
    gate = world.project().model_ledger("sales").records("gate")[-1].body

    assert (gate["holdout"], gate["verdict"]) == (["2024-01-17"], "wait")


def test_refit_on_bad_newest_labels_leaves_the_judged_bytes(world: World) -> None:
    gate = "{mode: non_inferior, margin: 0.5, holdout: 3d, refit: true, golden_set: {rows: 60, margin: 0.2}}"
    with_gate(world, gate, learner="{rounds: 20, parameters: {max_depth: 3}}\nwindow: {last: 3d}")
    world.night(SECOND, force="freeze the golden set")
    poison(world, "2024-01-17", "2024-01-19", "web")
    world.ingest("2024-01-17", "2024-01-20")
    done = run_night(world.project(), "sales", "2024-01-20", force="newest data")
    (checked,) = [r for r in world.project().model_ledger("sales").records("refit") if r.body["verdict"] == "fail"]
    messages = [p.read_text() for p in (world.folder / "home" / "messages").glob("*-gate-sales-2024-01-20-*.txt")]

    (line,) = night_lines(world.project(), "sales", ["2024-01-20"])
    page = (world.folder / "home" / "reports" / "models" / "sales" / "2024-01-20.html").read_text()

    assert (line.candidate, line.refit_refused) == (checked.body["refit_of"][:12], True)
    assert "gate pass; its refit was refused: what was judged is promoted" in night_line(line).plain
    assert "as it was judged: its refit was refused" in page
    assert str(done["gate"]["reason"]).endswith("so what was judged goes on in its place")
    assert "golden_set: gain -" in checked.body["reason"]
    assert done["promote"]["champion"] == done["train"]["candidate"] == checked.body["refit_of"]
    assert any("the refit is not promoted" in message for message in messages)


def test_killed_refit_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(refit, "_checked", killed)
        with pytest.raises(KeyboardInterrupt):
            _night(world, "max_wait: 14")
    ledger = world.project().model_ledger("sales")
    assert unfinished_steps(ledger.records(), SECOND).startswith("was to train the candidate that passed again")
    told = night_step(world.project(), "sales", SECOND, "gate")
    again = night_step(world.project(), "sales", SECOND, "gate")

    assert told == again
    assert told["candidate"] == ledger.records("candidate")[-1].body["candidate"]
    assert [r.kind for r in ledger.records()[-4:]] == ["gate", "candidate", "refit", "gate"]
    assert unfinished_steps(ledger.records(), SECOND) == ""


def _states(world: World) -> list[tuple[str, int, int | None, str]]:
    found = []
    for record in world.project().model_ledger("sales").records("decision"):
        told = record.body["state"]
        row = (told["partition"], told["new_labels"], told["since_training"], record.body["decision"]["verdict"])
        found.append(row)
    return found


def test_labels_in_the_next_holdout_are_nothing_new_beside_a_refit(world: World) -> None:
    _night(
        world, "max_wait: 14"
    )  # refitted up to the 16th; a training leaves its newest three labelled days to the gate
    model = world.config / "models" / "sales.yaml"
    model.write_text(model.read_text().replace("policy: every(3)", "policy: {rule: every(1), min_new_labels: 90}"))
    for night in ("2024-01-18", "2024-01-20", "2024-01-21", "2024-01-22"):
        world.ingest("2024-01-17", night)
        run_night(world.project(), "sales", night)

    assert _states(world)[2:] == [
        ("2024-01-18", 0, 1, "hold"),  # labelled: up to the 17th
        ("2024-01-20", 0, 3, "hold"),
        ("2024-01-21", 48, 4, "hold"),  # of the 17th
        ("2024-01-22", 96, 5, "retrain"),
    ]
    assert (
        "48 new labels have matured where 90 are needed"
        in world.project().model_ledger("sales").records("decision")[-2].body["decision"]["reason"]
    )


def test_calendar_begins_anew_with_a_refit(world: World) -> None:
    with_gate(world, "{mode: superior, margin: 0.0, holdout: 3d, refit: true, max_wait: 20}")
    world.night(SECOND, force="newer")  # the candidate waits
    with_gate(world, "{mode: non_inferior, margin: 0.5, holdout: 3d, refit: true, max_wait: 20}")
    world.ingest(THIRD, "2024-01-22")
    for night in ("2024-01-20", "2024-01-21", "2024-01-22"):
        run_night(world.project(), "sales", night)

    assert [(night, since, verdict) for night, _, since, verdict in _states(world)[2:]] == [
        ("2024-01-20", 3, "hold"),  # it still waits when the night decides, then passes and is refitted
        ("2024-01-21", 1, "hold"),
        ("2024-01-22", 2, "hold"),
    ]
