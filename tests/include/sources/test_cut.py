from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.partitions import GRAINS, partition_at, partition_from_key, partitions_between
from include.sources.cut import PartitionCut
from tests.include.sources.made import day, trips

INSTANTS = st.lists(
    st.datetimes(datetime(2013, 1, 1), datetime(2014, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    max_size=30,
)


def microseconds(instants):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return np.array([(at - epoch) // timedelta(microseconds=1) for at in instants], dtype=np.int64)


@given(INSTANTS, st.sampled_from(GRAINS), st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]))
def test_every_row_gets_the_key_of_its_partition(instants, grain, zone):
    positions, keys = PartitionCut(trips(partition=grain, timezone=zone)).place(microseconds(instants))

    assert positions.tolist() == list(range(len(instants)))
    assert keys.to_pylist() == [partition_at(at, grain, zone).key for at in instants]


@given(INSTANTS)
def test_the_rows_of_an_interval_are_those_inside(instants):
    zone = "America/New_York"
    first, last = partition_from_key("2013-03-04", "week", zone), partition_from_key("2013-11-04", "week", zone)

    positions, keys = PartitionCut(trips(partition="week", timezone=zone), first, last).place(microseconds(instants))

    assert positions.tolist() == [n for n, at in enumerate(instants) if first.start <= at < last.end]
    assert set(keys.to_pylist()) <= {partition.key for partition in partitions_between(first, last)}


def test_an_interval_is_half_open():
    one = day("2013-03-01")
    edges = [one.start - timedelta(microseconds=1), one.start, one.end - timedelta(microseconds=1), one.end]

    assert PartitionCut(trips(), one, one).place(microseconds(edges))[0].tolist() == [1, 2]


def test_an_interval_backwards_holds_nothing():
    positions, keys = PartitionCut(trips(), day("2013-03-02"), day("2013-03-01")).place(microseconds([]))

    assert (len(positions), len(keys)) == (0, 0)
