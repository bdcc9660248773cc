from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.signals.binning import edges_from
from include.signals.errors import SignalError
from include.signals.grouping import Groups
from include.signals.reading import Side


def side(path: Path, **columns: object) -> Side:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return Side.open(path)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (pa.array(["b", "a", None, "b"]), ("a", "b", "null")),
        (pa.array([10, 9, 10, 9]), ("9", "10")),
        (pa.array([True, False, True, True]), ("false", "true")),
        (pa.array([dt.date(2024, 2, 1), dt.date(2024, 1, 31)] * 2), ("2024-01-31", "2024-02-01")),
        (np.array(["2024-02-01", "2024-01-31"] * 2, "M8[us]"), ("2024-01-31", "2024-02-01")),
        (np.array(["2024-02-01T05", "2024-02-01T06"] * 2, "M8[ns]"), ("2024-02-01T05Z", "2024-02-01T06Z")),
        (pa.array([dt.datetime(2024, 2, 1, 5, tzinfo=dt.UTC), None] * 2), ("2024-02-01T05Z", "null")),
        (np.array(["2024-02-01T05:30", "2024-02-01"] * 2, "M8[ms]"), ("2024-02-01 00:00:00.000", "2024-02-01 05:30:00.000")),
        (pa.array([dt.datetime(2024, 1, 31, 23, tzinfo=dt.UTC)] * 4, pa.timestamp("us", "Europe/Berlin")), ("2024-02-01",)),
        (pa.array([dt.datetime(2024, 1, 31, 20, tzinfo=dt.UTC)] * 4, pa.timestamp("us", "Europe/Berlin")), ("2024-01-31T20Z",)),
        (pa.array(["null", None, "a", None]), ("a", "null", "(null)")),
    ],
)  # fmt: skip
def test_values_are_groups_in_their_order(tmp_path: Path, by: pa.Array, keys: tuple[str, ...]) -> None:
    groups = Groups.of(side(tmp_path / "a.parquet", g=by, x=[1, 2, 3, 4]), "g")
    assert groups.keys == keys
    assert groups.by == "g"


def test_groups_are_profiled_apart(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    keys = random.integers(0, 5, 400)
    made = side(tmp_path / "a.parquet", g=keys, x=random.normal(size=400), c=random.integers(0, 3, 400).astype(str))
    edges = edges_from(made.batches(["x", "c"]))
    groups = Groups.of(made, "g")
    profiles = groups.profiles(made, edges, threads=2)
    assert [one.rows for one in profiles] == np.bincount(keys).tolist()
    columns = groups.columns(made, "x")
    for one, column in zip(profiles, columns, strict=True):
        assert one.numeric("x").moments.mean == pytest.approx(column.to_numpy().mean())
        assert one.numeric("x").counts.sum() == len(column)


def test_folders_are_groups(tmp_path: Path) -> None:
    for key, values in (("b", [1.0, 2.0]), ("a", [3.0])):
        side(tmp_path / f"period={key}" / "part-0.parquet", x=values)
    made = Side.open(tmp_path)
    groups = Groups.of(made, None)
    assert (groups.by, groups.keys) == ("period", ("a", "b"))
    assert [one.rows for one in groups.profiles(made, edges_from(made.batches(["x"])), threads=1)] == [1, 2]
    assert [column.to_pylist() for column in groups.columns(made, "x")] == [[3.0], [1.0, 2.0]]
    assert Groups.of(made, "period").keys == ("a", "b")


def test_one_file_is_one_group(tmp_path: Path) -> None:
    made = side(tmp_path / "a.parquet", x=[1, 2])
    groups = Groups.of(made, None)
    assert groups.by is None
    assert [column.to_pylist() for column in groups.columns(made, "x")] == [[1, 2]]


def test_an_unknown_column_cannot_group(tmp_path: Path) -> None:
    made = side(tmp_path / "a.parquet", x=[1], l=[[1]])
    for by in ("speed", "l"):
        with pytest.raises(SignalError, match=rf"column {by}: it cannot group rows\. Expected one of: x\."):
            Groups.of(made, by)


def test_too_many_values_cannot_group(tmp_path: Path) -> None:
    made = side(tmp_path / "a.parquet", x=list(range(10_001)))
    with pytest.raises(SignalError, match=r"10,001 different values\. Expected at most 10,000 groups"):
        Groups.of(made, "x")
