from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest

from include.config.model import Learner
from include.errors import ModelError
from include.registry.manifest import Manifest
from include.scoring.batch import score, score_columns, scores
from include.training.encode import Tally
from include.training.fit import fit_constant
from tests.include.training.made import FEATURES, flights, model, replaced, rows_of, trained


def test_scores_come_with_key_and_partition():
    table = flights(10)
    found = pa.Table.from_batches(score(model(), rows_of(table, 3)()))
    assert found.schema.names == ["_key", "_partition", "score"]
    assert found["_key"].to_pylist() == table["_key"].to_pylist()
    assert found.schema.field("score").type == pa.float64()
    assert 0 < min(found["score"].to_pylist()) < max(found["score"].to_pylist()) < 1


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_batches_do_not_change_scores(batch):
    table = flights(500)
    whole = scores(model(), table.combine_chunks().to_batches()[0])
    found = pa.Table.from_batches(score(model(), rows_of(table, batch)()))
    np.testing.assert_array_equal(found["score"].to_numpy(), whole)


def test_order_of_columns_does_not_matter():
    table = flights(50)
    mixed = table.select(list(table.schema.names)[::-1]).append_column("more", pa.array(["x"] * 50))
    first = scores(model(), table.combine_chunks().to_batches()[0])
    np.testing.assert_array_equal(scores(model(), mixed.combine_chunks().to_batches()[0]), first)


def test_sliced_batches_score_their_own_rows():
    batch = flights(100).combine_chunks().to_batches()[0]
    np.testing.assert_array_equal(scores(model(), batch.slice(40, 20)), scores(model(), batch)[40:60])


def test_unseen_categories_count_and_score_as_missing():
    table = flights(20)
    tally = Tally()
    strange = replaced(table, "carrier", ["zz"] * 20)
    found = [s for batch in score(model(), rows_of(strange)(), tally=tally) for s in batch["score"].to_pylist()]
    missing = scores(model(), replaced(table, "carrier", pa.nulls(20, pa.string())).combine_chunks().to_batches()[0])
    assert found == missing.tolist()
    assert (tally.rows, tally.unseen) == (20, {"carrier": 20})


def test_other_columns_pass_when_asked():
    (batch,) = score(model(), rows_of(flights(5))(), passed=("hour", "absent"))
    assert batch.schema.names == ["hour", "score"]


def test_no_rows_give_no_batches():
    assert list(score(model(), rows_of(flights(0))())) == []


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("distance", [float("inf")], "feature 'distance': is infinite"),
        ("distance", ["far"], "feature 'distance': is string"),
        ("carrier", [1.5], "feature 'carrier': is double"),
    ],
)
def test_bad_feature_is_named(name, values, message):
    with pytest.raises(ModelError, match=message):
        list(score(model(), rows_of(replaced(flights(1), name, values))()))


def test_missing_feature_is_named():
    with pytest.raises(ModelError, match="feature 'hour': is not in the rows"):
        list(score(model(), rows_of(flights(1).drop_columns("hour"))()))


def test_constant_needs_no_features():
    artifact = fit_constant(rows_of(flights()), task="binary")
    tally = Tally()
    (batch,) = score(artifact, [pa.record_batch({"_key": ["a", "b"]})], tally=tally)
    assert batch.schema.names == ["_key", "score"]
    assert (len(set(batch["score"].to_pylist())), tally.rows) == (1, 2)


def test_each_class_has_its_column():
    table = flights()
    artifact = trained(
        replaced(table, "label", np.arange(1000) % 3),
        task="multiclass",
        classes=("On time", "late", "???"),
        learner=Learner(rounds=2, calibrate=True),
    )
    (batch,) = score(artifact, rows_of(flights(4))())
    assert batch.schema.names[2:] == ["score_on_time", "score_late", "score_2"]
    total = sum(batch[name].to_numpy() for name in batch.schema.names[2:])
    np.testing.assert_allclose(total, np.ones(4))


@pytest.mark.parametrize(
    ("classes", "columns"),
    [
        (("a", "A", "b"), ["score_a_0", "score_a_1", "score_b"]),
        (("1", "2"), ["score_1", "score_2"]),
    ],
)
def test_score_columns_never_coincide(classes, columns):
    assert score_columns(Manifest(task="multiclass", classes=classes, model_sha256="", model_bytes=0)) == columns


def test_threads_share_one_model():
    table, found = flights(2000), {}
    artifact = trained()
    batch = table.combine_chunks().to_batches()[0]

    def work(number):
        found[number] = scores(artifact, batch)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 4
    assert all((each == found[0]).all() for each in found.values())


def test_thread_count_does_not_change_scores():
    batch = flights(500).select(list(FEATURES)).combine_chunks().to_batches()[0]
    np.testing.assert_array_equal(scores(model(), batch, nthread=2), scores(model(), batch, nthread=1))
