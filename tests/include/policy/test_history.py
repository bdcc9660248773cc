from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from include.errors import PolicyError
from include.partitions import partition_at, partitions_between
from include.policy.example import straight_history
from include.policy.history import History, history_of_arrays

FIRST = partition_at(datetime(2020, 1, 1, tzinfo=UTC), "day", "UTC")
DAYS = partitions_between(FIRST, FIRST.shifted(2))
TOLD = {"model": "m", "task": "regression", "names": ("a",), "kinds": ("q",), "classes": ()}


def _made() -> History:
    places = np.array([2, 0, 1, 0, 2])
    label = np.array([5.0, 1.0, np.nan, 2.0, 6.0])
    features = np.arange(5, dtype=np.float32)[:, None]
    return history_of_arrays(DAYS, places, features, label, np.full(5, 7), **TOLD)


def test_rows_are_ordered_by_partition() -> None:
    history = _made()
    assert history.label.tolist() == [1.0, 2.0, 5.0, 6.0]
    assert history.features[:, 0].tolist() == [1.0, 3.0, 0.0, 4.0]
    assert history.offsets.tolist() == [0, 2, 2, 4]


def test_unlabelled_rows_are_counted_only() -> None:
    assert _made().rows.tolist() == [2, 1, 2]


def test_history_without_labels_is_refused() -> None:
    with pytest.raises(PolicyError, match="none of 2 rows has a label"):
        history_of_arrays(DAYS, np.array([0, 1]), np.zeros((2, 1), np.float32), np.full(2, np.nan), np.zeros(2), **TOLD)


def test_saved_history_loads_equal(tmp_path) -> None:
    history = straight_history(5, task="multiclass")
    history.save(tmp_path)
    loaded = History.load(tmp_path)
    assert loaded.partitions == history.partitions
    assert (loaded.names, loaded.kinds, loaded.classes) == (history.names, history.kinds, history.classes)
    assert np.array_equal(loaded.features, history.features)
    assert loaded.digests() == history.digests()


def test_digest_tells_content() -> None:
    history, other = straight_history(3), straight_history(3, turn=2)
    assert history.digests()[:2] == other.digests()[:2]
    assert history.digests()[2] != other.digests()[2]


def test_part_of_a_history_keeps_its_rows() -> None:
    history = straight_history(6, rows=10)
    part = history.between(2, 4)
    assert len(part) == 3
    assert part.digests() == history.digests()[2:5]


def test_sample_is_the_same_every_time() -> None:
    history = straight_history(3, rows=50)
    first = history.sample(1, 20)
    assert first.tolist() == history.sample(1, 20).tolist()
    assert len(first) == 20
    assert 50 <= first.min() <= first.max() < 100
    assert history.sample(1, 80).tolist() == list(range(50, 100))
