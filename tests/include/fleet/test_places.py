"""Every table that a night makes is known: its version, how long its log is kept, who keeps it in order."""

from __future__ import annotations

from deltalake import DeltaTable

from include.fleet.nights import tell_nights
from include.fleet.places import OF_DATASET, OF_MODEL, pins, places
from tests.include.night.shops import SECOND, World


def test_every_table_is_in_somebody_s_care(world: World) -> None:
    rows = world.orders(SECOND)
    world.write_orders(SECOND, [{**rows[0], "channel": "phone"}, *rows[1:]])
    world.ingest(SECOND)
    world.write_orders(SECOND, rows)
    world.night(SECOND)
    world.night("2024-01-18")
    tell_nights(world.project())
    home = world.project().home.path
    there = {str(log.parent.relative_to(home)) for log in home.rglob("_delta_log")}

    assert there == {str(place) for place in places(world.project())} | {"fleet/nights"}
    assert {place.table for place in places(world.project()) if place.kind == "datasets"} == set(OF_DATASET)
    assert {place.table for place in places(world.project()) if place.kind == "models"} >= set(OF_MODEL) - {
        "alarms",
        "golden",
    }
    for table in there:
        configuration = DeltaTable(home / table).metadata().configuration
        assert configuration["nightshift.schema_version"] == "1", table
        assert configuration["delta.logRetentionDuration"] == "interval 36500 days", table


def test_night_and_candidate_pin_their_tables(world: World) -> None:
    found = pins(world.project())

    assert set(found) == {
        "datasets/shop/snapshots",
        "datasets/rates/snapshots",
        "models/sales/features",
        "models/sales/labels",
    }
    assert all(len(versions) == 1 for versions in found.values())
