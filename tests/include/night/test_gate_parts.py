"""A gate that is asked for everything a night can measure answers all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.include.night.shops import FIRST, SALES, SECOND, THIRD

if TYPE_CHECKING:
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


def test_every_part_that_is_asked_for_is_judged(world: World) -> None:
    found = _findings(world, 10.0)

    measured = {"fairness", "calibration", "latency", "size", "churn", "leakage", "behaviour"}
    assert {name: found[name] for name in measured} == dict.fromkeys(measured, "pass")
    assert found["golden_set"] == "unset"
    assert found["slices"] != "unset"


def test_model_file_above_its_limit_fails(world: World) -> None:
    found = _findings(world, 0.0001)

    assert (found["size"], found["verdict"]) == ("fail", "fail")
