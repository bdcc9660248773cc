"""Dates of a dataset's schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nightshift.defaults import dates

from include.config.load import load_catalog

if TYPE_CHECKING:
    from tests.include.night.shops import World


def test_last_tick_names_the_last_partition(world: World) -> None:
    shop = load_catalog(world.config).dataset("shop")
    first, last = dates(shop)["start_date"], dates(shop)["end_date"]

    assert first == datetime(2024, 1, 1, tzinfo=UTC)
    # midnight of 1 February names 31 January; that of the 2nd names a day that there is not
    assert datetime(2024, 2, 1, tzinfo=UTC) < last < datetime(2024, 2, 2, tzinfo=UTC)
