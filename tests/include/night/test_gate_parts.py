"""A gate that is asked for everything a night can measure answers all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.night.begun import begun
from include.night.gate_parts import costs_of, parts_of
from include.night.score import artifact_of
from include.night.wait import wait
from include.night.whole import run_ingest, run_night
from include.registry.anchor import anchor
from tests.include.night.boxes import make_boxes, partitions
from tests.include.night.shops import FIRST, HISTORY, SALES, SECOND, THIRD, make_world, poison, with_gate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.registry.ledger import Record
    from tests.include.night.shops import World

ASKED = """\
gate:
  mode: non_inferior
  margin: 0.5
  holdout: 3d
  slices: [channel]
  fairness: {groups: [channel], max_demographic_parity_difference: 1.0}
  max_calibration_error: 1.0
  max_microseconds_per_row: 1000000
  max_megabytes: LIMIT
  max_churn: 1.0
  max_single_feature_auc: 1.0
  behaviour: [{kind: monotone, column: amount, direction: 1, tolerance: 1.0}]
"""


def _findings(world: World, megabytes: float) -> dict[str, Any]:
    asked = ASKED.replace("LIMIT", str(megabytes))
    text = SALES.replace("gate: {mode: non_inferior, margin: 0.5, holdout: 3d}\n", asked)
    assert text != SALES
    (world.config / "models" / "sales.yaml").write_text(text)
    world.night(SECOND)
    world.night(THIRD, force="look at every part")
    gate = world.project().model_ledger("sales").records("gate")[-1].body
    assert gate["partition"] == THIRD > FIRST
    return {part["name"]: part["finding"] for part in gate["report"]["parts"]} | {"verdict": gate["verdict"]}


def _gate(world: World) -> dict[str, Any]:
    return dict(world.project().model_ledger("sales").records("gate")[-1].body)


def _part(world: World, name: str) -> dict[str, Any]:
    return next(dict(part) for part in _gate(world)["report"]["parts"] if part["name"] == name)


def _promoted(records: Sequence[Record]) -> list[str]:
    return [r.body["candidate"] for r in records if r.kind == "promotion"]


def test_every_part_that_is_asked_for_is_judged(world: World) -> None:
    found = _findings(world, 10.0)

    measured = {"fairness", "calibration", "latency", "size", "churn", "leakage", "behaviour"}
    assert {name: found[name] for name in measured} == dict.fromkeys(measured, "pass")
    assert found["golden_set"] == "unset"
    assert found["slices"] != "unset"


def test_slices_are_searched_among_all_features(world: World) -> None:
    poison(world, "2024-01-13", SECOND, "web")  # where the candidate then loses: it has learned from the clean days
    gate = "{mode: non_inferior, margin: 0.5, holdout: 3d, search_slices: 4}"
    with_gate(world, gate)
    world.night(SECOND, force="search")
    part = _part(world, "slices")

    assert part["numbers"]["search_nights"] == 3  # of three: nothing is left to judge on
    assert part["finding"] == "cannot_tell"
    for night in (THIRD, "2024-01-19", "2024-01-20"):
        world.night(night)
    part = _part(world, "slices")
    assert part["numbers"]["search_nights"] == 3
    assert {row["nights"] for row in part["numbers"]["slices"]} == {3}
    assert any("amount=" in row["slice"] or "rate=" in row["slice"] for row in part["numbers"]["slices"])


def test_group_that_is_no_feature_is_judged(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", days=16)
    sql = world.config / "models" / "sales.sql"
    sql.write_text(sql.read_text().replace("shop.channel, ", ""))
    fairness_and_more = ASKED.removeprefix("gate:\n").replace("LIMIT", "5").replace("\n  ", ", ").strip(" ,\n")
    with_gate(world, fairness_and_more.join("{}"))
    world.ingest(*HISTORY)
    run_night(world.project(), "sales", FIRST)
    fairness = _part(world, "fairness")

    assert "channel" not in artifact_of(world.project(), "sales", _gate(world)["candidate"]).manifest.feature_names
    assert fairness["finding"] == "pass"
    assert fairness["numbers"]["channel.demographic_parity"]["groups"] == 2
    assert {row["slice"] for row in _part(world, "slices")["numbers"]["slices"]} == {"channel=desk", "channel=web"}


def test_group_above_its_limit_fails_the_candidate(world: World) -> None:
    with_gate(
        world,
        "{mode: non_inferior, margin: 0.5, holdout: 3d, "
        "fairness: {groups: [channel], max_demographic_parity_difference: 0.001}}",
    )
    done = world.night(SECOND, force="unfair")

    assert (done["gate"]["verdict"], "promote" in done) == ("fail", False)
    assert done["gate"]["reason"].startswith("fairness: demographic parity difference of channel")


def test_waiting_verdict_says_how_many_nights(world: World) -> None:
    with_gate(world, "{mode: superior, margin: 0.0, holdout: 3d, max_wait: 20}")
    done = world.night(SECOND, force="prove it")
    report = _gate(world)["report"]
    page = (world.folder / "home" / "reports" / "models" / "sales" / f"{SECOND}.html").read_text()

    assert done["gate"]["verdict"] == "wait"
    assert ("nights like these would show it" in report["reason"]) == (report["nights_needed"] is None)
    assert (report["error_per_candidate"], report["error_per_year"]) == (0.05, 0.1)
    assert _part(world, "fairness")["finding"] == "unset"
    assert "wait" in page


def test_losses_are_counted_from_the_first_champion_until_one_is_proven(world: World) -> None:
    with_gate(world, "{mode: non_inferior, margin: 0.5, holdout: 3d}")
    first = world.project().model_ledger("sales").records("promotion")[0].body["candidate"]
    for night in (SECOND, THIRD):
        world.night(night, force="a little worse or better")
    records = world.project().model_ledger("sales").records()

    assert anchor(records) == first
    assert (_gate(world)["anchor"], _gate(world)["champion"]) == (first, _promoted(records)[1])
    assert _part(world, "anchor")["finding"] == "pass"
    assert _part(world, "anchor")["numbers"]["gain"] != _part(world, "performance")["numbers"]["gain"]


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_numbers_and_classes_are_judged_by_every_part_that_knows_them(tmp_path: Path, task: str) -> None:
    tested = "behaviour: [{kind: invariance, column: colour, tolerance: 1.0}]"
    more = (
        "  slices: [colour]\n  search_slices: 2\n  max_megabytes: 5\n  max_churn: 1.0\n  max_single_feature_auc: 1.0\n"
        "  golden_set: {rows: 60, margin: 30}\n  refit: true\n"
        + f"  {tested if task == 'regression' else 'max_calibration_error: 1.0'}\n"
    )
    made = make_boxes(tmp_path / "world", task, margin=30)
    model = made.config / "models" / "box.yaml"
    gate = "gate:\n  mode: non_inferior\n  margin: 30\n  holdout: 3d\n" + more
    model.write_text(model.read_text().replace("gate: {mode: non_inferior, margin: 30, holdout: 3d}\n", gate))
    keys = [p.key for p in partitions("day", 18)]
    run_ingest(made.project(), "boxes", keys[0], keys[-1])
    run_night(made.project(), "box", keys[15])
    done = run_night(made.project(), "box", keys[17], force="second")
    gates = [record.body for record in made.project().model_ledger("box").records("gate")]
    gate_of = gates[0]
    findings = {part["name"]: part["finding"] for part in gate_of["report"]["parts"]}

    assert done["decide"]["verdict"] == "retrain", done["decide"]
    judged = {"performance", "golden_set", "size", "leakage"}
    assert {name: findings[name] for name in judged} == dict.fromkeys(judged, "pass")
    assert (findings["calibration"], findings["behaviour"]) == (
        ("pass", "unset") if task == "multiclass" else ("unset", "pass")
    )
    assert findings["slices"] in ("pass", "cannot_tell")
    assert findings["churn"] == "unset"  # nobody is served yet
    against = next(gate for gate in gates if gate["champion"])
    assert {part["name"]: part["finding"] for part in against["report"]["parts"]}["churn"] == "pass"
    assert findings["fairness"] == "unset"


def test_nothing_is_measured_before_the_first_held_out_night(world: World) -> None:
    with_gate(
        world, "{max_microseconds_per_row: 1, behaviour: [{kind: monotone, column: amount, direction: 1}], max_wait: 3}"
    )
    project = world.project()
    world.ingest(SECOND)
    wait(project, "sales", SECOND)
    found = begun(project, "sales", SECOND)
    candidate = artifact_of(project, "sales", str(found.champion))
    costs = costs_of(project, found, candidate, [])

    assert costs.microseconds_per_row is None
    assert parts_of(project, found, candidate, []) == []


def test_model_file_above_its_limit_fails(world: World) -> None:
    found = _findings(world, 0.0001)

    assert (found["size"], found["verdict"]) == ("fail", "fail")
