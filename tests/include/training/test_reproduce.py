from __future__ import annotations

import pytest

from include.config.model import Learner, Tune
from include.training.reproduce import learner_of, reproduce
from tests.include.training.made import flights, model, rows_of, trained

LEARNERS = {
    "plain": Learner(rounds=5),
    "all": Learner(
        rounds=5,
        parameters={"learning_rate": 0.2, "subsample": 0.7, "max_depth": 3},
        monotone={"distance": 1},
        max_categories=2,
        calibrate=True,
    ),
    "tuned": Learner(rounds=8, tune=Tune(trials=2)),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_same_inputs_give_the_same_hash(name):
    artifact = trained(learner=LEARNERS[name])
    found = reproduce(rows_of(flights(), 111), artifact.manifest)
    assert found.same
    assert found.found == artifact.manifest.model_sha256
    assert found.reasons == ()


def test_weighted_training_is_reproduced():
    weights = {day: 0.5 + index for index, day in enumerate(sorted(set(flights()["_partition"].to_pylist())))}
    manifest = trained(weights=weights).manifest
    assert manifest.fit.weights == weights
    assert reproduce(rows_of(flights()), manifest).same
    assert manifest.model_sha256 != model().manifest.model_sha256


def test_other_rows_are_named_as_the_reason():
    found = reproduce(rows_of(flights(900)), model().manifest)
    assert not found.same
    assert found.reasons == ("the rows differ in content or order (1,000 then, 900 now)",)


def test_other_library_is_named_as_the_reason():
    manifest = model().manifest
    then = manifest.fit.libraries | {"xgboost": "1.7.0"}
    old = manifest.model_copy(
        update={"fit": manifest.fit.model_copy(update={"libraries": then}), "model_sha256": "0" * 64}
    )
    found = reproduce(rows_of(flights()), old)
    assert not found.same
    assert found.reasons[0].startswith("xgboost was 1.7.0 and is ")


def test_learner_is_read_back_from_the_manifest():
    artifact = trained(learner=LEARNERS["all"])
    found = learner_of(artifact.manifest)
    assert (found.rounds, found.monotone, found.max_categories, found.calibrate) == (5, {"distance": 1}, 2, True)
    assert found.parameters["learning_rate"] == 0.2
