from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.signals.categorical import CategoricalCounter, CategoricalProfile
from include.signals.edges import CategoricalEdges
from include.signals.errors import SignalError
from include.signals.heavy import HeavyHitters

EDGES = CategoricalEdges("c", ("a", "b"), True)
TEXTS = st.lists(st.sampled_from(["a", "b", "new", "", None]), max_size=30)


def of(texts: list[str | None]) -> CategoricalProfile:
    return CategoricalProfile.of(pa.array(texts, pa.string()), EDGES)


def test_every_row_is_counted_once() -> None:
    profile = of(["a", "b", "b", None, "z", "z", "y"])
    assert (profile.rows, profile.nulls, profile.unseen, profile.counts.tolist()) == (7, 1, 3, [1, 2])
    assert profile.heavy.ranked() == [("z", 2), ("y", 1)]
    assert profile.n == 6
    assert profile.cells.tolist() == [1, 2, 3]


@given(TEXTS, TEXTS, TEXTS)
def test_merge_is_associative_and_commutative(a: list[str], b: list[str], c: list[str]) -> None:
    x, y, z = of(a), of(b), of(c)
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == z.merge(y).merge(x)
    assert x.merge(y).merge(z) == of(a + b + c)


@given(TEXTS)
def test_dictionary_and_rows_give_the_same(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    assert CategoricalProfile.of(column.dictionary_encode(), EDGES) == of(texts)
    again = CategoricalProfile.from_row(of(texts).to_row(), EDGES)
    assert again == of(texts)
    assert hash(again) == hash(of(texts))


def test_a_million_new_texts_stay_bounded() -> None:
    counter = CategoricalCounter(EDGES)
    for start in range(0, 200_000, 50_000):
        counter.add(pa.array([f"id {i}" for i in range(start, start + 50_000)]))
    assert counter.profile.unseen == 200_000
    assert len(counter.profile.heavy.counts) <= 64
    assert counter.profile.heavy.error <= 200_000 / 65


def test_numbers_can_be_categories() -> None:
    counter = CategoricalCounter(CategoricalEdges("c", ("1", "2"), True))
    counter.add(pa.array([1, 2, 2, 7, None]))
    counter.add(pa.nulls(2))
    assert counter.profile.counts.tolist() == [1, 2]
    assert counter.profile.heavy == HeavyHitters({"7": 1})
    assert counter.profile.nulls == 3


def test_lists_are_refused() -> None:
    with pytest.raises(SignalError, match="column c: type list<item: int64>"):
        CategoricalCounter(EDGES).add(pa.array([[1]]))


def test_wrong_number_of_counts_is_refused() -> None:
    with pytest.raises(SignalError, match="column c: 1 counts"):
        CategoricalProfile(EDGES, counts=of(["a"]).counts[:1])
