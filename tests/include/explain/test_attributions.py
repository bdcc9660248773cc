from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import logit

from include.explain.attributions import Contributions, contributions
from include.scoring.batch import scores
from include.signals.attribution import attributions
from include.training.encode import Encoder
from include.training.fit import fit_constant
from tests.include.training.made import FEATURES, flights, model, replaced, rows_of, trained


def test_contributions_add_up_to_the_margin():
    table = flights(50)
    found = contributions(model(), rows_of(table)())
    margin = logit(scores(model(), table.combine_chunks().to_batches()[0]))
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, margin, atol=1e-4)
    assert found.values.shape == (50, 4)


def test_importance_names_what_matters_first():
    found = contributions(model(), rows_of(flights())()).importance
    assert list(found)[:2] == ["distance", "carrier"]
    assert sorted(found.values(), reverse=True) == list(found.values())


def test_sample_is_bounded_and_does_not_depend_on_batches():
    one = contributions(model(), rows_of(flights(), 13)(), rows=40, seed=5)
    two = contributions(model(), rows_of(flights(), 999)(), rows=40, seed=5)
    assert one.values.shape == (40, 4)
    np.testing.assert_array_equal(one.values, two.values)


def test_classes_have_their_own_contributions():
    table = flights()
    artifact = trained(replaced(table, "label", np.arange(1000) % 3), task="multiclass", classes=("a", "b", "c"))
    found = contributions(artifact, rows_of(table)(), rows=30)
    assert found.values.shape == (30, 3, 4)
    assert set(found.importance) == set(FEATURES)


def test_constant_model_attributes_nothing():
    found = contributions(fit_constant(rows_of(flights()), task="binary"), rows_of(flights(5))())
    assert (found.features, found.importance) == ((), {})


def test_no_rows_have_no_importance():
    assert contributions(model(), [pa.record_batch({"distance": pa.array([], pa.float64())})]).importance == {}


def test_signals_measure_the_same():
    table = flights(200)
    matrix = Encoder(model().manifest.features).matrix(table.combine_chunks().to_batches()[0])
    measured = attributions(trained().booster(), matrix)
    importance = contributions(model(), rows_of(table)()).importance
    assert {name: found.mean for name, found in measured.items()} == pytest.approx(importance, rel=1e-5)


def test_ties_are_ranked_by_name():
    found = Contributions(("b", "a"), np.ones((2, 2)), np.zeros(2))
    assert list(found.importance) == ["a", "b"]
