from __future__ import annotations

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.signals.heavy import HeavyHitters

TEXTS = st.lists(st.sampled_from("abcdefgh"), max_size=60)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(1, 4))
def test_counts_stay_within_their_error(parts: list[list[str]], capacity: int) -> None:
    summary = HeavyHitters(capacity=capacity)
    for part in parts:
        summary = summary.merge(HeavyHitters.of(pa.array(part, pa.string()), capacity))
    truth = Counter(text for part in parts for text in part)
    assert len(summary.counts) <= capacity
    assert summary.error <= truth.total() / (capacity + 1)
    for text, count in truth.items():
        assert summary.counts.get(text, 0) <= count <= summary.counts.get(text, 0) + summary.error


@given(TEXTS, TEXTS, st.integers(1, 4))
def test_merge_is_commutative(left: list[str], right: list[str], capacity: int) -> None:
    a, b = (HeavyHitters.of(pa.array(side, pa.string()), capacity) for side in (left, right))
    assert a.merge(b) == b.merge(a)


@given(TEXTS, TEXTS, TEXTS)
def test_merge_is_associative_while_all_fits(a: list[str], b: list[str], c: list[str]) -> None:
    x, y, z = (HeavyHitters.of(pa.array(side, pa.string())) for side in (a, b, c))
    assert x.merge(y).merge(z) == x.merge(y.merge(z))
    assert x.merge(y).error == 0


def test_many_different_texts_leave_the_heavy_one() -> None:
    texts = pa.array([f"id-{i}" for i in range(100_000)] + ["new"] * 5_000)
    summary = HeavyHitters.of(texts)
    assert summary.ranked() == [("new", 4_999)]
    assert summary.error == 1


def test_dictionary_gives_the_same() -> None:
    texts = pa.array(["a", None, "b", "a"])
    assert HeavyHitters.of(texts.dictionary_encode()) == HeavyHitters.of(texts)
    repeated = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1]), pa.array(["a", "a"]))
    assert HeavyHitters.of(repeated) == HeavyHitters({"a": 3})


def test_equal_summaries_are_one() -> None:
    assert len({HeavyHitters({"a": 1, "b": 2}), HeavyHitters({"b": 2, "a": 1})}) == 1
    assert HeavyHitters({"a": 1}) != "a"
