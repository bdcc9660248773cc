from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.signals.sample import RowSample, sampled


def batches(values: np.ndarray, rows: int) -> list[pa.RecordBatch]:
    return [pa.record_batch({"x": values[start : start + rows]}) for start in range(0, len(values), rows)]


def test_batches_do_not_change_the_sample() -> None:
    values = np.arange(10_000)
    found = [sampled(batches(values, rows), None, 100, seed=5)["x"].to_pylist() for rows in (10_000, 999, 37)]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 100
    assert found[0] == sorted(found[0])


def test_fewer_rows_are_all_kept() -> None:
    assert sampled(batches(np.arange(5), 2), ["x"], 100, seed=0)["x"].to_pylist() == [0, 1, 2, 3, 4]


def test_every_row_is_equally_likely() -> None:
    values = np.arange(1000)
    counts = np.zeros(1000)
    for seed in range(300):
        counts[sampled(batches(values, 100), None, 100, seed=seed)["x"].to_numpy()] += 1
    blocks = counts.reshape(10, 100).sum(axis=1)
    assert np.all(np.abs(blocks - 3000) < 4 * np.sqrt(3000 * 0.9))


def test_held_rows_are_bounded() -> None:
    sample = RowSample(50, seed=0)
    for start in range(0, 100_000, 20):
        sample.add(pa.table({"x": np.arange(start, start + 20)}))
        assert sample._held <= 120
    assert sample.table().num_rows == 50


def test_no_batch_gives_no_table() -> None:
    assert RowSample(5, seed=0).table() is None
    assert sampled([], None, 5, seed=0).num_rows == 0


def test_texts_of_different_dictionaries_are_joined() -> None:
    parts = [pa.record_batch({"c": pa.array(texts).dictionary_encode()}) for texts in (["a", "b"], ["c", "a"])]
    assert sampled(parts, None, 10, seed=0)["c"].to_pylist() == ["a", "b", "c", "a"]
