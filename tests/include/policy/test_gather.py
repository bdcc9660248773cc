from __future__ import annotations

import os
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import PolicyError
from include.policy.backtest import run_backtest
from include.policy.gather import gathered, gathered_once
from include.policy.options import Options
from include.project import Project


def _dataset(root, name: str, text: str) -> None:
    (root / "datasets").mkdir(exist_ok=True)
    (root / "datasets" / f"{name}.yaml").write_text(f"name: {name}\ndescription: Rows.\nowner: {{name: Team}}\n{text}")


def _model(root, text: str) -> None:
    (root / "models").mkdir(exist_ok=True)
    start = "name: demand\ndescription: Demand.\nowner: {name: Team}\nrows: rows\n"
    learner = "learner: {rounds: 12, parameters: {max_depth: 2, eta: 0.3}}\n"
    (root / "models" / "demand.yaml").write_text(start + learner + text)


def _folder(root, months: int = 9, rows: int = 40) -> None:
    """Write `period=…/part-0.parquet`, as people keep them elsewhere."""
    draw = np.random.default_rng(4)
    for month in range(months):
        number = draw.normal(size=rows)
        kind = draw.choice(["a", "b"], rows)
        folder = root / "data" / f"period=2021-{month + 1:02d}"
        folder.mkdir(parents=True)
        target = number * (1 if month < 5 else -1) + (kind == "a")
        pq.write_table(pa.table({"number": number, "kind": kind, "target": target}), folder / "part-0.parquet")


@pytest.fixture
def elsewhere(tmp_path):
    _folder(tmp_path)
    _dataset(
        tmp_path,
        "rows",
        f"source: {{kind: files, path: {tmp_path / 'data'}}}\npartition: month\noutcome: [target]\n",
    )
    _model(tmp_path, "task: regression\ntarget: {dataset: rows, column: target}\n")
    return tmp_path


def _project(root) -> Project:
    return Project.open(environ={"NIGHTSHIFT_CONFIG": str(root), "NIGHTSHIFT_HOME": str(root / "home")})


def test_folder_of_periods_is_read(elsewhere) -> None:
    history = gathered(_project(elsewhere), "demand")
    assert [p.key for p in history.partitions][:2] == ["2021-01-01", "2021-02-01"]
    assert (history.names, history.kinds) == (("number", "kind"), ("q", "c"))
    assert history.rows.tolist() == [40] * 9
    assert history.known[0] == datetime(2021, 1, 1, tzinfo=UTC).timestamp() * 1e6


def test_unchanged_files_are_read_once(elsewhere) -> None:
    project = _project(elsewhere)
    first, folder = gathered_once(project, "demand", elsewhere / "cache")
    stamp = (folder / "label.npy").stat().st_mtime_ns
    again, same = gathered_once(project, "demand", elsewhere / "cache")
    assert same == folder
    assert (folder / "label.npy").stat().st_mtime_ns == stamp
    assert again.digests() == first.digests()


def test_damaged_copy_is_made_again(elsewhere) -> None:
    project = _project(elsewhere)
    first, folder = gathered_once(project, "demand", elsewhere / "cache")
    digests = first.digests()
    del first
    os.truncate(folder / "features.npy", 50)
    again, _ = gathered_once(project, "demand", elsewhere / "cache")
    assert again.digests() == digests


@pytest.mark.parametrize("kind", [pa.null(), pa.string(), pa.float64()])
def test_a_partition_without_values_says_nothing_of_types(elsewhere, kind: pa.DataType) -> None:
    before = gathered(_project(elsewhere), "demand")
    for month, columns in ((1, ("number",)), (4, ("kind",)), (9, ("number", "target"))):
        path = elsewhere / "data" / f"period=2021-{month:02d}" / "part-0.parquet"
        table = pq.read_table(path)
        for column in columns:
            place = table.schema.get_field_index(column)
            table = table.set_column(place, column, pa.nulls(table.num_rows, kind))
        pq.write_table(table, path)

    history = gathered(_project(elsewhere), "demand")

    assert (history.names, history.kinds) == (before.names, before.kinds)
    assert len(history) == 8  # the newest month has no label yet
    assert np.isnan(history.features[:40, 0]).all()
    assert np.isnan(history.features[120:160, 1]).all()
    assert history.features[40:120].tolist() == before.features[40:120].tolist()


def test_new_period_is_read_anew(elsewhere) -> None:
    project = _project(elsewhere)
    first, _ = gathered_once(project, "demand", elsewhere / "cache")
    new = elsewhere / "data" / "period=2021-10"
    new.mkdir()
    pq.write_table(pa.table({"number": [1.0], "kind": ["a"], "target": [1.0]}), new / "part-0.parquet")
    longer, _ = gathered_once(project, "demand", elsewhere / "cache")
    assert len(longer) == len(first) + 1
    assert longer.digests()[:9] == first.digests()


def test_backtest_runs_without_a_night(elsewhere) -> None:
    options = Options(workers=0, gates=False)
    result = run_backtest(_project(elsewhere), "demand", ["auto", "every(3)"], options)
    assert result["grain"] == "month"
    assert result["history"]["partitions"] == 3
    assert result["policies"]["always"]["mean_loss"] < result["policies"]["never"]["mean_loss"]
    assert (elsewhere / "home" / "models" / "demand" / "backtest" / "cells").is_dir()


def test_wrong_rule_is_told_before_anything_is_read(elsewhere) -> None:
    with pytest.raises(PolicyError, match="did you mean 'every'"):
        run_backtest(_project(elsewhere), "demand", ["evry(3)"])
    assert not (elsewhere / "home").exists()


def test_key_joins_labels_to_features(tmp_path) -> None:
    at = [datetime(2021, 1, day, 12, tzinfo=UTC) for day in (1, 1, 2, 3)]
    pq.write_table(
        pa.table({"id": [1, 2, 3, 4], "at": pa.array(at, pa.timestamp("us", "UTC")), "x": [1.0, 2.0, 3.0, 4.0]}),
        tmp_path / "rows.parquet",
    )
    pq.write_table(
        pa.table(
            {
                "id": [4, 2, 1],
                "at": pa.array([at[3], at[1], at[0]], pa.timestamp("us", "UTC")),
                "y": ["up", "down", "up"],
            }
        ),
        tmp_path / "outcomes.parquet",
    )
    common = "event_time: at\nkey: [id]\n"
    _dataset(tmp_path, "rows", f"source: {{kind: files, path: {tmp_path / 'rows.parquet'}}}\n{common}")
    _dataset(
        tmp_path, "outcomes", f"source: {{kind: files, path: {tmp_path / 'outcomes.parquet'}}}\noutcome: [y]\n{common}"
    )
    _model(tmp_path, "task: multiclass\ntarget: {dataset: outcomes, column: y, delay: 2d}\n")
    history = gathered(_project(tmp_path), "demand")
    assert history.classes == ("down", "up")
    assert history.label.tolist() == [1.0, 0.0, 1.0]
    assert history.features[:, 0].tolist() == [1.0, 2.0, 4.0]
    assert history.rows.tolist() == [2, 1]  # the day without a label is no night
    assert history.known[0] == datetime(2021, 1, 3, 12, tzinfo=UTC).timestamp() * 1e6


@pytest.mark.parametrize(("last", "count"), [("2021-04-01", 4), ("2021-04", 4), ("2021", 9), ("2030-01-01", 9)])
def test_last_partition_may_be_named_in_part(elsewhere, last: str, count: int) -> None:
    assert len(gathered(_project(elsewhere), "demand", last)) == count


def test_last_partition_before_the_history_is_explained(elsewhere) -> None:
    with pytest.raises(PolicyError, match="one from 2021-01-01 to"):
        gathered(_project(elsewhere), "demand", "2019-03-01")


def test_gap_counts_as_no_nights(elsewhere) -> None:
    for month in (3, 6):
        (elsewhere / "data" / f"period=2021-{month:02d}" / "part-0.parquet").unlink()
        (elsewhere / "data" / f"period=2021-{month:02d}").rmdir()
    empty = elsewhere / "data" / "period=2021-08" / "part-0.parquet"
    pq.write_table(pq.read_table(empty).slice(0, 0), empty)
    result = run_backtest(_project(elsewhere), "demand", ["every(2)"], Options(workers=0, first="2021-03-01"))
    assert result["partitions"] == ["2021-04-01", "2021-05-01", "2021-07-01", "2021-09-01"]
    assert all(np.isfinite(policy["mean_loss"]) for policy in result["policies"].values())
    assert "3 gaps without labelled rows" in result["note"]


def test_files_of_days_to_come_are_not_missed(tmp_path) -> None:
    (tmp_path / "data").mkdir()
    for day in (1, 2, 4):
        at = pa.array([datetime(2021, 1, day, hour, tzinfo=UTC) for hour in (3, 4)], pa.timestamp("us", "UTC"))
        table = pa.table({"at": at, "x": [1.0, 2.0], "y": [0.0, 1.0]})
        pq.write_table(table, tmp_path / "data" / f"2021-01-{day:02d}.parquet")
    source = f"source: {{kind: files, path: '{tmp_path / 'data'}/{{key}}.parquet'}}\nevent_time: at\noutcome: [y]\n"
    _dataset(tmp_path, "rows", f"{source}first_partition: 2021-01-01\nlast_partition: 2021-12-31\n")
    _model(tmp_path, "task: regression\ntarget: {dataset: rows, column: y}\n")
    history = gathered(_project(tmp_path), "demand")
    assert [p.key for p in history.partitions] == ["2021-01-01", "2021-01-02", "2021-01-04"]


def test_columns_that_change_between_partitions_keep_their_values(elsewhere) -> None:
    def rewrite(month: int, change) -> None:
        file = elsewhere / "data" / f"period=2021-{month:02d}" / "part-0.parquet"
        pq.write_table(change(pq.read_table(file)), file)

    before = gathered(_project(elsewhere), "demand").features
    whole = pa.array(range(40), pa.int64())  # no number lacks here, so that it is stored whole
    rewrite(1, lambda rows: rows.set_column(0, "number", whole))
    rewrite(3, lambda rows: rows.drop_columns("kind"))
    rewrite(5, lambda rows: rows.append_column("new", pa.array([2.5] * 40)))
    rewrite(6, lambda rows: rows.set_column(1, "kind", pa.nulls(40)))
    history = gathered(_project(elsewhere), "demand")
    assert history.names == ("number", "kind", "new")
    assert sorted(history.features[:40, 0]) == list(range(40))
    assert np.array_equal(history.features[40:, 0], before[40:, 0])
    assert np.isnan(history.features[80:120, 1]).all()
    assert np.isnan(history.features[200:240, 1]).all()
    assert np.isnan(history.features[:160, 2]).all()
    assert (history.features[160:200, 2] == 2.5).all()


def test_column_that_becomes_a_text_is_explained(elsewhere) -> None:
    file = elsewhere / "data" / "period=2021-04" / "part-0.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.set_column(0, "number", rows["number"].cast(pa.string())), file)
    with pytest.raises(
        PolicyError, match=r"column number: is of type string, and of type double before \(partition 2021-04"
    ):
        gathered(_project(elsewhere), "demand")
