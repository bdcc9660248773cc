"""Rows have the same hash whatever their batch and type of text, and other rows another."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.evidence.hashes import RowHashes, row_hashes

WORDS = ["", "a", "aa", "b", "ab", "ba", "Ärger", "a\x00", None, "north", "northwest"]


def test_texts_hash_as_themselves_in_any_batch() -> None:
    whole = row_hashes(pa.table({"x": WORDS}), ["x"])
    assert np.unique(whole).size == len(WORDS)
    parts = [row_hashes(pa.table({"x": pa.array([word], pa.string())}), ["x"])[0] for word in WORDS]
    assert whole.tolist() == [int(one) for one in parts]
    sliced = pa.table({"x": pa.array(["other", *WORDS]).slice(1)})
    assert row_hashes(sliced, ["x"]).tolist() == whole.tolist()
    coded = pa.table({"x": pa.array(WORDS).dictionary_encode()})
    assert row_hashes(coded, ["x"]).tolist() == whole.tolist()


def test_many_texts_hardly_collide() -> None:
    found = row_hashes(pa.table({"x": [f"customer {place}" for place in range(50_000)]}), ["x"])
    assert np.unique(found).size == 50_000


@pytest.mark.parametrize(("rows", "share", "different"), [([1, 1, 2, 3], 0.25, 3), ([5], 0.0, 1), ([], 0.0, 0)])
def test_repeats_are_counted(rows: list[int], share: float, different: int) -> None:
    found = RowHashes()
    found.add(row_hashes(pa.table({"x": pa.array(rows, pa.int64())}), ["x"]))
    assert found.duplicate_share() == share
    assert found.sketch().size == different


@pytest.mark.parametrize(
    "kind",
    [
        pa.date32(),
        pa.date64(),
        pa.time32("s"),
        pa.time64("us"),
        pa.timestamp("us", "UTC"),
        pa.duration("ms"),
        pa.int8(),
        pa.float32(),
        pa.decimal128(9, 2),
        pa.bool_(),
        pa.string(),
        pa.binary(),
        pa.list_(pa.int64()),
    ],
)
def test_every_type_of_a_table_is_hashed(kind: pa.DataType) -> None:
    told = {"bool": [True, False], "binary": [b"\xff", b"b"], "list<item: int64>": [[1], [1, 2]]}
    days = pa.array([86_400_000, 172_800_000])
    values = pa.array(told[str(kind)], kind) if str(kind) in told else _as(days, kind)
    found = row_hashes(pa.table({"x": pa.concat_arrays([values, pa.nulls(1, kind)])}), ["x"])
    assert np.unique(found).size == 3


def _as(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return pa.array([1, 2], pa.int32()).cast(kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_string(kind):
        return pa.array([1, 2]).cast(kind if not pa.types.is_decimal(kind) else pa.decimal128(21, 2)).cast(kind)
    return values.cast(kind)
