from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import ModelError
from include.registry.manifest import Feature
from include.training.encode import Codebook, Encoder, Tally, regrouped, texts_of

NAN = float("nan")


def encoded(values, kind=None, **settings):
    """Return one column learned and encoded, and its feature."""
    batch = pa.record_batch({"x": pa.array(values, kind)})
    book = Codebook(["x"], **settings)
    matrix = book.matrix(batch)
    (feature,) = book.features()
    book.settle([matrix], [feature])
    np.testing.assert_array_equal(Encoder([feature]).matrix(batch), matrix)
    return matrix[:, 0].tolist(), feature


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None, 3], pa.int64(), [1.0, NAN, 3.0]),
        ([1, 255], pa.uint8(), [1.0, 255.0]),
        ([True, None, False], pa.bool_(), [1.0, NAN, 0.0]),
        ([0.5, NAN, None], pa.float64(), [0.5, NAN, NAN]),
        ([Decimal("1.50"), None], pa.decimal128(10, 2), [1.5, NAN]),
        ([None, None], pa.null(), [NAN, NAN]),
        ([None, None], pa.string(), [NAN, NAN]),
        ([], pa.float64(), []),
        ([], pa.string(), []),
        (["b", None, "a", "b"], pa.string(), [1.0, NAN, 0.0, 1.0]),
        (["b", None, "a"], pa.dictionary(pa.int32(), pa.string()), [1.0, NAN, 0.0]),
        (["é", "", " "], pa.large_string(), [2.0, 0.0, 1.0]),
    ],
)
def test_each_type_becomes_float32(values, kind, expected):
    np.testing.assert_array_equal(encoded(values, kind)[0], expected)


def test_numbers_may_be_categories():
    codes, feature = encoded([30, 10, 30], pa.int64(), categorical=["x"])
    assert codes == [1.0, 0.0, 1.0]
    assert feature == Feature(name="x", kind="category", arrow="int64", categories=("10", "30"))


def test_rare_texts_share_one_code():
    codes, feature = encoded(["a", "b", "b", "c", "c", "d"], max_categories=2)
    assert codes == [2.0, 0.0, 0.0, 1.0, 1.0, 2.0]
    assert (feature.categories, feature.other) == (("b", "c"), True)


def test_equally_frequent_texts_are_taken_by_spelling():
    assert encoded(["c", "b", "a"], max_categories=2)[1].categories == ("a", "b")


@pytest.mark.parametrize(("categories", "bucket"), [(("a",), "(other)"), (("(other)",), "((other))")])
def test_bucket_of_rare_texts_has_its_own_name(categories, bucket):
    feature = Feature(name="x", kind="category", arrow="string", categories=categories, other=True)
    assert texts_of(feature) == (*categories, bucket)


def test_unseen_texts_are_missing_and_counted():
    encoder = Encoder([Feature(name="x", kind="category", arrow="string", categories=("a", "b"))])
    tally = Tally()
    found = encoder.matrix(pa.record_batch({"x": ["a", "z", None, "z", "y"]}), tally)
    np.testing.assert_array_equal(found[:, 0], [0.0, NAN, NAN, NAN, NAN])
    assert (tally.rows, tally.unseen, tally.other) == (5, {"x": 3}, {})


def test_unseen_texts_join_the_bucket_of_rare_ones():
    encoder = Encoder([Feature(name="x", kind="category", arrow="string", categories=("a",), other=True)])
    tally = Tally()
    found = encoder.matrix(pa.record_batch({"x": ["z", "a", None]}), tally)
    np.testing.assert_array_equal(found[:, 0], [1.0, 0.0, NAN])
    assert (tally.unseen, tally.other) == ({}, {"x": 1})


def test_columns_are_found_by_name():
    features = [Feature(name=name, kind="number", arrow="double") for name in ("a", "b")]
    found = Encoder(features).matrix(pa.record_batch({"more": [9.0], "b": [2.0], "a": [1.0]}))
    assert found.tolist() == [[1.0, 2.0]]


def test_slices_of_batches_keep_their_rows():
    batch = pa.record_batch({"x": pa.array([1.0, None, 3.0, 4.0]), "s": ["a", "b", None, "b"]})
    book = Codebook(["x", "s"])
    np.testing.assert_array_equal(book.matrix(batch.slice(2)), [[3.0, NAN], [4.0, 0.0]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            pa.array([datetime(2013, 1, 1, tzinfo=UTC)]),
            r"feature 'x': is timestamp\[us, tz=UTC\]. Expected a number, a boolean or a text. "
            r"To do: take hour, weekday or an age in days from it in the SQL.",
        ),
        (pa.array([date(2013, 1, 1)]), r"feature 'x': is date32\[day\]"),
        (pa.array([[1.0]]), r"feature 'x': is list<item: double>"),
        (pa.array([1.0, float("inf")]), r"feature 'x': is infinite or beyond 3.4e38 in 1 rows"),
        (pa.array([-1e300, 1e39]), r"beyond 3.4e38 in 2 rows.*nullif"),
    ],
)
def test_what_is_no_number_is_refused(values, message):
    with pytest.raises(ModelError, match=message):
        encoded(values)


def test_missing_column_names_those_there():
    batch = pa.record_batch({"distance": [1.0], "_key": ["k"]})
    with pytest.raises(ModelError, match=r"feature 'x': is not in the rows. Expected it among distance\."):
        Encoder([Feature(name="x", kind="number", arrow="double")]).matrix(batch)


def test_text_where_a_number_was_trained_is_refused():
    with pytest.raises(ModelError, match="feature 'x': is string"):
        Encoder([Feature(name="x", kind="number", arrow="double")]).matrix(pa.record_batch({"x": ["a"]}))


def test_number_where_a_text_was_trained_is_refused():
    feature = Feature(name="x", kind="category", arrow="string", categories=("a",))
    with pytest.raises(ModelError, match=r"feature 'x': is double. Expected a text"):
        Encoder([feature]).matrix(pa.record_batch({"x": [1.0]}))


def test_type_change_between_batches_is_refused():
    book = Codebook(["x"])
    book.matrix(pa.record_batch({"x": [1.0]}))
    with pytest.raises(ModelError, match=r"feature 'x': is string in some rows. Expected double in all of them"):
        book.matrix(pa.record_batch({"x": ["a"]}))


@pytest.mark.parametrize("name", ["a[1]", "a<b", "b]"])
def test_names_that_xgboost_refuses_are_refused_early(name):
    with pytest.raises(ModelError, match=r"has one of \[ \] < in its name"):
        Codebook([name])


@settings(deadline=None)
@given(
    texts=st.lists(st.none() | st.sampled_from("abcdefgh"), max_size=60),
    cuts=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    most=st.integers(1, 8),
)
def test_codes_do_not_depend_on_the_batches(texts, cuts, most):
    table = pa.table({"x": pa.array(texts, pa.string())})
    whole, feature = encoded(texts, pa.string(), max_categories=most)
    book = Codebook(["x"], max_categories=most)
    matrices = [book.matrix(batch) for batch in _cut(table, cuts)]
    book.settle(matrices, book.features())
    assert book.features() == (feature,) or not texts
    np.testing.assert_array_equal(np.concatenate([m[:, 0] for m in matrices]) if matrices else [], whole)


def _cut(table, sizes):
    start, found = 0, []
    while start < len(table):
        size = sizes[len(found) % len(sizes)]
        found += table.slice(start, size).combine_chunks().to_batches()
        start += size
    return found


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 30), max_size=12), rows=st.integers(1, 25))
def test_regrouping_keeps_rows_and_order(sizes, rows):
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    batches = [pa.record_batch({"x": pa.array(range(a, b), pa.int64())}) for a, b in pairwise(starts)]
    found = list(regrouped(batches, rows))
    assert [x for batch in found for x in batch.column(0).to_pylist()] == list(range(starts[-1]))
    assert all(batch.num_rows == rows for batch in found[:-1])
    assert all(0 < batch.num_rows <= rows for batch in found)
