from __future__ import annotations

import pyarrow as pa
import pytest

from include.signals.errors import SignalError
from include.signals.profile import Profile, edges_from, profile
from include.signals.profile_rows import PROFILE_SCHEMA, from_rows, to_rows

REFERENCE = pa.record_batch({"x": [1.0, None, 3.5, 2.25], "c": ["a", "é", None, "a"], "n": pa.nulls(4)})
EDGES = edges_from([REFERENCE])
TONIGHT = profile([pa.record_batch({"x": [0.1, 9.0], "c": ["z", "a"], "n": pa.nulls(2)})], EDGES)


def test_rows_follow_the_schema() -> None:
    rows = to_rows(TONIGHT)
    assert rows.schema == PROFILE_SCHEMA
    assert rows["subject"].to_pylist() == ["x", "c", "n"]
    assert rows["kind"].to_pylist() == ["numeric", "categorical", "numeric"]
    assert set(rows["reference"].to_pylist()) == {EDGES.id}
    assert rows["edges"].to_pylist() == [None, None, None]
    assert rows["counts"].to_pylist() == [[0, 0, 0], [1, 0], []]
    assert rows["unseen"].to_pylist() == [None, 1, None]
    assert rows["mean"].to_pylist() == [pytest.approx(4.55), None, None]
    assert rows["heavy"].to_pylist()[1] == [{"value": "z", "count": 1}]


def test_rows_give_the_same_profile() -> None:
    assert from_rows(to_rows(TONIGHT), EDGES) == TONIGHT
    assert from_rows(to_rows(Profile.empty(EDGES)), EDGES) == Profile.empty(EDGES)


def test_reference_rows_hold_their_edges() -> None:
    reference = profile([REFERENCE], EDGES)
    rows = to_rows(reference, with_edges=True).append_column("_partition", pa.array(["reference"] * 3))
    again = from_rows(rows)
    assert again == reference
    assert again.edges.id == EDGES.id


def test_rows_without_edges_need_them() -> None:
    with pytest.raises(SignalError, match="its rows hold no edges"):
        from_rows(to_rows(TONIGHT))


def test_rows_of_another_reference_are_refused() -> None:
    other = edges_from([pa.record_batch({"x": [1.0], "c": ["a"], "n": pa.nulls(1)})])
    with pytest.raises(SignalError, match=r"profile of x: reference [0-9a-f]{12}\. Expected [0-9a-f]{12}"):
        from_rows(to_rows(TONIGHT), other)


def test_missing_subject_is_an_error() -> None:
    with pytest.raises(SignalError, match="profile: no row for n"):
        from_rows(to_rows(TONIGHT).slice(0, 2), EDGES)
