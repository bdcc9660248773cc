"""The table of nights is told again from ledgers and tables; one commit, and none when it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.fleet.nights import nights_table, tell_nights
from include.storage.schemas import NIGHTS
from tests.include.night.shops import FIRST, SECOND, World

if TYPE_CHECKING:
    from typing import Any


def _rows(world: World) -> list[dict[str, Any]]:
    return sorted(nights_table(world.project()).read().to_pylist(), key=lambda row: row["night"])


def test_every_night_is_a_row(world: World) -> None:
    world.night(SECOND)
    done = tell_nights(world.project())
    first, second = _rows(world)

    assert done == {"told": 2, "changed": [FIRST, SECOND]}
    assert (first["night"], first["decision"], first["verdict"], first["champion"]) == (FIRST, "retrain", "pass", "1")
    assert (second["model"], second["decision"], second["rows_scored"], second["health"]) == (
        "sales",
        "hold",
        48,
        "pass",
    )
    assert len(first["candidate"]) == 64
    assert second["wall_seconds"] > 0


def test_second_telling_commits_nothing(world: World) -> None:
    tell_nights(world.project())
    version = nights_table(world.project()).version()
    done = tell_nights(world.project(), whole=True)

    assert done["changed"] == []
    assert nights_table(world.project()).version() == version


def test_all_that_is_new_comes_in_one_commit(world: World) -> None:
    tell_nights(world.project())
    version = nights_table(world.project()).version()
    for night in (SECOND, "2024-01-18"):
        world.night(night)
    tell_nights(world.project())

    assert nights_table(world.project()).version() == (version or 0) + 1
    assert len(_rows(world)) == 3


def test_rows_that_somebody_changed_are_told_again(world: World) -> None:
    tell_nights(world.project())
    right = _rows(world)
    body = pa.schema([f for f in NIGHTS.schema if f.name != "_partition"])
    wrong = [{k: v for k, v in right[0].items() if k != "_partition"} | {"decision": "hold"}]
    nights_table(world.project()).replace(FIRST, pa.Table.from_pylist(wrong, body).to_batches())
    nights_table(world.project()).replace("2020-01-01", pa.Table.from_pylist(wrong, body).to_batches())
    done = tell_nights(world.project(), whole=True)

    assert done["changed"] == ["2020-01-01", FIRST]
    assert _rows(world) == right
