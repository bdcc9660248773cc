from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from include.errors import PolicyError
from include.policy.cells import Cell, compute, read_scores
from include.policy.example import straight_history
from include.policy.history import History
from include.policy.matrix import Job, Matrix, computed, fitting_workers
from include.policy.worker import read_plan, write_plan
from tests.include.policy.conftest import bench_of

FULL = Cell(2, "all", "full")


def test_cell_scores_later_partitions_only(tmp_path) -> None:
    bench = bench_of(straight_history(6), tmp_path)
    assert compute(bench, FULL, [3, 4, 5], bench.priority())
    scores = read_scores(bench, FULL)
    assert scores is not None
    assert np.isnan(scores.mean[:3]).all()
    assert (scores.mean[3:] > 0).all()
    assert scores.rows.tolist() == [0, 0, 0, 60, 60, 60]
    assert scores.train_seconds > 0


def test_kept_losses_have_the_mean(tmp_path) -> None:
    bench = bench_of(straight_history(4), tmp_path)
    compute(bench, FULL, [3], bench.priority())
    scores = read_scores(bench, FULL)
    assert scores is not None
    assert scores.losses[3].mean() == pytest.approx(scores.mean[3], rel=1e-5)


def test_computed_cell_is_not_computed_again(tmp_path) -> None:
    bench = bench_of(straight_history(5), tmp_path)
    compute(bench, FULL, [3, 4], bench.priority())
    assert not compute(bench, FULL, [3, 4], bench.priority())


def test_damaged_cell_is_computed_again(tmp_path) -> None:
    bench = bench_of(straight_history(5), tmp_path)
    compute(bench, FULL, [3, 4], bench.priority())
    before = read_scores(bench, FULL)
    os.truncate(bench.path(FULL), 100)
    assert read_scores(bench, FULL) is None
    assert computed(bench, tmp_path, [Job(FULL, (3, 4))], workers=0) == 1
    after = read_scores(bench, FULL)
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(after.mean, before.mean)


@pytest.mark.parametrize("workers", [0, 1])
def test_refused_label_is_told_without_a_trace(tmp_path, workers: int) -> None:
    history = straight_history(4, rows=20)
    history = replace(history, label=-np.abs(history.label) - 1)
    history.save(tmp_path / "history")
    bench = bench_of(history, tmp_path)
    bench.recipes["full"].parameters["objective"] = "count:poisson"
    with pytest.raises(PolicyError) as caught:
        computed(bench, tmp_path / "history", [Job(FULL, (3,))], workers=workers)
    assert "label must be non-negative" in str(caught.value)
    assert "check the target's values" in str(caught.value)
    assert "Stack trace" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_longer_history_scores_without_training(tmp_path) -> None:
    long = straight_history(8)
    short = bench_of(long.between(0, 4), tmp_path)
    compute(short, FULL, [3, 4], short.priority())
    before = read_scores(short, FULL)
    grown = bench_of(long, tmp_path)
    assert grown.path(FULL) == short.path(FULL)
    compute(grown, FULL, [3, 4, 5, 6, 7], grown.priority())
    after = read_scores(grown, FULL)
    assert before is not None
    assert after is not None
    assert after.train_seconds == before.train_seconds
    assert after.mean[3:5].tolist() == before.mean[3:5].tolist()
    fresh = bench_of(long, tmp_path / "fresh")
    compute(fresh, FULL, [5, 6, 7], fresh.priority())
    anew = read_scores(fresh, FULL)
    assert anew is not None
    assert after.mean[5:].tolist() == anew.mean[5:].tolist()


def test_other_settings_are_other_cells(tmp_path) -> None:
    bench = bench_of(straight_history(5), tmp_path)
    paths = {bench.path(Cell(2, w, k)) for w in ("all", "last(2)", "decay(2)") for k in ("full", "cheap")}
    assert len(paths) == 6
    assert bench.path(Cell(2, "all", "full", known_at=3)) not in paths


def test_changed_rows_are_another_cell(tmp_path) -> None:
    first, other = (bench_of(straight_history(5, turn=turn), tmp_path) for turn in (None, 1))
    assert first.path(FULL) != other.path(FULL)


def test_labels_unknown_then_are_not_learned(tmp_path) -> None:
    history = straight_history(4, delay_days=1)
    bench = bench_of(history, tmp_path)
    partly = Cell(2, "all", "full", known_at=2)
    compute(bench, partly, [3], bench.priority())
    compute(bench, Cell(1, "all", "full"), [3], bench.priority())
    one, other = read_scores(bench, partly), read_scores(bench, Cell(1, "all", "full"))
    assert one is not None
    assert other is not None
    assert one.mean[3] == other.mean[3]


def test_difference_is_paired(tmp_path) -> None:
    bench = bench_of(straight_history(5, turn=3), tmp_path)
    old, new = Cell(2, "all", "full"), Cell(3, "last(1)", "full")
    for cell in (old, new):
        compute(bench, cell, range(cell.cut + 1, 5), bench.priority())
    matrix = Matrix(bench)
    found = matrix.paired(old, new, 4)
    rows = matrix.scores(old).losses[4].astype(float) - matrix.scores(new).losses[4]
    assert found is not None
    assert found.mean == pytest.approx(matrix.mean(old, 4) - matrix.mean(new, 4))
    assert (found.scored, found.kept) == (60, 60)
    assert (found.total, found.squares) == pytest.approx((rows.sum(), (rows**2).sum()))


def test_difference_counts_only_known_rows(tmp_path) -> None:
    bench = bench_of(straight_history(5, turn=3), tmp_path)
    old, new = Cell(2, "all", "full"), Cell(3, "last(1)", "full")
    for cell in (old, new):
        compute(bench, cell, range(cell.cut + 1, 5), bench.priority())
    matrix = Matrix(bench)
    some = matrix.paired(old, new, 4, np.arange(60) < 7)
    assert some is not None
    assert (some.scored, some.kept) == (7, 7)
    assert matrix.paired(old, new, 4, np.zeros(60, bool)) is None
    assert matrix.paired(old, new, 3) is None
    assert not matrix.has(Cell(1, "all", "full"))


def test_cell_not_computed_is_told(tmp_path) -> None:
    with pytest.raises(PolicyError, match="compute it first"):
        Matrix(bench_of(straight_history(5), tmp_path)).scores(FULL)


def test_processes_agree_with_this_one(tmp_path) -> None:
    history = straight_history(6, rows=40)
    history.save(tmp_path / "history")
    jobs = [
        Job(Cell(cut, window, "cheap"), tuple(range(cut + 1, 6))) for cut in (2, 4) for window in ("all", "last(2)")
    ]
    here, there = bench_of(history, tmp_path / "here"), bench_of(history, tmp_path / "there")
    told: list[tuple[int, int]] = []
    assert computed(here, tmp_path / "history", jobs, workers=0) == 4
    assert computed(there, tmp_path / "history", jobs, workers=2, progress=lambda d, n: told.append((d, n))) == 4
    assert sorted(told) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for job in jobs:
        one, other = read_scores(here, job.cell), read_scores(there, job.cell)
        assert one is not None
        assert other is not None
        assert np.array_equal(one.mean, other.mean, equal_nan=True)
    assert computed(there, tmp_path / "history", jobs, workers=2) == 0


def test_killed_run_resumes_where_it_stopped(tmp_path) -> None:
    bench = bench_of(straight_history(5), tmp_path)
    jobs = [Job(Cell(cut, "all", "cheap"), (4,)) for cut in (1, 2, 3)]
    compute(bench, jobs[0].cell, jobs[0].wanted, bench.priority())
    (bench.path(jobs[1].cell).parent).mkdir(parents=True, exist_ok=True)
    bench.path(jobs[1].cell).with_suffix(".1234.tmp").write_bytes(b"half a file")
    assert computed(bench, tmp_path, jobs, workers=0) == 2


def test_failing_process_names_the_cell(tmp_path) -> None:
    history = straight_history(4, rows=20)
    history.save(tmp_path / "history")
    bench = bench_of(history, tmp_path)
    bench.recipes["full"].parameters["objective"] = "no:such"
    with pytest.raises(
        PolicyError, match=r"candidate on all up to 2020-01-08 \(partition 3\), training: xgboost refuses"
    ):
        computed(bench, tmp_path / "history", [Job(FULL, (3,))], workers=1)


def test_plan_describes_the_bench(tmp_path) -> None:
    history = straight_history(4)
    history.save(tmp_path / "history")
    bench = bench_of(history, tmp_path)
    write_plan(tmp_path, bench, tmp_path / "history")
    read = read_plan(tmp_path)
    assert (read.recipes, read.digests, read.folder) == (bench.recipes, bench.digests, bench.folder)
    assert read.path(FULL) == bench.path(FULL)


def test_workers_fit_into_memory(tmp_path) -> None:
    bench = bench_of(straight_history(4), tmp_path)
    assert fitting_workers(bench, 1) == 1
    assert fitting_workers(bench, 1 << 50) >= 1


def test_mapped_history_gives_equal_cells(tmp_path) -> None:
    history = straight_history(4)
    history.save(tmp_path / "history")
    mapped = bench_of(History.load(tmp_path / "history"), tmp_path / "mapped")
    direct = bench_of(history, tmp_path / "direct")
    for bench in (mapped, direct):
        compute(bench, FULL, [3], bench.priority())
    one, other = read_scores(mapped, FULL), read_scores(direct, FULL)
    assert one is not None
    assert other is not None
    assert one.mean[3] == other.mean[3]
