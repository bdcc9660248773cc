from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.signals.errors import SignalError
from include.signals.profile import Profile, edges_from, profile

ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.floats(-5, 5)), st.sampled_from(["a", "b", "z", None]), st.booleans()),
    max_size=40,
)
REFERENCE = pa.record_batch({"x": [0.0, 1.0, 2.0, 3.0], "c": ["a", "b", "b", "b"], "flag": [True, False, True, True]})
EDGES = edges_from([REFERENCE])


def batch(rows: list[tuple[float | None, str | None, bool]]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    return pa.record_batch(
        {
            "x": pa.array(columns[0], pa.float64()),
            "c": pa.array(columns[1], pa.string()),
            "flag": pa.array(columns[2], pa.bool_()),
        }
    )


def same(left: Profile, right: Profile) -> bool:
    if left.rows != right.rows or left.edges != right.edges:
        return False
    x, y = left.numeric("x").to_row(), right.numeric("x").to_row()
    floats = {name for name, value in x.items() if isinstance(value, float)}
    exact = all(x[name] == y[name] for name in x.keys() - floats)
    close = all(np.isclose(x[name], y[name], rtol=1e-9, atol=1e-6) for name in floats)
    return exact and close and all(left.subjects[name] == right.subjects[name] for name in ("c", "flag"))


@given(ROWS, ROWS, ROWS)
def test_merge_is_associative_and_commutative(a: list, b: list, c: list) -> None:
    x, y, z = (profile([batch(rows)], EDGES, threads=1) for rows in (a, b, c))
    assert same(x.merge(y).merge(z), x.merge(y.merge(z)))
    assert same(x + y, y + x)


@given(ROWS, st.integers(1, 7))
@settings(max_examples=50)
def test_cutting_rows_into_batches_does_not_matter(rows: list, size: int) -> None:
    parts = [batch(rows[start : start + size]) for start in range(0, len(rows), size)]
    whole = profile([batch(rows)], EDGES, threads=1)
    assert same(profile(parts, EDGES, threads=2), whole)
    total = Profile.empty(EDGES)
    for part in parts:
        total = total.merge(profile([part], EDGES, threads=1))
    assert same(total, whole)


def test_threads_give_identical_bits() -> None:
    random = np.random.default_rng(0)
    table = pa.table({f"x{i}": random.standard_t(3, 150_000) for i in range(4)})
    edges = edges_from(table.to_batches())
    one, two = (profile(table.to_batches(max_chunksize=40_000), edges, threads=threads) for threads in (1, 2))
    assert one == two
    assert one.numeric("x3").moments == two.numeric("x3").moments


def test_bools_are_categories() -> None:
    assert profile([REFERENCE], EDGES).categorical("flag").counts.tolist() == [1, 3]


def test_no_batch_is_the_empty_profile() -> None:
    assert profile([], EDGES) == Profile.empty(EDGES)
    assert profile([REFERENCE.slice(0, 0)], EDGES).rows == 0


def test_other_columns_do_not_matter() -> None:
    wider = pa.record_batch({"extra": [[1]] * 4, **{name: REFERENCE.column(name) for name in ("flag", "c", "x")}})
    assert profile([wider], EDGES) == profile([REFERENCE], EDGES)


def test_missing_column_is_an_error() -> None:
    with pytest.raises(SignalError, match="column flag: it is missing"):
        profile([REFERENCE.select(["x", "c"])], EDGES)


def test_profiles_of_other_bins_do_not_merge() -> None:
    other = edges_from([pa.record_batch({"x": [1.0]})])
    with pytest.raises(
        SignalError, match=r"profiles: references [0-9a-f]{12} and [0-9a-f]{12}\. Expected one reference"
    ):
        Profile.empty(EDGES).merge(Profile.empty(other))


def test_wrong_kind_of_column_is_an_error() -> None:
    found = Profile.empty(EDGES)
    with pytest.raises(SignalError, match=r"column c: no numeric column of that name\. Expected one of: x\."):
        found.numeric("c")
    with pytest.raises(SignalError, match=r"column x: no categorical column of that name\. Expected one of: c, flag\."):
        found.categorical("x")
