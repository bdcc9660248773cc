from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.partitions import GRAINS, partition_from_key
from include.sources.periods import period_interval

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
