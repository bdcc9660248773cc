"""The signals that library rules and alarms look at: `drift`, `adwin`, `alarms`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from include.policy.adwin import Adwin
from include.policy.alarms import Alarms
from include.policy.cells import Cell
from include.policy.drift import Drift
from include.policy.example import straight_history
from include.policy.matrix import Matrix
from include.policy.timeline import timeline
from tests.include.policy.conftest import bench_of, world_of

CHAMPION = Cell(3, "all", "full")


def _drift(history, tmp_path) -> Drift:
    return Drift(Matrix(bench_of(history, tmp_path)), timeline(history, 0), 3)


def test_psi_is_small_without_change(tmp_path) -> None:
    drift = _drift(straight_history(8, rows=2000), tmp_path)
    assert drift.signal("psi", 6, 3, CHAMPION) < 0.05


def test_psi_is_that_of_the_most_shifted_feature(tmp_path) -> None:
    history = straight_history(8, rows=2000)
    features = history.features.copy()
    features[history.offsets[6] :, 1] += 2
    drift = _drift(replace(history, features=features), tmp_path)
    assert drift.signal("psi", 6, 3, CHAMPION) > 1
    assert drift.signal("psi", 5, 3, CHAMPION) < 0.05


def test_share_counts_drifted_features(tmp_path) -> None:
    history = straight_history(8, rows=2000)
    features = history.features.copy()
    features[history.offsets[6] :, 1] += 2
    drift = _drift(replace(history, features=features), tmp_path)
    assert drift.signal("drift_share", 5, 3, CHAMPION) == 0.0
    assert drift.signal("drift_share", 6, 3, CHAMPION) == 0.5


def test_small_references_are_tested_by_p_value(tmp_path) -> None:
    history = straight_history(8, rows=100)
    features = history.features.copy()
    features[history.offsets[6] :, 0] += 1
    drift = _drift(replace(history, features=features), tmp_path)
    assert drift.signal("drift_share", 6, 3, CHAMPION) >= 0.5


def test_categories_are_compared_by_share(tmp_path) -> None:
    history = straight_history(8, rows=2000)
    features = np.random.default_rng(2).integers(0, 3, history.features.shape).astype(np.float32)
    features[history.offsets[6] :, 0] = 2
    drift = _drift(replace(history, features=features, kinds=("c", "c")), tmp_path)
    assert drift.signal("drift_share", 5, 3, CHAMPION) == 0.0
    assert drift.signal("drift_share", 6, 3, CHAMPION) == 0.5


def test_missing_values_are_a_bin(tmp_path) -> None:
    history = straight_history(8, rows=500)
    features = history.features.copy()
    features[history.offsets[6] : history.offsets[7], 0] = np.nan
    drift = _drift(replace(history, features=features), tmp_path)
    assert drift.signal("psi", 6, 3, CHAMPION) > 5


def test_adwin_cuts_after_the_turn(tmp_path) -> None:
    world = world_of(straight_history(16, rows=100, turn=9), tmp_path)
    champion = world.first().cell
    cuts = [world.drift.signal("adwin", night, 3, champion) for night in range(5, 15)]
    assert cuts[:4] == [0.0] * 4
    assert cuts[-1] > 0


def test_adwin_keeps_still_on_a_steady_stream() -> None:
    adwin = Adwin()
    for value in np.random.default_rng(1).random(20_000):
        adwin.add(value)
    assert adwin.cuts == 0


def test_adwin_forgets_the_old_level() -> None:
    adwin = Adwin()
    for value in [0.2] * 500 + [0.8] * 500:
        adwin.add(value)
    assert adwin.cuts >= 1
    assert adwin._total / adwin._count > 0.7


def test_alarm_names_the_feature_that_moved(tmp_path) -> None:
    history = straight_history(60, rows=200)
    features = history.features.copy()
    features[history.offsets[45] :, 1] += 3
    shifted = replace(history, features=features)
    drift = Drift(Matrix(bench_of(shifted, tmp_path)), timeline(shifted, -1000), 35)
    drift.time.newest[:] = 35  # no labels: only the data are watched
    alarms = Alarms(drift)
    champion = Cell(35, "all", "full")
    assert alarms.open(44, 35, champion) == ()
    assert [alarm.subject for alarm in alarms.open(58, 35, champion)] == ["b"]


def test_training_answers_alarms(tmp_path) -> None:
    history = straight_history(60, rows=100)
    drift = Drift(Matrix(bench_of(history, tmp_path)), timeline(history, -1000), 35)
    drift.time.newest[:] = 35
    assert Alarms(drift).open(50, 49, Cell(35, "all", "full")) == ()


def test_adwin_of_a_night_does_not_depend_on_nights_asked_about_before(tmp_path) -> None:
    history = straight_history(12, rows=200)
    jump = np.repeat(np.where(np.arange(12) >= 8, 20, 0), np.diff(history.offsets)).astype(np.float32)
    history = replace(history, label=history.label + jump)
    world = world_of(history, tmp_path)
    cell = world.first().cell
    late_first = world.drift
    fresh = Drift(world.matrix, world.time, world.setup.start)
    after = late_first.signal("adwin", 11, 3, cell)
    assert after > 0
    assert [late_first.signal("adwin", night, 3, cell) for night in range(4, 12)] == [
        fresh.signal("adwin", night, 3, cell) for night in range(4, 12)
    ]
    assert late_first.signal("adwin", 5, 3, cell) == 0


def test_feature_that_comes_later_is_none_yet(tmp_path) -> None:
    history = straight_history(8, rows=2000)
    features = history.features.copy()
    features[history.offsets[6] :, 0] += 2
    shifted = _drift(replace(history, features=features), tmp_path)
    assert shifted.signal("drift_share", 6, 3, CHAMPION) == 0.5
    late = np.full((len(features), 1), np.nan, np.float32)
    late[history.offsets[7] :] = 1.0
    wider = replace(
        history, features=np.hstack([features, late]), names=(*history.names, "late"), kinds=(*history.kinds, "q")
    )
    (tmp_path / "wider").mkdir()
    assert _drift(wider, tmp_path / "wider").signal("drift_share", 6, 3, CHAMPION) == 0.5
