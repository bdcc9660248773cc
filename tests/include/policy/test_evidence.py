"""What a night learns from cheap candidates: stretches, ages, gains that the gate's hold-out leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from include.policy.cells import Cell, compute
from include.policy.evidence import View, probes_of
from include.policy.example import straight_history
from include.policy.matrix import Matrix
from include.policy.timeline import timeline
from tests.include.policy.conftest import bench_of

if TYPE_CHECKING:
    from pathlib import Path

    from include.policy.history import History

SHORT = ("all", "last(3)")  # a candidate every partition
LONG = ("all", "last(24)")  # one every third


def _seen(history: History, folder: Path, windows: tuple[str, ...], champion: int | None = None, kept: int = 0):
    bench = bench_of(history, folder)
    twin = None if champion is None else Cell(champion, "all", "cheap")
    view = View(timeline(history, 0), len(history) - 1, twin, windows, kept)
    for cell, places in view.asked().items():
        compute(bench, cell, places, bench.priority())
    return view, probes_of(Matrix(bench), view)


def test_stretches_are_as_long_as_steps(tmp_path) -> None:
    view, probes = _seen(straight_history(14), tmp_path, LONG)
    assert view.step == 3
    assert view.stretches() == [[3, 4, 5], [6, 7, 8], [9, 10, 11], [12, 13]]
    assert [pair.partition for pair in probes[0].pairs] == [
        "2020-01-11",
        "2020-01-14",
        "2020-01-17",
    ]  # two nights are few
    assert {cell.cut for cell in view.asked()} == {2, 5, 8, 11}


def test_candidate_is_judged_on_what_it_has_not_seen(tmp_path) -> None:
    view, _ = _seen(straight_history(14), tmp_path, LONG, champion=6, kept=2)
    assert all(place > cell.cut for cell, places in view.asked().items() for place in places)


def test_gain_is_measured_where_a_training_would_have_been_newer(tmp_path) -> None:
    _, probes = _seen(straight_history(12), tmp_path, SHORT, champion=6)
    assert [pair.partition[-2:] for pair in probes[0].pairs if pair.gain is not None] == ["14", "15", "16", "17"]
    (tmp_path / "kept").mkdir()
    _, gated = _seen(straight_history(12), tmp_path / "kept", SHORT, champion=6, kept=2)
    assert [pair.partition[-2:] for pair in gated[0].pairs if pair.gain is not None] == ["16", "17"]


def test_part_of_a_stretch_counts_as_a_part(tmp_path) -> None:
    _, probes = _seen(straight_history(20), tmp_path, ("all", "last(40)"), champion=4)  # a candidate every fifth
    assert [(pair.partition[-2:], pair.share) for pair in probes[0].pairs if pair.gain is not None] == [
        ("20", 1.0),
        ("25", 1.0),
    ]
    (tmp_path / "later").mkdir()
    _, probes = _seen(straight_history(18), tmp_path / "later", ("all", "last(40)"), champion=4)
    assert [(pair.partition[-2:], pair.share) for pair in probes[0].pairs if pair.gain is not None] == [
        ("20", 1.0),
        ("23", pytest.approx(3 / 5)),
    ]


def test_spread_between_nights_counts_where_it_is_larger(tmp_path) -> None:
    history = straight_history(16, rows=300)
    moods = np.repeat(np.array([0, 9] * 8, np.float32), np.diff(history.offsets))
    plain = _seen(history, tmp_path / "plain", ("all", "last(40)"), champion=3)[1][0].pairs[-1]
    moody = _seen(replace(history, label=history.label + moods), tmp_path / "moody", ("all", "last(40)"), champion=3)[
        1
    ][0].pairs[-1]
    assert plain.gain_error is not None
    assert moody.gain_error is not None
    assert moody.gain_error > 5 * plain.gain_error


def test_ageing_is_the_extra_loss_of_older_candidates(tmp_path) -> None:
    still = _seen(straight_history(20, rows=300), tmp_path / "still", SHORT)[1][0]
    moving = _seen(_moving(20, rows=300), tmp_path / "moving", SHORT)[1][1]
    assert moving.ageing > 10 * abs(still.ageing)


def test_long_ageing_looks_back_further_and_tells_its_error(tmp_path) -> None:
    still = straight_history(40, rows=60)
    days = np.repeat(np.arange(40), np.diff(still.offsets))
    moved = replace(still, label=(still.label + np.minimum(days, 20)).astype(np.float32))  # it moves, then stands still
    probe = _seen(moved, tmp_path / "moved", SHORT)[1][0]
    assert probe.long_ageing > 3 * probe.long_ageing_error > 0
    assert probe.long_ageing > 2 * abs(probe.ageing)
    calm = _seen(still, tmp_path / "still", SHORT)[1][0]
    assert abs(calm.long_ageing) < 3 * calm.long_ageing_error


def test_comparison_made_twice_is_made_once(tmp_path) -> None:
    history = straight_history(14)
    bench = bench_of(history, tmp_path)
    view, probes = _seen(history, tmp_path, SHORT)
    matrix = Matrix(bench)
    assert probes_of(matrix, view) == probes
    known = dict(matrix.differences)
    assert known
    matrix.paired = None  # type: ignore[method-assign,assignment]
    assert probes_of(matrix, view) == probes
    assert matrix.differences == known


def test_edge_is_that_of_fresh_and_older_candidates(tmp_path) -> None:
    history = _moving(14, rows=60)
    _, probes = _seen(history, tmp_path, SHORT)
    matrix, pair = Matrix(bench_of(history, tmp_path)), probes[1].pairs[-1]
    found = [matrix.paired(Cell(cut, "all", "cheap"), Cell(cut, "last(3)", "cheap"), 13) for cut in (12, 11, 10)]
    assert pair.edge == pytest.approx(np.mean([one.mean for one in found if one]))
    assert pair.edge > found[0].mean + 1  # all history lags by more days, and falls behind by more with each


def test_window_that_is_only_right_when_fresh_has_no_edge(tmp_path) -> None:
    history = straight_history(36, rows=60)
    days = np.repeat(np.arange(36), np.diff(history.offsets))
    waves = replace(history, label=(history.label + 3 * np.sin(2 * np.pi * days / 16)).astype(np.float32))
    _, probes = _seen(waves, tmp_path, SHORT)
    matrix = Matrix(bench_of(waves, tmp_path))
    places = range(24, 36)
    fresh = [matrix.paired(Cell(p - 1, "all", "cheap"), Cell(p - 1, "last(3)", "cheap"), p).mean for p in places]
    assert np.mean(fresh) > 0.5
    assert np.mean([pair.edge for pair in probes[1].pairs]) < 0


def test_partitions_of_one_row_are_pooled(tmp_path) -> None:
    view, probes = _seen(straight_history(40, rows=1), tmp_path, ("all", "last(80)"))  # ten rows a stretch
    assert view.step == 10
    assert len(probes[0].pairs) == 3
    assert all(pair.edge_error == 0.0 for pair in probes[0].pairs)
    aged = [
        pair for pair in _seen(straight_history(40, rows=1), tmp_path, ("all", "last(80)"), 4)[1][0].pairs if pair.gain
    ]
    assert all(pair.gain_error > 0 for pair in aged)


def test_too_few_rows_say_nothing(tmp_path) -> None:
    _, probes = _seen(straight_history(12, rows=4), tmp_path, SHORT)
    assert probes[0].pairs == ()


def test_partitions_without_rows_are_left_out(tmp_path) -> None:
    whole = straight_history(12)
    start, end = int(whole.offsets[5]), int(whole.offsets[7])
    kept = np.r_[0:start, end : len(whole.label)]
    offsets = whole.offsets.copy()
    offsets[6:] -= np.minimum(offsets[6:], end) - start
    rows = whole.rows.copy()
    rows[5:7] = 0
    empty = replace(
        whole,
        features=whole.features[kept],
        label=whole.label[kept],
        known=whole.known[kept],
        offsets=offsets,
        rows=rows,
    )
    _, probes = _seen(empty, tmp_path, SHORT, champion=3)
    assert not {"2020-01-11", "2020-01-12"} & {pair.partition for pair in probes[0].pairs}
    assert all(np.isfinite(pair.candidate) for pair in probes[0].pairs)


def _moving(count: int, rows: int) -> History:
    """Return days on which the outcome's level rises by one a day."""
    history = straight_history(count, rows=rows)
    days = np.repeat(np.arange(count), np.diff(history.offsets))
    return replace(history, label=(history.label + days).astype(np.float32))
