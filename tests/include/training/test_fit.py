from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb

from include.config.model import Learner
from include.errors import ModelError
from include.registry.manifest import Lineage
from include.scoring.batch import scores
from include.training.encode import Encoder
from include.training.fit import fit_constant
from include.training.quantise import as_table
from tests.include.training.made import FEATURES, flights, model, replaced, rows_of, trained


def all_scores(artifact, table):
    return scores(artifact, table.combine_chunks().to_batches()[0])


def test_manifest_says_how_it_was_trained():
    manifest = model().manifest
    assert manifest.feature_names == FEATURES
    assert [f.kind for f in manifest.features] == ["number", "category", "number", "number"]
    assert [f.arrow for f in manifest.features] == ["double", "string", "int64", "bool"]
    assert manifest.features[1].categories == ("a", "b", "c", "d")
    assert (manifest.fit.rows, manifest.fit.rounds, manifest.fit.seed, manifest.fit.nthread) == (1000, 10, 3, 1)
    assert manifest.fit.label_mean == pytest.approx(np.mean(flights()["label"].to_numpy()))
    assert set(manifest.fit.libraries) == {"python", "xgboost", "numpy", "pyarrow"}
    assert manifest.model_bytes == len(model().model)


def test_same_rows_give_the_same_bytes():
    assert trained().digest == model().digest


@pytest.mark.parametrize("batch", [1, 37, 1000])
def test_batches_do_not_shape_the_model(batch):
    table = flights(200)
    whole = trained(table)
    again = trained(pa.Table.from_batches(list(rows_of(table, batch)())))
    assert again.digest == whole.digest


def test_disk_gives_the_same_scores_as_memory():
    table = flights()
    on_disk = trained(table, memory_bytes=100)
    np.testing.assert_array_equal(all_scores(on_disk, table), all_scores(model(), table))


def test_other_seed_gives_another_model():
    learner = Learner(rounds=10, parameters={"subsample": 0.5})
    assert trained(learner=learner, seed=1).model != trained(learner=learner, seed=2).model


def test_model_agrees_with_plain_xgboost():
    table = flights()
    artifact = trained(learner=Learner(rounds=20, device="cpu"))
    matrix = Encoder(artifact.manifest.features).matrix(table.combine_chunks().to_batches()[0])
    rows = as_table(matrix, artifact.manifest.features)
    plain = xgb.QuantileDMatrix(rows, label=table["label"].to_numpy(), enable_categorical=True, nthread=1)
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_depth": 6,
        "eta": 0.1,
        "seed": 3,
        "nthread": 1,
    }
    expected = xgb.train(settings, plain, 20).predict(plain)
    np.testing.assert_allclose(all_scores(artifact, table), expected, rtol=1e-6)


def test_model_file_keeps_the_texts_of_categories():
    found = dict(model().booster().get_categories(export_to_arrow=True).to_arrow())
    assert found["carrier"].to_pylist() == ["a", "b", "c", "d"]


def test_scores_find_late_flights():
    table = flights(4000, seed=99)
    late = table["label"].to_numpy() == 1
    found = all_scores(trained(learner=Learner(rounds=50)), table)
    assert found[late].mean() - found[~late].mean() > 0.2


def test_monotone_constraint_holds():
    artifact = trained(learner=Learner(rounds=30, monotone={"distance": 1}))
    row = {"carrier": ["a"] * 50, "hour": [12] * 50, "holiday": [False] * 50, "distance": np.linspace(-3, 3, 50)}
    assert (np.diff(scores(artifact, pa.record_batch(row))) >= 0).all()


def test_weights_change_the_model():
    table = flights()
    days = sorted(set(table["_partition"].to_pylist()))
    newest_only = {day: float(day == days[-1]) + 1e-6 for day in days}
    assert trained(weights=newest_only).model != model().model
    assert trained(weights=newest_only).manifest.fit.label_mean != model().manifest.fit.label_mean


def test_calibration_uses_the_newest_fifth():
    artifact = trained(learner=Learner(rounds=10, calibrate=True))
    assert (artifact.manifest.fit.rows, artifact.manifest.fit.calibration_rows) == (800, 200)
    newest = flights().slice(800)
    assert all_scores(artifact, newest).mean() == pytest.approx(newest["label"].to_numpy().mean(), abs=0.01)


def test_multiclass_gives_one_score_a_class():
    table = flights()
    place = (np.nan_to_num(table["distance"].to_numpy()) > 0).astype(float) + table["label"].to_numpy()
    artifact = trained(replaced(table, "label", place), task="multiclass", classes=("no", "maybe", "yes"))
    found = all_scores(artifact, table)
    assert found.shape == (1000, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert (found.argmax(axis=1) == place).mean() > 0.7


def test_regression_predicts_numbers():
    table = flights()
    target = np.nan_to_num(table["distance"].to_numpy()) * 10
    artifact = trained(replaced(table, "label", target), task="regression", learner=Learner(rounds=50))
    assert np.corrcoef(all_scores(artifact, table), target)[0, 1] > 0.95


def test_rare_carriers_are_one_category():
    artifact = trained(learner=Learner(rounds=10, max_categories=2))
    assert (len(artifact.manifest.features[1].categories), artifact.manifest.features[1].other) == (2, True)


def test_feature_without_any_value_is_allowed():
    table = flights().append_column("empty", pa.nulls(1000, pa.string())).append_column("void", pa.nulls(1000))
    artifact = trained(table, features=(*FEATURES, "empty", "void"))
    np.testing.assert_array_equal(all_scores(artifact, table), all_scores(model(), table))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": flights(0)}, "training rows: are none. Expected rows with mature labels"),
        ({"features": ()}, "training rows: have no features"),
        (
            {"table": replaced(flights(), "label", np.ones(1000))},
            "have 1000 labels that are all 1. Expected at least two",
        ),
        ({"table": replaced(flights(), "label", np.arange(1000) % 3)}, "have the label 2. Expected 0 and 1"),
        ({"task": "multiclass", "classes": ("x",)}, "have the label 1. Expected whole numbers from 0 to 0"),
        ({"features": ("distance", "speed")}, "feature 'speed': is not in the rows"),
        (
            {"table": flights(4), "learner": Learner(rounds=1, calibrate=True)},
            "are 4. Expected at least 5 to calibrate",
        ),
        (
            {"learner": Learner(rounds=1, parameters={"max_dept": 3})},
            r"xgboost does not know max_dept. Expected its own parameter names \(did you mean 'max_depth'\?\)",
        ),
        (
            {"learner": Learner(rounds=1, parameters={"max_depth": "deep"})},
            "xgboost refuses .*max_depth.*deep.*. To do: check learner.parameters",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, message):
    with pytest.raises(ModelError, match=message):
        trained(**changes)


def test_constant_predicts_the_mean_label():
    artifact = fit_constant(rows_of(flights()), task="binary", lineage=Lineage(model="m"))
    mean = flights()["label"].to_numpy().mean()
    np.testing.assert_allclose(all_scores(artifact, flights(3)), [mean] * 3)
    assert (artifact.manifest.kind, artifact.model) == ("constant", b"")


def test_constant_of_classes_predicts_shares():
    table = pa.table({"label": [0.0, 2.0, 2.0, 2.0], "_partition": ["a", "a", "b", "b"]})
    artifact = fit_constant(rows_of(table), task="multiclass", classes=("x", "y", "z"), weights={"a": 2.0, "b": 1.0})
    np.testing.assert_allclose(all_scores(artifact, flights(1)), [[2 / 6, 0, 4 / 6]])


def test_constant_of_one_class_is_allowed():
    artifact = fit_constant(rows_of(replaced(flights(), "label", np.zeros(1000))), task="binary")
    assert artifact.manifest.constant == (0.0,)
