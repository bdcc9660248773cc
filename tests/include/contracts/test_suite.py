from __future__ import annotations

import pytest

from include.config.dataset import Dataset
from include.contracts.expectations import gx_suite_of
from include.contracts.suite import suite_of
from include.errors import ConfigError
from include.partitions import partition_from_key

NIGHT = partition_from_key("2013-11-03", "day", "America/New_York")


def dataset(columns: dict[str, object], **partition: object) -> Dataset:
    return Dataset(
        name="rides",
        description="A ride.",
        owner={"name": "Team"},
        source={"kind": "files", "path": "rides.csv"},
        event_time="start",
        key=("id",),
        timezone="America/New_York",
        contract={
            "columns": {"start": {"type": "timestamp"}, "id": {"type": "int64"}} | columns,
            "partition": partition,
        },
    )


def test_suite_names_every_rule_in_order():
    rule = {"type": "string", "nullable_share": 0.1, "range": ["a", "z"], "set": ["a"], "regex": "a", "unique": True}
    found = [check.name for check in suite_of(dataset({"x": rule}, freshness="1h"), NIGHT)]
    assert found == [
        "rows",
        "freshness",
        "interval",
        "unique_key",
        "start.type",
        "id.type",
        "x.type",
        "x.nullable_share",
        "x.range",
        "x.set",
        "x.regex",
        "x.unique",
    ]


@pytest.mark.parametrize(
    ("bounds", "terms", "expected"),
    [
        (None, (1, None), "at least 1 row"),
        ([10, None], (250, None), "at least 250 rows (10– an hour × 25 h)"),
        ([None, 2], (1, 50), "1 to 50 rows (–2 an hour × 25 h)"),
        ([0.01, 0.1], (1, 2), "1 to 2 rows (0.01–0.1 an hour × 25 h)"),
    ],
)
def test_rows_scale_with_the_hours(bounds, terms, expected):
    check = suite_of(dataset({}, **({"rows_per_hour": bounds} if bounds else {})), NIGHT)[0]
    assert (check.terms["low"], check.terms["high"]) == terms
    assert check.expected == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"type": "float64", "range": [-10, 10]}, "from -10 to 10"),
        ({"type": "float64", "range": [None, 1.5]}, "at most 1.5"),
        ({"type": "float64", "range": [0, None]}, "at least 0"),
        ({"type": "float64", "nullable_share": 0.025}, "at most 2.5 % of the values missing"),
        ({"type": "float64", "nullable_share": 0}, "no missing values"),
        ({"type": "string", "set": ["b", "a"]}, "one of b, a"),
        (
            {"type": "string", "set": [f"v{i}" for i in range(13)]},
            "one of " + ", ".join(f"v{i}" for i in range(12)) + " and 1 more",
        ),
        ({"type": "string", "set": ["b", "a"], "pii": True}, "one of 2 values"),
        ({"type": "string", "regex": "[A-Z]+"}, "texts that match [A-Z]+ from their start"),
        ({"type": "string", "unique": True}, "no value twice"),
    ],
)
def test_expectation_reads_as_words(rule, expected):
    assert suite_of(dataset({"x": rule}), NIGHT)[-1].expected == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"type": "int64", "range": ["low", 3]},
            r"contract\.columns\.x: range has the bound 'low'\. Expected a value of type int64",
        ),
        ({"type": "timestamp", "range": ["yesterday", None]}, r"range has the bound 'yesterday'.*type timestamp"),
        ({"type": "int64", "set": ["a"]}, r"set has a value that is not of type int64"),
    ],
)
def test_bounds_of_the_wrong_type_are_named(rule, message):
    with pytest.raises(ConfigError, match=message):
        suite_of(dataset({"x": rule}), NIGHT)


def test_severity_is_the_columns_own():
    checks = suite_of(dataset({"x": {"type": "int64", "range": [0, 1], "severity": "warn"}}, severity="warn"), NIGHT)
    found = {check.name: check.severity for check in checks}
    assert (found["x.range"], found["rows"], found["interval"], found["id.type"]) == ("warn", "warn", "block", "block")


def test_library_suite_has_titles_and_severity():
    checks = suite_of(dataset({"x": {"type": "int64", "range": [0, 1], "severity": "warn"}}), NIGHT)
    suite = gx_suite_of("rides", checks)
    found = {one.meta["check"]: one for one in suite.expectations}
    assert set(found) == {"rows", "interval", "unique_key", "x.range"}
    assert (found["x.range"].description, found["x.range"].notes) == ("Range of x", "Expected: from 0 to 1.")
    assert (found["x.range"].severity.value, found["rows"].severity.value) == ("warning", "critical")
