"""A week or a day in one message a channel, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.alerts.outbox import settled
from include.fleet.digest import digest
from include.project import Project
from tests.include.night.shops import NOW, SECOND, World

if TYPE_CHECKING:
    from include.alerts.message import Message

MONDAY = datetime(2024, 2, 5, 6, tzinfo=UTC)  # the nights are written on Thursday, 1 February


def _project(world: World, now: datetime) -> Project:
    return Project.open(environ=world.environ, actor="fleet", clock=lambda: now)


def _sent(world: World) -> dict[str, Message]:
    found = settled(world.project().home / "outbox")
    return {s.message.channel or "": s.message for s in found if s.message and s.message.kind == "digest"}


def test_week_is_told_to_each_channel_that_has_news(world: World) -> None:
    for night in (SECOND, "2024-01-18"):
        world.night(night)
    done = digest(_project(world, MONDAY))
    told = _sent(world)["#sales"]

    assert done == {"period": "2024-01-29", "channels": ["#sales"], "new": 1}
    assert told.title == "the week of 2024-01-29"
    assert [f.name for f in told.fields] == ["sales"]
    assert told.fields[0].value.startswith("3 nights (2 hold, 1 retrain); champion 1; changed once; log loss 0.")
    assert told.fields[0].value.endswith(f" on {SECOND}")
    assert told.severity == "info"


def test_blocked_partition_is_told_to_its_owner(world: World) -> None:
    rows = world.orders(SECOND)
    rows[0]["channel"] = "phone"
    world.write_orders(SECOND, rows)
    world.ingest(SECOND)
    digest(_project(world, MONDAY))
    told = _sent(world)["#shop"]

    assert told.fields[0].value.endswith(f"1 of them blocked: {SECOND}")
    assert told.severity == "warn"
    assert told.todo == (f"correct the source of shop and ingest {SECOND} again",)


def test_same_week_is_told_once(world: World) -> None:
    digest(_project(world, MONDAY))

    assert digest(_project(world, MONDAY + timedelta(days=3)))["new"] == 0


def test_quiet_time_tells_nobody(world: World) -> None:
    done = digest(_project(world, MONDAY + timedelta(days=14)))

    assert (done["channels"], done["new"]) == ([], 0)


def test_day_is_the_day_before(world: World) -> None:
    assert digest(_project(world, NOW + timedelta(days=1)), "day")["channels"] == ["#sales"]
    assert digest(_project(world, NOW), "day")["channels"] == []
