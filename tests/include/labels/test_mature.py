from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from include.config.dataset import Dataset
from include.config.model import Model
from include.errors import ConfigError
from include.features.key import keys_of
from include.labels.mature import SCHEMA, labels_of, refreshable
from include.partitions import partition_at, partition_from_key
from include.storage.schemas import LABELS

OWNER = {"name": "Team"}
INSTANT = pa.timestamp("us", tz="UTC")
START = datetime(2013, 3, 1, tzinfo=UTC)


def dataset(**changes: object) -> Dataset:
    return Dataset(
        **{
            "name": "rides",
            "description": "A ride.",
            "owner": OWNER,
            "source": {"kind": "files", "path": "rides.csv"},
            "event_time": "start",
            "key": ("id",),
            "outcome": ("outcome",),
        }
        | changes
    )


def model(task: str = "binary", **target: object) -> Model:
    return Model(
        name="late",
        description="Late.",
        owner=OWNER,
        task=task,
        rows="rides",
        target={"dataset": "rides", "column": "outcome"} | target,
    )


def hours(*values: float | None) -> pa.Array:
    return pa.array([None if value is None else START + timedelta(hours=value) for value in values], INSTANT)


def batch(outcome: object, starts: pa.Array | None = None, **columns: object) -> pa.RecordBatch:
    count = len(outcome)
    starts = hours(*range(count)) if starts is None else starts
    keys = [partition_at(start, "day", "UTC").key for start in starts.to_pylist()]
    return pa.RecordBatch.from_pydict(
        {"id": list(range(count)), "start": starts, "_partition": keys, "outcome": outcome} | columns
    )


def labels(
    of: Model, given: pa.RecordBatch, as_of: float = 1000, rows: Dataset | None = None, classes=None
) -> pa.Table:
    made = labels_of(of, rows or dataset(), [given], START + timedelta(hours=as_of), classes)
    return pa.Table.from_batches(list(made), schema=SCHEMA)


def test_labels_fit_their_table():
    assert set(SCHEMA) == set(LABELS.schema)


@pytest.mark.parametrize(("as_of", "known"), [(23.9, 0), (24, 1), (25, 2), (26.5, 3)])
def test_label_matures_after_its_delay(as_of, known):
    found = labels(model(delay="1d"), batch([True, False, True]), as_of)
    assert found.column("label").to_pylist() == [1.0, 0.0, 1.0][:known]
    assert found.column("known_at").to_pylist() == [START + timedelta(hours=24 + i) for i in range(known)]


def test_label_is_not_known_before_its_row():
    late = batch([1, 0], _known_at=hours(0, 100))
    assert labels(model(delay="1d"), late, 50).column("_key").to_pylist() == ["0"]
    assert labels(model(delay="1d"), late, 100).column("known_at").to_pylist() == hours(24, 100).to_pylist()


def test_label_without_delay_is_known_with_its_row():
    rows = dataset(known_at={"delay": "3h"})
    assert labels(model(), batch([1, 0]), 3, rows).column("_key").to_pylist() == ["0"]


def test_column_says_when_a_label_is_known():
    given = batch([1, 0, 1, 1], settled=hours(5, 50, None, 1))
    found = labels(model(known_at="settled"), given, 10)
    assert found.column("_key").to_pylist() == ["0", "3"]
    # the last row's outcome was settled at 1:00, but the ride itself was not known before 3:00
    assert found.column("known_at").to_pylist() == hours(5, 3).to_pylist()


def test_missing_outcome_gives_no_label():
    found = labels(model(), batch(pa.array([None, True, None])))
    assert (found.column("_key").to_pylist(), found.column("label").to_pylist()) == (["1"], [1.0])


def test_keys_and_partitions_are_those_of_the_rows():
    given = batch([1, 0], hours(1, 25))
    found = labels(model(), given)
    assert found.column("_key").to_pylist() == keys_of(given, ["id"]).to_pylist()
    assert found.column("_partition").to_pylist() == ["2013-03-01", "2013-03-02"]


@pytest.mark.parametrize(
    "outcome",
    [
        pa.array([True, False]),
        pa.array([1, 0]),
        pa.array([1, 0], pa.int8()),
        pa.array([1.0, 0.0]),
        pa.array([Decimal(1), Decimal(0)]),
    ],
)
def test_binary_takes_truth_values_and_zeros_and_ones(outcome):
    found = labels(model(), batch(outcome))
    assert found.column("label").to_pylist() == [1.0, 0.0]
    assert found.column("label_text").null_count == 2


def test_regression_takes_numbers_and_reads_nan_as_missing():
    found = labels(model("regression"), batch(pa.array([1.5, float("nan"), -2.0])))
    assert found.column("label").to_pylist() == [1.5, -2.0]


@pytest.mark.parametrize(
    ("outcome", "classes", "texts", "places"),
    [
        (pa.array(["b", None, "a", "z"]), ["a", "b"], ["b", "a", "z"], [1.0, 0.0, None]),
        (pa.array([3, 1]), ["1", "3"], ["3", "1"], [1.0, 0.0]),
        (pa.array(["x", "y"]).dictionary_encode(), None, ["x", "y"], [None, None]),
        (pa.array([True, False]), ["false", "true"], ["true", "false"], [1.0, 0.0]),
    ],
)
def test_classes_keep_text_and_place(outcome, classes, texts, places):
    found = labels(model("multiclass"), batch(outcome), classes=classes)
    assert found.column("label_text").to_pylist() == texts
    assert found.column("label").to_pylist() == places


@pytest.mark.parametrize(
    ("task", "outcome", "message"),
    [
        ("binary", pa.array(["yes"]), r"is of type string\. Expected true and false, or 0 and 1 for a binary task"),
        ("binary", pa.array([0, 2, 1, 5]), r"has 2 in 2 of 4 rows\. Expected true and false, or 0 and 1"),
        ("regression", pa.array(["1"]), r"is of type string\. Expected numbers for a regression task"),
        ("regression", pa.array([1.0, float("inf")]), r"has inf in 1 of 2 rows\. Expected finite numbers"),
        (
            "regression",
            pa.array([-1e200, 2.0]),
            r"has -1e\+200 in 1 of 2 rows\. Expected finite numbers up to 3.4e\+38",
        ),
        ("multiclass", pa.array([1.5]), r"is of type double\. Expected texts or whole numbers for a multiclass task"),
    ],
)
def test_outcome_of_another_kind_is_named(task, outcome, message):
    with pytest.raises(ConfigError, match=r"model late, target\.column outcome: " + message):
        labels(model(task), batch(outcome))


@pytest.mark.parametrize("target", [{"column": "nosuch"}, {"known_at": "nosuch"}])
def test_missing_column_is_named(target):
    with pytest.raises(ConfigError, match="model late, target: dataset rides has no column nosuch"):
        labels(model(**target), batch([1]))


def test_nothing_mature_yields_nothing():
    assert list(labels_of(model(delay="1d"), dataset(), [batch([1, 0])], START)) == []


def night(key: str, grain: str = "day", zone: str = "UTC"):
    return partition_from_key(key, grain, zone)


@pytest.mark.parametrize(
    ("target", "rows", "keys"),
    [
        ({}, {}, ["2013-03-10"]),
        ({"delay": "1d"}, {}, ["2013-03-09", "2013-03-10"]),
        ({"delay": "36h"}, {}, ["2013-03-08", "2013-03-09", "2013-03-10"]),
        ({}, {"late_for": "2d"}, ["2013-03-08", "2013-03-09", "2013-03-10"]),
        ({"delay": "1d"}, {"late_for": "1d"}, ["2013-03-08", "2013-03-09", "2013-03-10"]),
        ({"delay": "1d"}, {"known_at": {"delay": "2d"}}, ["2013-03-08", "2013-03-09", "2013-03-10"]),
        ({"delay": "3d"}, {"first_partition": "2013-03-09"}, ["2013-03-09", "2013-03-10"]),
    ],
)
def test_partitions_are_refreshed_while_labels_may_come(target, rows, keys):
    found = refreshable(model(**target), dataset(**rows), night("2013-03-10"))
    assert [one.key for one in found] == keys


def test_unbounded_labels_are_refreshed_for_a_month():
    found = refreshable(model(known_at="settled"), dataset(), night("2013-03-10"))
    assert (len(found), found[0].key) == (32, "2013-02-07")


def test_finer_partitions_are_refreshed_inside_a_night():
    found = refreshable(model(), dataset(partition="hour"), night("2013-03-10"))
    assert (len(found), found[0].key, found[-1].key) == (24, "2013-03-10T00Z", "2013-03-10T23Z")


def test_no_label_that_matures_is_missed():
    """Whatever the night, each label is seen in the night in which it matures."""
    of, rows = model(delay="30h"), dataset(late_for="12h", timezone="America/New_York")
    for offset in range(0, 20 * 24, 5):
        event = datetime(2013, 3, 1, tzinfo=UTC) + timedelta(hours=offset)
        matures = partition_at(event + timedelta(hours=30), "day", "America/New_York")
        keys = [one.key for one in refreshable(of, rows, matures)]
        assert partition_at(event, "day", "America/New_York").key in keys
