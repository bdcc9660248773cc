"""No night learns from defective data: each partition is diagnosed, also in parts, also before the first champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.night import diagnosed
from include.night.begun import begun
from include.night.defects import accept, defects_of
from include.night.labels import labelled_with_features
from include.night.summaries import Summaries
from include.night.whole import run_night
from tests.include.night.shops import FIRST, HISTORY, SECOND, THIRD, make_world
from tests.include.night.shops import World as Shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.night.shops import World

FOURTH, FIFTH, SIXTH = "2024-01-19", "2024-01-20", "2024-01-21"


def defects(world: World) -> dict[str, tuple[str, ...]]:
    return defects_of(world.project().model_ledger("sales").records())


def messages(world: World) -> str:
    return "".join(path.read_text() for path in sorted((world.project().home.path / "messages").glob("*defect*")))


def usable(world: World, night: str) -> list[str]:
    project = world.project()
    return [p.key for p in labelled_with_features(project, begun(project, "sales", night))]


def cheaper(world: World, partition: str) -> None:
    """Write a day's amounts in another unit."""
    orders = world.orders(partition)
    world.write_orders(partition, [row | {"amount": round(float(row["amount"]) / 100, 4)} for row in orders])


def test_part_of_an_earlier_day_among_new_rows_blocks(world: World) -> None:
    world.night(SECOND)
    old = {place: row for place, row in enumerate(world.orders("2024-01-10")) if place % 3 == 0}
    rows = [row | ({"amount": old[n]["amount"], "channel": old[n]["channel"]} if n in old else {})
            for n, row in enumerate(world.orders(THIRD))]  # fmt: skip
    world.write_orders(THIRD, rows)

    assert world.night(THIRD)["decide"]["verdict"] == "blocked"
    assert defects(world)[THIRD] == ("33% of the rows repeat 2024-01-10: a stale copy?",)


def test_leaked_label_keeps_its_partition_from_training_once_labels_are_known(world: World) -> None:
    world.night(SECOND)
    world.write_orders(
        THIRD, [row | {"channel": "web" if row["sold"] == "true" else "desk"} for row in world.orders(THIRD)]
    )
    assert world.night(THIRD)["decide"]["verdict"] != "blocked"
    assert defects(world) == {}

    assert world.night(FOURTH)["decide"]["verdict"] != "blocked"
    assert [*defects(world)] == [THIRD]
    assert defects(world)[THIRD][0].startswith("channel alone now tells the label (strength 1.00")
    assert usable(world, FOURTH)[-1] == SECOND
    assert f"sales learns from no row of {THIRD}" in messages(world)
    world.night(FOURTH)
    assert len(world.project().model_ledger("sales").records("diagnosis")) == 1


def _told_by_channel(world: World, partition: str) -> list[dict[str, Any]]:
    return [row | {"channel": "web" if row["sold"] == "true" else "desk"} for row in world.orders(partition)]


def test_column_that_may_tell_the_label_is_accepted_once_for_all_days(world: World) -> None:
    world.night(SECOND)
    for day in (THIRD, FOURTH):
        world.write_orders(day, _told_by_channel(world, day))
        world.night(day)
    world.write_orders(FIFTH, _told_by_channel(world, FIFTH))
    cheaper(world, FIFTH)
    for day in (FIFTH, SIXTH):
        world.night(day)
    assert [*defects(world)] == [THIRD, FOURTH, FIFTH]

    assert [*accept(world.project(), "sales", FOURTH)] == [FOURTH, THIRD]
    assert [*defects(world)] == [FIFTH]
    assert usable(world, SIXTH)[-3:] == [SECOND, THIRD, FOURTH]


def _working_hours(folder: Path) -> Shop:
    """Return a shop that takes orders from 8 to 16 o'clock, its history not ingested yet."""
    shop = make_world(folder)
    for day in range(1, 23):
        key = f"2024-01-{day:02d}"
        shop.write_orders(key, [row | {"placed_at": _placed(key, n)} for n, row in enumerate(shop.orders(key))])
    return shop


def _placed(key: str, row: int, moved: int = 0) -> str:
    return f"{key}T{8 + row // 6 + moved:02d}:{10 * (row % 6):02d}:00Z"


def test_history_is_diagnosed_before_the_first_training_and_moved_hours_are_found(tmp_path: Path) -> None:
    shop = _working_hours(tmp_path / "shop")
    cheaper(shop, "2024-01-12")
    shop.write_orders(
        SECOND, [row | {"placed_at": _placed(SECOND, n, moved=5)} for n, row in enumerate(shop.orders(SECOND))]
    )
    shop.ingest(*HISTORY)
    run_night(shop.project(), "sales", FIRST)

    body = shop.project().model_ledger("sales").records("candidate")[0].body
    assert "2024-01-12" not in body["train"]["keys"]
    assert {"2024-01-11", "2024-01-13"} <= set(body["train"]["keys"])
    assert [*defects(shop)] == ["2024-01-12"]
    assert "2024-01-12: amount looks like 0.01 times its usual values" in messages(shop)

    assert shop.night(SECOND)["decide"]["verdict"] == "blocked"
    assert defects(shop)[SECOND][0].startswith("The hours of the rows fit the usual ones only when moved back by +5 h")


def test_gaps_that_a_history_often_has_are_usual(tmp_path: Path) -> None:
    shop = make_world(tmp_path / "shop")
    path = shop.config / "datasets" / "shop.yaml"
    path.write_text(path.read_text().replace("type: float64, nullable_share: 0,", "type: float64,"))
    for day in (2, 7, 8, 13):
        key = f"2024-01-{day:02d}"
        rows = [row | ({"amount": ""} if n < 12 + day else {}) for n, row in enumerate(shop.orders(key))]
        shop.write_orders(key, rows)
    shop.ingest(*HISTORY)
    run_night(shop.project(), "sales", FIRST)
    assert defects(shop) == {}


def test_fault_that_lasts_stays_one_until_a_person_accepts_it(world: World) -> None:
    world.night(SECOND)
    for night in (THIRD, FOURTH, FIFTH, SIXTH):
        cheaper(world, night)
    for night in (THIRD, FOURTH, FIFTH):
        assert world.night(night)["decide"]["verdict"] == "blocked"
    accept(world.project(), "sales", FOURTH)
    assert world.night(SIXTH)["decide"]["verdict"] != "blocked"
    assert [*defects(world)] == [THIRD, FIFTH]


def test_kill_after_the_diagnosis_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.night(SECOND)
    cheaper(world, THIRD)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Summaries, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            world.night(THIRD)
    assert world.night(THIRD)["decide"]["verdict"] == "blocked"
    assert len(defects(world)[THIRD]) == 1


def test_a_partition_is_summarised_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    summarise = Summaries._made

    def counted(self: Summaries, key: str) -> Any:
        made.append(key)
        return summarise(self, key)

    monkeypatch.setattr(Summaries, "_made", counted)
    world.night(SECOND)
    world.night(THIRD)
    assert made == [SECOND, THIRD]  # those of the history are kept since the first night


def test_message_names_at_most_five_defects(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(diagnosed, "tell", lambda *_, **parts: told.append(parts))
    found = begun(world.project(), "sales", FIRST)
    diagnosed._tell(world.project(), found, "shop", {f"2024-01-0{n}": ["Wrong."] for n in range(1, 8)}, key="k")
    assert told[0]["text"].endswith("2024-01-05: Wrong. 2 more are in the ledger.")
    assert "2024-01-05 and 2 more" in told[0]["impact"]
