from __future__ import annotations

import pytest

from include.config.checks import cron_flaw
from include.config.load import load_catalog


@pytest.mark.parametrize(
    ("line", "grain"),
    [
        ("10 * * * *", "hour"),
        ("0 2 * * *", "day"),
        ("@daily", "day"),
        ("0 2 * * 1", "week"),
        ("0 2 1 * *", "month"),
        ("0 2 1 1,4,7,10 *", "quarter"),
        ("0 2 1 1 *", "year"),
    ],
)
def test_one_tick_a_partition_is_right(line, grain):
    assert cron_flaw(line, grain, "America/New_York") is None


@pytest.mark.parametrize(
    ("line", "grain"), [("0 2 * * 1-5", "day"), ("0 * * * *", "day"), ("0 2 * * *", "hour"), ("0 2 1 * *", "week")]
)
def test_ticks_that_skip_or_repeat_partitions_are_wrong(line, grain):
    assert cron_flaw(line, grain, "UTC") == (
        f"is {line!r}, which does not tick once in every {grain}: partitions would be left out or drawn twice."
    )


@pytest.mark.parametrize("line", ["", "0 2 * *", "0 0 2 * * *", "61 * * * *", "often"])
def test_what_is_no_cron_line(line):
    said = cron_flaw(line, "day", "UTC")

    assert said == f"is {line!r}, not a cron line of five fields (minute hour day month weekday) such as '0 2 * * *'."


@pytest.mark.parametrize(
    ("changed", "to", "more", "expected"),
    [
        ("", "", "schedule: 0 2 * * 1-5", "12: schedule is '0 2 * * 1-5', which does not tick once in every day"),
        ("", "", "first_partition: 2013-3-1", "12: first_partition is wrong: partition '2013-3-1': is not the key of a day."),
        (
            "",
            "",
            "first_partition: 2013-03-02\nlast_partition: 2013-03-01",
            "13: last_partition is 2013-03-01, before first_partition 2013-03-02.",
        ),
        ("", "", "static: true\nfirst_partition: 2013-03-02", "13: first_partition has no meaning, since the dataset is static."),
        ("event_time: start\n", "", "", "1: event_time is missing. Only static datasets and folders of period=… go without it."),
        ("[fare]", "[start]", "", "6: outcome names 'start', which is event_time and therefore known before the event."),
        ("{type: timestamp}", "{type: string}", "", "9: contract.columns.start.type is 'string', but the column is event_time"),
        ("", "", "derive: {far: fare > 2}", "12: derive.far is derived, but contract.columns has no rule for it: it would be lost."),
        ("trips.csv", "http://host/trips.csv", "", "4: source.path has a scheme that is not allowed, expected a local path, s3:// or package:."),
        ("trips.csv", "file:///etc/passwd", "", "4: source.path has a scheme that is not allowed"),
        ("trips.csv}", "trips.csv, connection: aws}", "", "4: source.connection has no meaning: only s3:// paths have credentials."),
        ("{type: string}", "{type: string, regex: '['}", "", "10: contract.columns.city.regex is '[', not a regular expression: unterminated"),
        ("{type: float64}", "{type: float64, regex: a}", "", "11: contract.columns.fare.regex is for texts, but the column is of type float64."),
        ("{type: float64}", "{type: float64, range: [3, 1]}", "", "11: contract.columns.fare.range begins at 3.0 and ends before it, at 1.0."),
        ("{type: float64}", "{type: float64, range: [a, 1]}", "", "11: contract.columns.fare.range has the bound 'a', expected a number."),
        ("{type: string}", "{type: string, range: [1, 2]}", "", "10: contract.columns.city.range is for numbers, dates and timestamps"),
        ("{type: timestamp}", "{type: timestamp, range: [soon, null]}", "", "9: contract.columns.start.range has the bound 'soon', expected a date"),
        ("{type: string}", "{type: string, set: [1, 2]}", "", "10: contract.columns.city.set holds 1, which no value of type string is. Put it in quotes."),
        ("{type: float64}", "{type: float64, set: [a]}", "", "11: contract.columns.fare.set holds 'a', which no value of type float64 is."),
    ],
)  # fmt: skip
def test_keys_of_a_dataset_must_agree(folder, changed, to, more, expected):
    folder.dataset(changed, to, more=more)

    broken = load_catalog(folder.root).broken

    assert broken["dataset/trips"].errors[0].startswith(f"include/datasets/trips.yaml:{expected}")


def test_a_folder_of_periods_needs_no_event_time(folder):
    folder.dataset("event_time: start\n", "")
    folder.write(
        "datasets/monthly.yaml",
        """\
        name: monthly
        description: One row.
        owner: {name: Data}
        source: {kind: files, path: data/parquet}
        partition: month
        """,
    )

    assert list(load_catalog(folder.root).datasets) == ["monthly"]


def test_bounds_of_a_timestamp_are_instants(folder):
    folder.dataset("{type: timestamp}", "{type: timestamp, range: [2013-01-01, 2014-01-01T00:00:00Z]}")

    assert load_catalog(folder.root).broken == {}
