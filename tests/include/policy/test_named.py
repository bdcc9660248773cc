"""The partition that a person names: by its key, a folder's name, or a period around it."""

from __future__ import annotations

import pytest

from include.errors import PolicyError
from include.partitions import Grain, partition_from_key, partitions_between
from include.policy.named import first_from, last_until

ENDS: dict[Grain, tuple[str, str]] = {
    "hour": ("2019-01-01T00Z", "2019-01-03T23Z"),
    "day": ("2019-01-01", "2020-12-31"),
    "week": ("2018-12-31", "2020-12-28"),
    "month": ("2019-01-01", "2020-12-01"),
    "quarter": ("2019-01-01", "2020-10-01"),
    "year": ("2010-01-01", "2020-01-01"),
}


def _all(grain: Grain, zone: str = "UTC") -> list:
    return partitions_between(*(partition_from_key(key, grain, zone) for key in ENDS[grain]))


@pytest.mark.parametrize(
    ("grain", "text", "first", "last"),
    [
        ("quarter", "2019-Q1", "2019-01-01", "2019-01-01"),
        ("quarter", "2019-Q3", "2019-07-01", "2019-07-01"),
        ("quarter", "2019", "2019-01-01", "2019-10-01"),
        ("week", "2019-W15", "2019-04-08", "2019-04-08"),
        ("month", "2019-Q2", "2019-04-01", "2019-06-01"),
        ("month", "2019-03", "2019-03-01", "2019-03-01"),
        ("day", "2019-02", "2019-02-01", "2019-02-28"),
        ("day", "2019-W15", "2019-04-08", "2019-04-14"),
        ("year", "2013", "2013-01-01", "2013-01-01"),
        ("hour", "2019-01-02", "2019-01-02T00Z", "2019-01-02T23Z"),
        ("hour", "2019-01-02T05Z", "2019-01-02T05Z", "2019-01-02T05Z"),
    ],
)
def test_a_period_names_its_first_and_its_last_partition(grain: Grain, text: str, first: str, last: str) -> None:
    partitions = _all(grain)
    assert partitions[first_from(text, partitions)].key == first
    assert partitions[last_until(text, partitions)].key == last


def test_a_gap_begins_after_it_and_ends_before_it() -> None:
    partitions = [p for p in _all("day") if not "2019-01-20" <= p.key <= "2019-01-22"]
    assert partitions[first_from("2019-01-21", partitions)].key == "2019-01-23"
    assert partitions[last_until("2019-01-21", partitions)].key == "2019-01-19"


def test_periods_are_local() -> None:
    partitions = _all("day", "America/New_York")
    assert partitions[first_from("2019-03", partitions)].key == "2019-03-01"
    assert partitions[last_until("2019-03", partitions)].key == "2019-03-31"


@pytest.mark.parametrize("text", ["soon", "2019/03/01", "", "2019-Q5", "2019-13"])
def test_what_is_no_period_is_told(text: str) -> None:
    for named in (first_from, last_until):
        with pytest.raises(PolicyError, match=r"is no period.*2013-W05"):
            named(text, _all("month"))


def test_a_period_outside_the_history_is_told() -> None:
    partitions = _all("month")
    for text in ("2018", "2021"):
        with pytest.raises(PolicyError, match="is not in the history"):
            first_from(text, partitions)
    with pytest.raises(PolicyError, match="is not in the history"):
        last_until("2018-12", partitions)
    assert last_until("2030", partitions) == len(partitions) - 1
