"""A night that searches for parameters: killed and run again it finds the same, and the model can be trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import include.training.tune as search
from include.night.reproduce import reproduced
from include.night.whole import night_step
from tests.include.night.shops import SALES, SECOND, copy_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.night.shops import World


def _tuning(world: World) -> None:
    asked = SALES.replace("max_depth: 3}}", "max_depth: 3}, tune: {trials: 4, budget_minutes: 5}}")
    assert asked != SALES
    (world.config / "models" / "sales.yaml").write_text(asked)


def test_killed_search_goes_on_and_ends_the_same(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tuning(world)
    twin = copy_of(world, tmp_path / "twin")
    whole = world.night(SECOND, force="tune")
    tried, real = [], search._tried

    def killed(*given: object) -> float | None:
        tried.append(1)
        if len(tried) == 3:
            raise KeyboardInterrupt
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(search, "_tried", killed)
        with pytest.raises(KeyboardInterrupt):
            twin.night(SECOND, force="tune")
    again = night_step(twin.project(), "sales", SECOND, "train")

    assert again["candidate"] == whole["train"]["candidate"]
    assert len(list((twin.folder / "home" / "models" / "sales" / "studies" / SECOND).glob("*/*.json"))) == 4


def test_search_is_recorded_told_and_reproduced(world: World) -> None:
    _tuning(world)
    done = world.night(SECOND, force="tune")
    record = world.project().model_ledger("sales").records("candidate")[-1]
    page = (world.folder / "home" / "reports" / "models" / "sales" / f"{SECOND}.html").read_text()
    again = reproduced(world.project(), "sales", done["train"]["candidate"])

    assert record.body["tuning"]["trials"] + record.body["tuning"]["pruned"] == 4
    assert "parameters chosen in 4 trials" in page
    assert (again["same"], again["reasons"]) == (True, [])
