from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.errors import ModelError
from include.training.blocks import encode_rows
from tests.include.training.made import FEATURES, flights, replaced, rows_of


def encode(table, **settings):
    return encode_rows(rows_of(table)(), **({"features": FEATURES} | settings))


def test_rows_keep_their_order_in_blocks(monkeypatch):
    monkeypatch.setattr("include.training.encode.regrouped.__defaults__", (400,))
    table = flights()
    with encode(table) as found:
        assert [len(block.label) for block in found.blocks] == [400, 400, 200]
        assert found.labels.tolist() == table["label"].to_pylist()
        assert found.weights is None


def test_large_rows_go_to_disk_and_leave_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("include.training.encode.regrouped.__defaults__", (400,))
    table = flights()
    with encode(table, memory_bytes=400 * 4 * len(FEATURES)) as found, encode(table) as held:
        assert (found.spilled, held.spilled) == (True, False)
        assert [isinstance(block.matrix, np.memmap) for block in found.blocks] == [False, True, True]
        assert found.sha256 == held.sha256
        assert len(list(tmp_path.glob("nightshift-train-*/*"))) == 2
    assert list(tmp_path.iterdir()) == []


def test_weight_follows_the_partition():
    table = pa.table({"x": [1.0, 2.0, 3.0], "label": [0.0, 1.0, 0.0], "_partition": ["b", "a", "b"]})
    found = encode(table, features=["x"], weights={"a": 0.5, "b": 1.0})
    assert found.weights.tolist() == [1.0, 0.5, 1.0]


def test_partition_without_weight_is_refused():
    with pytest.raises(ModelError, match="partition '2013-01-01' has no weight"):
        encode(flights(), weights={"2013-01-02": 1.0})


def test_ranks_go_by_partition_then_order():
    table = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "label": [0.0] * 4, "_partition": ["b", "a", "b", "a"]})
    found = encode(table, features=["x"])
    (older,), (newer,) = found.between(0, 3), found.between(3, 4)
    assert older.matrix[:, 0].tolist() == [1.0, 2.0, 4.0]
    assert newer.matrix[:, 0].tolist() == [3.0]


@pytest.mark.parametrize("label", [None, float("nan"), float("inf")])
def test_rows_without_label_are_refused(label):
    labels = flights()["label"].to_pylist()
    labels[5] = label
    with pytest.raises(ModelError, match=r"1 of 1000 labels of a batch are missing or infinite.*mature label only"):
        encode(replaced(flights(), "label", labels))


def test_rows_without_label_column_are_refused():
    with pytest.raises(ModelError, match="have no column 'label'"):
        encode(flights().drop_columns("label"))


def test_digest_tells_order_and_content():
    table = flights()
    with encode(table) as found:
        original = found.sha256
    with encode(table.take(np.arange(1000)[::-1])) as reversed_rows:
        assert reversed_rows.sha256 != original
    with encode(table, weights=dict.fromkeys(set(table["_partition"].to_pylist()), 1.0)) as weighted:
        assert weighted.sha256 != original
