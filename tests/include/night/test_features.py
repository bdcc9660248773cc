"""Feature rows that break their contract are not published: nothing scores or trains on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.include.night.shops import SECOND, rows_of

if TYPE_CHECKING:
    from tests.include.night.shops import World


def test_broken_feature_contract_blocks_scoring_and_training(world: World) -> None:
    rows = world.orders(SECOND)
    rows[3]["amount"] = "95.0"  # the dataset's contract allows 100, the feature's 90
    world.write_orders(SECOND, rows)
    done = world.night(SECOND, force="try")

    assert done["features"]["health"] == "block"
    assert "amount" in done["features"]["reason"]
    assert done["features"]["blocked"] == [SECOND]
    assert done["score"]["rows"] == 0
    assert done["decide"]["verdict"] == "blocked"
    assert "skipped" in done["train"]
    assert SECOND not in {row["_partition"] for row in rows_of(world.project(), "features")}
