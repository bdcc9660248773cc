"""Feature rows that break their contract are not published: nothing scores or trains on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.night.begun import begun
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


def without_channel(world: World) -> None:
    """Drop a column from the model's SQL."""
    sql = world.config / "models" / "sales.sql"
    sql.write_text(sql.read_text().replace("shop.channel, ", ""))


def test_champion_is_not_served_without_a_column_it_was_trained_on(world: World) -> None:
    world.night(SECOND)
    champion = str(begun(world.project(), "sales", SECOND).champion)
    without_channel(world)
    done = world.night(THIRD)

    assert done["score"]["rows"] == 0
    assert done["score"]["reason"] == (
        f"model sales, night {THIRD}: version 1 ({champion[:12]}) was trained on the column 'channel', which sales.sql no "
        "longer gives. Expected every feature that the version was trained on. To do: put it back until a version without it "
        f'serves; to train one now: python -m include train sales --partition {THIRD} --reason "…".'
    )
    assert done["decide"]["verdict"] == "blocked"
    assert "'channel'" in done["decide"]["reason"]
    assert "alarms" in done["measure"]  # labels are taken in and data diagnosed all the same
    assert {row["_partition"] for row in rows_of(world.project(), "predictions")} == {SECOND}
    messages = sorted((world.project().home.path / "messages").glob("*"))
    assert sum("not scored: a feature is gone" in path.read_text() for path in messages) == 1

    forced = world.night(THIRD, force="channel is no more")
    assert forced["decide"]["verdict"] == "retrain"
    assert load_manifest(world, forced["train"]["candidate"]).feature_names == ("amount", "rate")


def test_night_scores_again_once_the_column_is_back(world: World) -> None:
    world.night(SECOND)
    text = (world.config / "models" / "sales.sql").read_text()
    without_channel(world)
    assert world.night(THIRD)["score"]["rows"] == 0
    (world.config / "models" / "sales.sql").write_text(text)

    assert world.night("2024-01-19")["score"]["rows"] == 48


def load_manifest(world: World, digest: str) -> Manifest:
    return load(world.project().model_home("sales") / "artifacts", digest).manifest
