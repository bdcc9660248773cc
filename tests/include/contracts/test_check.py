from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from include.config.dataset import Dataset
from include.config.model import Model
from include.contracts.check import Checker
from include.contracts.types import feature_types
from include.contracts.validation import Validation
from include.errors import StorageError
from include.partitions import Partition, partition_from_key

ROOT = Path(__file__).parents[3]
OWNER = {"name": "Team"}
NIGHT = partition_from_key("2013-03-08", "day", "America/New_York")
SHORT = partition_from_key("2013-03-10", "day", "America/New_York")


@pytest.fixture(scope="module")
def checker():
    with Checker() as made:
        yield made


def dataset(columns: dict[str, object] | None = None, key: tuple[str, ...] = (), **partition: object) -> Dataset:
    return Dataset(
        name="rides",
        description="A ride.",
        owner=OWNER,
        source={"kind": "files", "path": "rides.csv"},
        event_time="start",
        key=key,
        timezone="America/New_York",
        contract={"columns": {"start": {"type": "timestamp"}} | (columns or {}), "partition": partition},
    )


def rows(count: int = 240, partition: Partition = NIGHT, **columns: object) -> pa.Table:
    step = (partition.end - partition.start) / max(count, 1)
    starts = pa.array([partition.start + i * step for i in range(count)], pa.timestamp("us", tz="UTC"))
    return pa.table({"start": starts} | columns)


def answer(validation: Validation, name: str):
    return next(check for check in validation.checks if check.name == name)


def judge_column(checker: Checker, values: object, rule: dict[str, object], kind: str, check: str):
    table = rows(len(values), x=values)
    return answer(checker.check(dataset({"x": {"type": kind} | rule}), table, NIGHT), f"x.{check}")


def test_good_partition_passes(checker):
    contract = dataset({"x": {"type": "int64", "range": [0, 239], "nullable_share": 0}}, rows_per_hour=[10, 10])
    found = checker.check(contract, rows(x=range(240)), NIGHT)
    assert (found.health, found.blocked, found.rows, found.partition) == ("pass", False, 240, "2013-03-08")
    assert found.sentence == "rides 2013-03-08: 240 rows, 6 checks passed"


def test_no_rows_block(checker):
    found = checker.check(
        dataset({"x": {"type": "int64", "range": [0, 1]}}), rows(0, x=pa.array([], pa.int64())), NIGHT
    )
    assert found.health == "block"
    assert answer(found, "rows").passed is False
    assert {check.passed for check in found.checks[1:]} == {None}


def test_no_files_block(checker):
    assert checker.check(dataset(), [], NIGHT).health == "block"


def test_no_rows_only_warn_where_allowed(checker):
    found = checker.check(dataset(rows_per_hour=[0, 10]), rows(0), NIGHT)
    assert (found.health, found.sentence) == (
        "warn",
        "rides 2013-03-08: 0 rows, warn: no rows, which is allowed",
    )


@pytest.mark.parametrize(("count", "passed"), [(229, False), (230, True), (460, True), (461, False)])
def test_rows_follow_the_interval_length(checker, count, passed):
    found = checker.check(dataset(rows_per_hour=[10, 20]), rows(count, SHORT), SHORT)
    check = answer(found, "rows")
    assert SHORT.hours == 23
    assert (check.passed, check.observed, check.expected) == (passed, count, "230 to 460 rows (10–20 an hour × 23 h)")


@pytest.mark.parametrize(("nulls", "passed"), [(7, True), (8, False)])
def test_share_of_missing_values_is_exact(checker, nulls, passed):
    found = judge_column(
        checker, [None] * nulls + [1] * (10 - nulls), {"nullable_share": 0.7}, "int64", "nullable_share"
    )
    assert (found.passed, found.observed) == (passed, nulls / 10)


def test_nan_counts_as_missing(checker, tmp_path):
    values = [float("nan")] * 5 + [1.0] * 5
    contract = dataset({"x": {"type": "float64", "nullable_share": 0.4, "range": [0, 2]}})
    path = str(tmp_path / "nan.parquet")
    pq.write_table(rows(10, x=values), path)
    for given in (rows(10, x=values), [path]):
        found = checker.check(contract, given, NIGHT)
        assert answer(found, "x.nullable_share").observed == 0.5
        assert (answer(found, "x.range").passed, answer(found, "x.range").observed) == (True, 0.0)


def test_infinite_values_lie_outside_ranges(checker, tmp_path):
    path = str(tmp_path / "inf.parquet")
    pq.write_table(rows(10, x=[float("inf")] + [1.0] * 9), path)
    found = checker.check(dataset({"x": {"type": "float64", "range": [0, 2]}}), [path], NIGHT)
    assert answer(found, "x.range").observed == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("values", "kind", "bounds", "outside"),
    [
        (pa.array([0, 1, 2, 3]), "int64", [1, 2], 0.5),
        (pa.array([0, 1, 2, None]), "int64", [None, 1], 1 / 3),
        (pa.array([0.5, 2.5], pa.float32()), "float32", [1, None], 0.5),
        (pa.array([1, 200], pa.uint8()), "uint8", [0, 100], 0.5),
        (pa.array([Decimal("1.50"), Decimal("9.99")]), "decimal", [0, 5], 0.5),
        (pa.array(["a", "n"]), "string", ["a", "m"], 0.5),
        (pa.array([date(2013, 1, 1), date(2014, 1, 1)]), "date", ["2013-01-01", "2013-12-31"], 0.5),
        (
            pa.array(
                [datetime(2013, 1, 1, 12, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC")
            ),
            "timestamp",
            ["2013-01-01", "2013-12-31T23:59:59+00:00"],
            0.5,
        ),
    ],
)
def test_range_is_judged_for_every_type(checker, values, kind, bounds, outside):
    found = judge_column(checker, values, {"range": bounds}, kind, "range")
    assert (found.passed, found.unit) == (False, "share")
    assert found.observed == pytest.approx(outside)


@pytest.mark.parametrize(
    ("values", "kind", "allowed", "wrong"),
    [
        (pa.array(["JFK", "LGA", "BOS", None]), "string", ["JFK", "LGA"], 1 / 3),
        (pa.array([1, 2, 3]), "int64", [1, 2], 1 / 3),
        (pa.array(["a", "b"]).dictionary_encode(), "string", ["a"], 0.5),
        (pa.array(["o'hare", "x"]), "string", ["o'hare"], 0.5),
    ],
)
def test_only_values_of_the_set_pass(checker, values, kind, allowed, wrong):
    found = judge_column(checker, values, {"set": allowed}, kind, "set")
    assert found.passed is False
    assert found.observed == pytest.approx(wrong)


@pytest.mark.parametrize(
    ("pattern", "passed"),
    [("[A-Z]{3}", True), ("K", False), ("JF", True), (".*K$", True), ("BOS|JFK", True), ("it's", False)],
)
def test_pattern_matches_from_the_start(checker, pattern, passed):
    assert judge_column(checker, ["JFK", None], {"regex": pattern}, "string", "regex").passed is passed


def test_unreadable_pattern_cannot_be_told(checker):
    contract = dataset({"x": {"type": "string", "regex": "(?=a)"}, "y": {"type": "int64", "range": [0, 1]}})
    found = checker.check(contract, rows(1, x=["a"], y=[1]), NIGHT)
    assert (found.health, answer(found, "x.regex").passed, answer(found, "y.range").passed) == (
        "cannot_tell",
        None,
        True,
    )


@pytest.mark.parametrize(("values", "surplus"), [([1, 2, 3, None, None], 0), ([1, 1, 1, 2, 2], 3)])
def test_unique_values_are_counted_exactly(checker, values, surplus):
    found = judge_column(checker, values, {"unique": True}, "int64", "unique")
    assert (found.passed, found.observed, found.unit) == (surplus == 0, surplus, "rows")


def test_missing_key_parts_identify_rows(checker):
    contract = dataset({"a": {"type": "int64"}, "b": {"type": "string"}}, key=("a", "b"))
    good = checker.check(contract, rows(3, a=[1, 1, 2], b=["x", None, None]), NIGHT)
    twice = checker.check(contract, rows(3, a=[1, 1, 1], b=["x", None, None]), NIGHT)
    assert (good.health, twice.health) == ("pass", "block")
    assert (
        answer(twice, "unique_key").sentence
        == "key: 1 rows repeat the key of another; expected no two rows with the same a, b"
    )


def test_missing_keys_repeat_each_other(checker):
    contract = dataset({"a": {"type": "int64", "unique": True}}, key=("a",))
    found = checker.check(contract, rows(3, a=[1, None, None]), NIGHT)
    assert (answer(found, "unique_key").observed, answer(found, "a.unique").observed) == (1, 0)


def test_bound_of_a_short_float_admits_itself(checker):
    found = judge_column(checker, pa.array([0.1, 0.7], pa.float32()), {"range": [0.1, 0.7]}, "float32", "range")
    assert found.passed is True


def test_key_may_repeat_where_allowed(checker):
    contract = dataset({"a": {"type": "int64"}}, key=("a",), unique_key=False)
    assert checker.check(contract, rows(2, a=[1, 1]), NIGHT).health == "pass"


@pytest.mark.parametrize(("hours", "passed"), [(2.0, True), (2.01, False)])
def test_freshness_is_measured_from_the_end(checker, hours, passed):
    newest = NIGHT.end - timedelta(hours=hours)
    table = pa.table({"start": pa.array([NIGHT.start, newest], pa.timestamp("us", tz="UTC"))})
    check = answer(checker.check(dataset(freshness="2h"), table, NIGHT), "freshness")
    assert check.passed is passed
    assert check.observed == pytest.approx(hours)


def test_events_outside_the_partition_block(checker):
    table = pa.table({"start": pa.array([NIGHT.start, NIGHT.end], pa.timestamp("us", tz="UTC"))})
    found = checker.check(dataset(), table, NIGHT)
    assert (found.health, answer(found, "interval").observed) == ("block", 0.5)


def test_wrong_type_blocks(checker):
    check = answer(
        checker.check(dataset({"x": {"type": "int32"}}), rows(1, x=pa.array([1], pa.int64())), NIGHT), "x.type"
    )
    assert (check.passed, check.sentence) == (False, "x: is int64; expected type int32")


def test_missing_column_fails_and_its_rules_cannot_be_told(checker):
    found = checker.check(dataset({"x": {"type": "int64", "range": [0, 1]}}, key=("x",)), rows(2), NIGHT)
    assert found.health == "block"
    assert (answer(found, "x.type").passed, answer(found, "x.range").passed) == (False, None)
    assert answer(found, "unique_key").passed is False


@pytest.mark.parametrize(("severity", "health"), [("block", "cannot_tell"), ("warn", "warn")])
def test_only_missing_values_cannot_be_told(checker, severity, health):
    contract = dataset({"x": {"type": "float64", "range": [0, 1], "severity": severity}})
    found = checker.check(contract, rows(2, x=pa.nulls(2, pa.float64())), NIGHT)
    assert (found.health, answer(found, "x.range").passed) == (health, None)


def test_warning_does_not_block(checker):
    contract = dataset({"x": {"type": "int64", "range": [0, 1], "severity": "warn"}})
    found = checker.check(contract, rows(2, x=[0, 5]), NIGHT)
    assert (found.health, found.blocked) == ("warn", False)


def test_strange_names_are_only_names(checker, tmp_path):
    names = ['a"b', "per%cent", "select", "a:b", "Ünïcode", "a.b", "a'b", "UPPER lower", "{x}", "$1"]
    columns = {name: {"type": "int64", "range": [0, 1], "unique": True} for name in names}
    contract = dataset(columns, key=tuple(names))
    path = str(tmp_path / "it's.parquet")
    pq.write_table(rows(2, **{name: [0, 1] for name in names}), path)
    assert checker.check(contract, [path], NIGHT).health == "pass"


def test_results_of_partitions_do_not_mix(checker):
    contract = dataset({"x": {"type": "int64", "range": [0, 1]}})
    other = dataset({"y": {"type": "string", "set": ["a"]}})
    given = [rows(2, x=[0, 1]), rows(4, x=[5, 1, 1, 1]), rows(2, x=[0, 0])]
    found = [checker.check(contract, table, NIGHT) for table in given]
    assert checker.check(other, rows(1, y=["a"]), NIGHT).health == "pass"
    assert [answer(one, "x.range").observed for one in found] == [0, 0.25, 0]


def test_parquet_files_and_tables_agree(checker, tmp_path):
    contract = dataset({"x": {"type": "int64", "range": [0, 2], "nullable_share": 0.5}}, key=("x",))
    table = rows(4, x=[0, 1, 3, None])
    folder = tmp_path / "_partition=2013-03-08"
    folder.mkdir()
    paths = [str(folder / f"part-{i}.parquet") for i in range(2)]
    for path, part in zip(paths, (table.slice(0, 2), table.slice(2)), strict=True):
        pq.write_table(part, path)
    found = [checker.check(contract, given, NIGHT) for given in (table, paths, ds.dataset(paths))]
    assert found[0] == found[1] == found[2]
    assert found[0].columns[1].nulls == 1
    assert (found[0].columns[1].minimum, found[0].columns[1].maximum) == (0, 3)


def test_unreadable_file_is_named_as_such(checker, tmp_path):
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(StorageError, match=r"staged rows: a file cannot be read .* To do: ingest the partition again"):
        checker.check(dataset(), [str(tmp_path / "cut.parquet")], NIGHT)


def test_static_dataset_is_judged_whole(checker):
    planes = Dataset(
        name="planes",
        description="An aircraft.",
        owner=OWNER,
        source={"kind": "files", "path": "planes.csv"},
        key=("tailnum",),
        static=True,
        contract={"columns": {"tailnum": {"type": "string"}}},
    )
    assert (
        checker.check(planes, pa.table({"tailnum": ["a", "b"]})).sentence
        == "planes as a whole: 2 rows, 3 checks passed"
    )


def test_personal_values_are_never_shown(checker):
    contract = dataset(
        {
            "name": {"type": "string", "regex": "[a-z]+", "set": ["ann"], "unique": True, "pii": True},
            "age": {"type": "int64", "range": [0, 1], "pii": True},
        }
    )
    found = checker.check(contract, rows(3, name=["Zebedee", "Zebedee", "ann"], age=[7919, 7919, 1]), NIGHT)
    shown = json.dumps(found.as_json()) + found.sentence + repr(found)
    assert found.health == "block"
    assert "Zebedee" not in shown
    assert "7919" not in shown
    assert '"ann"' not in shown


def test_failing_rows_are_never_shown(checker):
    contract = dataset({"name": {"type": "string", "set": ["ann"], "range": ["a", "b"]}})
    found = checker.check(contract, rows(2, name=["Zebedee", "ann"]), NIGHT)
    assert "Zebedee" not in json.dumps(found.as_json())


def test_verdict_survives_json(checker):
    found = checker.check(dataset({"x": {"type": "int64", "range": [0, 1]}}), rows(2, x=[0, 5]), NIGHT)
    assert Validation.from_json(json.loads(json.dumps(found.as_json()))) == found


def model(**contract: object) -> Model:
    return Model(
        name="late",
        description="Late.",
        owner=OWNER,
        task="binary",
        rows="rides",
        target={"dataset": "rides", "column": "late"},
        feature_contract=contract,
    )


def features(**columns: object) -> pa.Table:
    count = len(next(iter(columns.values())))
    return pa.table({"_key": [str(i) for i in range(count)]} | columns)


def test_features_are_judged_by_their_contract(checker):
    rule = model(speed={"range": [0, 10], "nullable_share": 0.1, "type": "float32"})
    good = features(speed=pa.array([1, 2], pa.float32()))
    assert checker.check_features(rule, good, NIGHT, expected_rows=2).health == "pass"
    bad = checker.check_features(rule, features(speed=pa.array([1, 20], pa.float32())), "2013-03-08")
    assert (bad.health, bad.subject, bad.partition) == ("block", "late", "2013-03-08")


@pytest.mark.parametrize("expected", [1, 3])
def test_feature_rows_must_be_as_many_as_rows(checker, expected):
    found = checker.check_features(model(), features(speed=[1.0, 2.0]), NIGHT, expected_rows=expected)
    assert (found.health, answer(found, "rows").passed) == ("block", False)


def test_features_without_contract_still_need_their_keys(checker):
    twice = pa.table({"_key": ["a", "a"], "speed": [1.0, 2.0]})
    found = checker.check_features(model(), twice, NIGHT)
    assert (found.health, answer(found, "unique_key").observed) == ("block", 1)


@pytest.mark.parametrize(("served", "health"), [([2.5], "pass"), ([2], "block")])
def test_feature_types_stay_as_served(checker, served, health):
    types = feature_types(features(speed=served).schema)
    assert checker.check_features(model(), features(speed=[1.0]), NIGHT, types=types).health == health


def test_feature_that_vanished_blocks(checker):
    found = checker.check_features(model(), features(speed=[1.0]), NIGHT, types={"speed": "float64", "gust": "float64"})
    assert (
        answer(found, "gust.type").sentence
        == "gust: the column gust is not there; expected type float64, as served before"
    )


def test_category_is_a_text(checker):
    assert checker.check_features(model(carrier={"type": "category"}), features(carrier=["UA"]), NIGHT).health == "pass"


QUIET = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
import include.contracts.engine
import pyarrow as pa
from include.config.dataset import Dataset
from include.contracts.check import Checker
contract = Dataset(
    name="d", description="d", owner={"name": "o"}, source={"kind": "files", "path": "d.csv"}, static=True,
    contract={"columns": {"x": {"type": "string", "regex": "(?=a)", "set": ["a"]}, "y": {"type": "int64", "range": [0, 1]}}},
)
with Checker() as checker:
    print(checker.check(contract, pa.table({"x": ["Zebedee"], "y": [5]})).health)
"""


def test_library_is_silent_from_import_to_exit():
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert found.stdout == "block\n"
    said = [line for line in found.stderr.splitlines() if "asyncio" not in line and "matplotlib" not in line]
    assert not [
        line for line in said if "great_expectations" in line or "nanobind" in line or "Zebedee" in line or "%|" in line
    ]


def test_uniqueness_is_exact_in_several_passes(monkeypatch):
    from include.contracts import relation

    monkeypatch.setattr(relation, "_ROWS_A_PASS", 100)
    values = np.r_[np.arange(1000), np.arange(37), np.arange(5)]
    contract = dataset({"a": {"type": "int64", "unique": True}, "b": {"type": "int64"}}, key=("a", "b"))
    with Checker() as made:
        found = made.check(contract, rows(len(values), a=values, b=values % 3), NIGHT)
    assert (answer(found, "a.unique").observed, answer(found, "unique_key").observed) == (42, 42)
