from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import ConfigError
from include.partitions import GRAINS, partition_from_key
from include.periods import partition_named, partitions_named, period_interval

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2016", "2016-01-01T05", "2017-01-01T05"),
        ("2016-Q1", "2016-01-01T05", "2016-04-01T04"),
        ("2016Q4", "2016-10-01T04", "2017-01-01T05"),
        ("2016-03", "2016-03-01T05", "2016-04-01T04"),
        ("2016-W01", "2016-01-04T05", "2016-01-11T05"),
        ("2016-03-13", "2016-03-13T05", "2016-03-14T04"),
        ("2016-03-01T05", "2016-03-01T10", "2016-03-01T11"),
        ("2016-03-01 05:00", "2016-03-01T10", "2016-03-01T11"),
        ("2016-03-01T05Z", "2016-03-01T05", "2016-03-01T06"),
        ("2016-01-04/2016-01-10", "2016-01-04T05", "2016-01-11T05"),
        ("2016-01/2016-03", "2016-01-01T05", "2016-04-01T04"),
        ("2016-11-06T01", "2016-11-06T05", "2016-11-06T06"),
    ],
)
def test_texts_name_local_intervals(text, start, end):
    assert [at.isoformat()[:13] for at in period_interval(text, NEW_YORK)] == [start, end]


@pytest.mark.parametrize(
    "text", ["", "16", "2016-13", "2016-W60", "2016-02-30", "2016-Q5", "2016-03-01T25", "x/2016", "2016/2015", "2016-3"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        period_interval(text, "UTC")


@given(st.sampled_from(GRAINS), st.dates(min_value=__import__("datetime").date(1990, 1, 1)))
def test_the_period_of_a_day_is_its_partition(grain, when):
    texts = {"day": when.isoformat(), "month": f"{when:%Y-%m}", "year": f"{when:%Y}"}
    if grain not in texts:
        return
    start, end = period_interval(texts[grain], NEW_YORK)

    partition = partition_from_key(
        {"day": when, "month": when.replace(day=1), "year": when.replace(month=1, day=1)}[grain].isoformat(),
        grain,
        NEW_YORK,
    )
    assert (start, end) == (partition.start, partition.end)


@pytest.mark.parametrize(
    ("text", "grain", "key"),
    [
        ("2013-W05", "week", "2013-01-28"),
        ("2013-01-28", "week", "2013-01-28"),
        ("2013-03", "month", "2013-03-01"),
        ("2013-Q1", "quarter", "2013-01-01"),
        ("2013", "year", "2013-01-01"),
        ("2013-03-10", "day", "2013-03-10"),
        ("2013-03-01T05Z", "hour", "2013-03-01T05Z"),
        ("2013-03-01T05", "hour", "2013-03-01T10Z"),
    ],
)
def test_one_partition_is_named_by_its_key_or_its_period(text, grain, key):
    assert partition_named(text, grain, NEW_YORK) == partition_from_key(key, grain, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "grain", "told"),
    [
        ("2013-03", "day", "names several, from 2013-03-01 to 2013-03-31. Expected one day, such as 2013-03-01"),
        ("2013-03-01", "hour", "names several, from 2013-03-01T05Z to 2013-03-02T04Z"),
        (
            "2013-W05",
            "month",
            "is not the key of a month. Expected 2013-02-01, a first day such as 2013-03-01, or 2013-03",
        ),
        ("2013-01", "quarter", "is not the key of a quarter. Expected 2013-01-01, "),
        (
            "2013-03-06",
            "week",
            "is not the key of a week. Expected the first day of a week, 2013-03-04, a Monday such as",
        ),
        ("2013-13", "month", "is not the key of a month"),
        ("9999", "year", "is not the key of a year"),
        ("soon", "day", "is not the key of a day. Expected a date such as 2013-03-01"),
    ],
)
def test_what_names_no_one_partition_is_told(text, grain, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        partition_named(text, grain, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "grain", "first", "last"),
    [
        ("2013-Q1", "month", "2013-01-01", "2013-03-01"),
        ("2013-W05", "day", "2013-01-28", "2013-02-03"),
        ("2013-01-28/2013-02-10", "week", "2013-01-28", "2013-02-04"),
        ("2013-03", "week", "2013-03-04", "2013-03-25"),
    ],
)
def test_a_period_names_the_partitions_that_begin_in_it(text, grain, first, last):
    assert [p.key for p in partitions_named(text, grain, NEW_YORK)] == [first, last]
