from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.signals.errors import SignalError
from include.signals.streaming import Columns, regrouped


@given(st.lists(st.integers(0, 25), max_size=12))
def test_rows_keep_their_order(sizes: list[int]) -> None:
    batches, start = [], 0
    for size in sizes:
        batches.append(pa.record_batch({"x": pa.array(range(start, start + size), pa.int64())}))
        start += size
    tables = list(regrouped(batches, rows=10))
    assert [x for table in tables for x in table["x"].to_pylist()] == list(range(start))
    assert all(table.num_rows <= 10 for table in tables)
    assert len(tables) <= 1 + 2 * start / 10 + len(sizes) / 2


def test_only_empty_batches_give_one_empty_table() -> None:
    empty = pa.record_batch({"x": pa.array([], pa.int64())})
    assert [table.num_rows for table in regrouped([empty, empty])] == [0]
    assert list(regrouped([])) == []


def test_another_schema_starts_a_new_table() -> None:
    found = regrouped([pa.record_batch({"x": [1]}), pa.record_batch({"x": [1.5]})])
    assert [table.schema.field("x").type for table in found] == [pa.int64(), pa.float64()]


@pytest.mark.parametrize("threads", [1, 2])
def test_workers_see_tables_in_order(threads: int) -> None:
    seen: dict[str, list[int]] = {"a": [], "b": []}
    workers = {name: (lambda column, name=name: seen[name].extend(column.to_pylist())) for name in seen}
    with Columns(threads) as pool:
        for start in range(0, 50, 5):
            values = list(range(start, start + 5))
            pool.submit(pa.table({"a": values, "b": values}), workers)
    assert seen == {"a": list(range(50)), "b": list(range(50))}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_workers_error_reaches_the_caller(threads: int) -> None:
    def fail(_: pa.Array) -> None:
        raise SignalError("no")

    with pytest.raises(SignalError, match="no"), Columns(threads) as pool:
        pool.submit(pa.table({"a": [1]}), {"a": fail})
