"""Feature rows that break their contract are not published: nothing scores or trains on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry.artifact import load
from tests.include.night.shops import SECOND, THIRD, rows_of

if TYPE_CHECKING:
    from include.registry.manifest import Manifest
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


def test_training_takes_only_the_columns_of_its_feature_version(world: World) -> None:
    before = load_manifest(world, world.night(SECOND, force="try")["gate"]["candidate"])
    sql = world.config / "models" / "sales.sql"
    sql.write_text(sql.read_text().replace("shop.channel, ", ""))
    after = load_manifest(world, world.night(THIRD, force="channel is gone")["train"]["candidate"])

    assert before.feature_names == ("amount", "channel", "rate")
    assert after.feature_names == ("amount", "rate")
    assert "channel" in rows_of(world.project(), "features")[0]  # the rows of the earlier version keep it


def load_manifest(world: World, digest: str) -> Manifest:
    return load(world.project().model_home("sales") / "artifacts", digest).manifest
