from __future__ import annotations

import pytest

from include.config.errors import did_you_mean, dotted, without_secrets
from include.config.load import load_catalog

TYPES = "bool, int8, int16, int32, int64, uint8, float32, float64, string, date, timestamp, decimal"


def errors_of(folder, key):
    return load_catalog(folder.root).broken[key].errors


def test_the_text_shows_file_line_excerpt_and_nearest_key(folder):
    folder.dataset()
    folder.model(more="policy:\n  cooldwn: 3\n")

    assert load_catalog(folder.root).broken["model/fares"].text == (
        "include/models/fares.yaml:8: policy.cooldwn is not a known key. Did you mean 'cooldown'?\n"
        "     8 |   cooldwn: 3\n"
        "       |   ^^^^^^^\n"
        "Check it with: python -m include lint fares"
    )


@pytest.mark.parametrize(
    ("changed", "to", "expected"),
    [
        (
            "kind: files",
            "kind: file",
            "4: source.kind is 'file', expected one of: files, sql, s3. Did you mean 'files'?",
        ),
        ("kind: files, ", "", "4: source.kind is missing, expected one of: files, sql, s3."),
        ("path: trips.csv", "path: 5", "4: source.path is 5, expected a text (put it in quotes)."),
        ("path:", "pth:", "4: source.pth is not a known key. Did you mean 'path'?"),
        ("{name: Data}", "Data", "3: owner is 'Data', expected keys with values."),
        (
            "{name: Data}",
            "{name: Data, slack: data}",
            "3: owner.slack is 'data', expected a Slack channel such as '#data' "
            "(in quotes, since # begins a comment), or its id.",
        ),
        ("description: One trip.\n", "", "1: description is missing: what a row is, in a sentence."),
        ("[fare]", "fare", "6: outcome is 'fare', expected a list."),
        (
            "type: float64",
            "type: flot",
            f"11: contract.columns.fare.type is 'flot', expected one of: {TYPES}. Did you mean 'float64'?",
        ),
        ("{type: float64}", "{}", "11: contract.columns.fare.type is missing: arrow type the column is cast to"),
        (
            "float64}",
            "float64, nullable_share: 2}",
            "11: contract.columns.fare.nullable_share is 2, expected a number of at most 1.0.",
        ),
        (
            "float64}",
            "float64, range: [1, 2, 3]}",
            "11: contract.columns.fare.range is a list of 3, expected a list of at most 2.",
        ),
        (
            "    city",
            "    _city",
            "10: contract.columns._city is not a name that a column can have, "
            "expected one that does not begin with _ (such columns are Nightshift's own).",
        ),
        ("[fare]", "[fair]", "1: outcome names 'fair', which contract.columns lacks"),
    ],
)
def test_each_mistake_is_named_with_what_is_expected(folder, changed, to, expected):
    folder.dataset(changed, to)

    errors = errors_of(folder, "dataset/trips")

    assert any(error.startswith(f"include/datasets/trips.yaml:{expected}") for error in errors), errors


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "partition: daily\n",
            "partition is 'daily', expected one of: hour, day, week, month, quarter, year. Did you mean 'day'?",
        ),
        (
            "timezone: Europe/Berln\n",
            "timezone is 'Europe/Berln': not a known time zone; use a name such as UTC or America/New_York",
        ),
        (
            "late_for: 3 days\n",
            "late_for is '3 days': not a length of time; write a whole number and a unit, such as 15m, 36h, 90d or 2w",
        ),
        ("known_at: {}\n", "known_at is wrong: give either column or delay"),
        ("static: maybe\n", "static is 'maybe', expected true or false."),
        ("retention: {grace: 3}\n", "retention.grace is 3, expected a text (put it in quotes)."),
    ],
)
def test_mistakes_in_optional_keys(folder, more, expected):
    folder.dataset(more=more)

    assert expected in errors_of(folder, "dataset/trips")[0].splitlines()[0]


def test_a_union_reports_only_the_member_that_was_meant(folder):
    folder.dataset()
    folder.model(more="window: {lst: 3d}\n")

    assert [error.splitlines()[0] for error in errors_of(folder, "model/fares")] == [
        "include/models/fares.yaml:7: window.lst is not a known key. Did you mean 'last'?"
    ]


def test_all_mistakes_of_a_file_come_at_once_in_its_order(folder):
    folder.dataset(
        "source: {kind: files, path: trips.csv}",
        "source: {kind: sql, connection: 'postgres://me:secret@db/x', query: select 1}",
        more="schedule: 0 2 * *\nfirst_partition: 2013-02-30\nlate: 3d\n",
    )

    lines = [error.splitlines()[0].split(": ", 1) for error in errors_of(folder, "dataset/trips")]

    assert [(place.rsplit(":", 1)[1], said.split(" ")[0]) for place, said in lines] == [
        ("4", "source.connection"),
        ("12", "schedule"),
        ("13", "first_partition"),
        ("14", "late"),
    ]


def test_passwords_never_stand_in_a_message(folder):
    folder.dataset(
        "source: {kind: files, path: trips.csv}",
        "source: {kind: sql, connection: 'postgres://me:hunter2@db/x', query: select 1, password: hunter2}",
    )

    text = load_catalog(folder.root).broken["dataset/trips"].text

    assert "hunter2" not in text
    assert "source.connection is 'postgres://***@db/x', expected the id of an Airflow connection" in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("url: https://me:pw@host/x", "url: https://***@host/x"),
        ("api_key: abc", "api_key: ***"),
        ("  Password = 'abc'", "  Password = ***"),
        ("tokens are words", "tokens are words"),
    ],
)
def test_secrets_are_cut_out_of_lines(line, shown):
    assert without_secrets(line) == shown


def test_paths_are_written_as_one_writes_them():
    assert dotted(("gate", "behaviour", 0, "column")) == "gate.behaviour[0].column"


def test_a_far_word_is_not_offered():
    assert did_you_mean("zebra", ["cooldown", "rule"]) == ""
