from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pyarrow as pa
import pytest

from include.config.model import Learner
from include.registry.mlflow import ForeignChange, TrackingError, log_training, project_aliases, reconcile
from include.registry.tracking import experiment, shown, tracking
from include.scoring.batch import scores
from include.training.fit import fit_constant
from tests.include.training.made import FEATURES, flights, model, replaced, rows_of, trained

# MLflow and its libraries warn about themselves; nothing of ours does.
pytestmark = pytest.mark.filterwarnings("ignore")
NAME = "flight_delay"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Make an empty, migrated database once: migrating takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with tracking(f"sqlite:///{path}") as client:
        client.search_experiments()
    return path


@pytest.fixture
def uri(database, tmp_path):
    shutil.copy(database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture(scope="module", autouse=True)
def starting(database, tmp_path_factory):
    """Start a real tracking server (one worker, no job runner) while the other tests run: it takes seconds."""
    home = tmp_path_factory.mktemp("server")
    shutil.copy(database, home / "mlflow.db")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{home / 'mlflow.db'}",
        "--artifacts-destination",
        str(home / "files"),
    ]
    quiet = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONWARNINGS": "ignore",
    }
    with (home / "log").open("w") as log:
        running = subprocess.Popen(
            command, cwd=home, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
        )
    yield f"http://127.0.0.1:{port}", running
    os.killpg(running.pid, 15)
    running.wait(20)


@pytest.fixture(scope="module")
def server(starting):
    address, running = starting
    for _ in range(900):
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):
                return address
        except OSError:
            assert running.poll() is None, "the server ended"
            time.sleep(0.1)
    pytest.fail("the server did not start in a minute and a half")


def other(**changes):
    return trained(**({"learner": Learner(rounds=4)} | changes))


def log(uri, artifact, **settings):
    return log_training(uri, NAME, artifact, **settings)


def aliases(uri):
    with tracking(uri) as client:
        return {name: str(version) for name, version in client.get_registered_model(NAME).aliases.items()}


def loaded(uri, alias="champion"):
    """Return what a user gets who knows only MLflow: the pyfunc model and the booster."""
    import mlflow
    import mlflow.xgboost

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        address = f"models:/{NAME}@{alias}"
        return mlflow.pyfunc.load_model(address), mlflow.xgboost.load_model(address)
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)


def test_run_shows_how_the_model_was_trained(uri):
    logged = log(
        uri,
        model(),
        metrics={"log_loss": 0.5, "auc": float("nan")},
        tags={"decision": "7"},
        files={"plots/roc.svg": "<svg/>"},
    )
    with tracking(uri) as client:
        run = client.get_run(logged.run_id)
        files = [item.path for item in client.list_artifacts(logged.run_id, "plots")]
    assert (run.info.status, run.info.run_name) == ("FINISHED", "2013-01-13 · every(7)")
    assert run.data.params["max_depth"] == "6"
    assert run.data.params["train_partitions"] == "2013-01-01 to 2013-01-10 (10)"
    assert run.data.metrics["log_loss"] == 0.5
    assert run.data.metrics["train_rows"] == 1000
    assert "auc" not in run.data.metrics
    assert run.data.tags["nightshift.manifest"] == model().digest
    assert run.data.tags["nightshift.decision"] == "7"
    assert files == ["plots/roc.svg"]
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.name == "models/flight_delay/features"
    assert json.loads(data.dataset.source)["version"] == 4


def test_version_carries_gate_table_and_manifest(uri):
    logged = log(uri, model(), description="| gate | pass |", about="Arrives late")
    with tracking(uri) as client:
        version = client.get_model_version(NAME, logged.version)
        registered = client.get_registered_model(NAME)
    assert (version.version, version.status, version.run_id) == (1, "READY", logged.run_id)
    assert version.description == "| gate | pass |"
    assert version.tags["nightshift.manifest"] == model().digest
    assert version.tags["nightshift.partition"] == "2013-01-13"
    assert registered.description == "Arrives late"


def test_logging_again_finds_the_version(uri):
    first = log(uri, model())
    again = log(uri, model())
    assert (first.new, again.new) == (True, False)
    assert (again.run_id, again.version) == (first.run_id, first.version)


def test_interrupted_logging_is_closed_and_repeated(uri, monkeypatch):
    monkeypatch.setattr("include.registry.mlflow._register", _die)
    monkeypatch.setattr("mlflow.MlflowClient.set_terminated", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        log(uri, model())
    monkeypatch.undo()
    logged = log(uri, model())
    with tracking(uri) as client:
        runs = client.search_runs([experiment(client, uri, NAME)])
        versions = client.search_model_versions(f"name = '{NAME}'")
    assert {run.info.run_id: run.info.status for run in runs}[logged.run_id] == "FINISHED"
    assert sorted(run.info.status for run in runs) == ["FINISHED", "KILLED"]
    assert len(versions) == 1


def _die(*_):
    raise KeyboardInterrupt


def test_failed_logging_marks_the_run(uri, monkeypatch):
    monkeypatch.setattr("include.registry.mlflow.write_model_folder", _full_disk)
    with pytest.raises(TrackingError, match="No space left on device"):
        log(uri, model())
    with tracking(uri) as client:
        (run,) = client.search_runs([experiment(client, uri, NAME)])
    assert run.info.status == "FAILED"


def _full_disk(*_):
    raise OSError(28, "No space left on device")


def test_user_loads_the_same_scores(uri):
    artifact = other(learner=Learner(rounds=4, calibrate=True, max_categories=2))
    log(uri, artifact)
    project_aliases(uri, NAME, {"champion": artifact.digest})
    predictor, booster = loaded(uri)
    table = flights(200)
    table = replaced(table, "carrier", ["zz", None, *table["carrier"].to_pylist()[2:]])
    expected = scores(artifact, table.combine_chunks().to_batches()[0])
    frame = table.select(list(FEATURES)[::-1]).to_pandas()
    np.testing.assert_allclose(predictor.predict(frame), expected, rtol=1e-12)
    assert booster.num_boosted_rounds() == 4
    assert predictor.metadata.signature.inputs.input_names() == list(FEATURES)
    assert len(predictor.predict(predictor.input_example)) == 3


def test_classes_load_as_columns(uri):
    table = flights()
    artifact = other(table=replaced(table, "label", np.arange(1000) % 3), task="multiclass", classes=("a", "b", "c"))
    log(uri, artifact)
    project_aliases(uri, NAME, {"champion": artifact.digest})
    batch = table.slice(0, 20).combine_chunks().to_batches()[0]
    frame = pa.table(batch).select(list(FEATURES)).to_pandas()
    np.testing.assert_allclose(loaded(uri)[0].predict(frame), scores(artifact, batch), rtol=1e-6)


def test_constant_model_is_logged(uri):
    artifact = fit_constant(rows_of(flights()), task="binary")
    assert log(uri, artifact).version == "1"
    assert log(uri, artifact).new is False


def test_logged_model_file_is_the_artifacts(uri, tmp_path):
    log(uri, model())
    (file,) = (tmp_path / "artifacts").rglob("model.ubj")
    assert file.read_bytes() == model().model
    assert (file.parent / "manifest.json").read_bytes() == model().manifest.json_bytes
    assert not list((tmp_path / "artifacts").rglob("*.pkl"))


def test_aliases_follow_the_ledger(uri):
    newer = other()
    log(uri, model())
    log(uri, newer)
    assert project_aliases(uri, NAME, {"champion": model().digest, "challenger": newer.digest}) == {
        "champion": "1",
        "challenger": "2",
    }
    project_aliases(uri, NAME, {"champion": newer.digest, "previous": model().digest})
    assert aliases(uri) == {"champion": "2", "previous": "1"}


def test_aliases_in_place_are_not_written_again(uri, monkeypatch):
    log(uri, model())
    project_aliases(uri, NAME, {"champion": model().digest})
    for method in ("set_registered_model_alias", "set_registered_model_tag", "delete_registered_model_alias"):
        monkeypatch.setattr(f"mlflow.MlflowClient.{method}", None)
    assert project_aliases(uri, NAME, {"champion": model().digest}) == {"champion": "1"}


def test_alias_of_a_person_is_left_alone(uri):
    log(uri, model())
    with tracking(uri) as client:
        client.set_registered_model_alias(NAME, "audited", "1")
    project_aliases(uri, NAME, {"champion": model().digest})
    assert aliases(uri) == {"champion": "1", "audited": "1"}


def test_unlogged_model_cannot_have_an_alias(uri):
    with pytest.raises(TrackingError, match="model flight_delay: is not registered"):
        project_aliases(uri, NAME, {"champion": model().digest})
    assert project_aliases(uri, NAME, {}) == {}
    log(uri, model())
    with pytest.raises(
        TrackingError, match=r"has no version of abcdef for the alias challenger.*log the training first"
    ):
        project_aliases(uri, NAME, {"champion": model().digest, "challenger": "abcdef"})
    assert aliases(uri) == {"champion": "1"}


def test_first_alias_race_is_tried_again(uri, monkeypatch):
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    log(uri, model())
    real, calls = MlflowClient.set_registered_model_alias, []

    def racing(self, *args):
        calls.append(args)
        if len(calls) < 3:
            raise MlflowException("UNIQUE constraint failed: registered_model_aliases.name")
        return real(self, *args)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", racing)
    project_aliases(uri, NAME, {"champion": model().digest})
    assert (len(calls), aliases(uri)) == (3, {"champion": "1"})


def test_foreign_change_is_reported_and_repaired(uri):
    newer = other()
    log(uri, model())
    log(uri, newer)
    wanted = {"champion": newer.digest}
    project_aliases(uri, NAME, wanted)
    assert reconcile(uri, NAME, wanted) == []
    with tracking(uri) as client:
        client.set_registered_model_alias(NAME, "champion", "1")
        client.set_registered_model_alias(NAME, "shadow", "2")
    changes = reconcile(uri, NAME, wanted)
    assert changes == [
        ForeignChange("champion", newer.digest, model().digest),
        ForeignChange("shadow", "", newer.digest),
    ]
    assert changes[0].sentence.startswith("Somebody moved the alias champion in MLflow from ")
    assert aliases(uri) == {"champion": "2"}


def test_deleted_version_is_reported(uri):
    log(uri, model())
    project_aliases(uri, NAME, {"champion": model().digest})
    with tracking(uri) as client:
        client.delete_model_version(NAME, "1")
    with pytest.raises(TrackingError, match="has no version of"):
        reconcile(uri, NAME, {"champion": model().digest})
    assert log(uri, model()).new is True


def test_real_server_does_all_of_it(server):
    artifact = other(learner=Learner(rounds=4, calibrate=True))
    assert log(server, artifact, files={"card.md": "# Card"}).new is True
    assert log(server, artifact).new is False
    assert project_aliases(server, NAME, {"champion": artifact.digest}) == {"champion": "1"}
    assert reconcile(server, NAME, {"champion": artifact.digest}) == []
    table = flights(20)
    found = loaded(server)[0].predict(table.select(list(FEATURES)).to_pandas())
    np.testing.assert_allclose(found, scores(artifact, table.combine_chunks().to_batches()[0]), rtol=1e-12)


def test_server_that_is_down_says_so(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(
        TrackingError, match=rf"MLflow at http://127.0.0.1:{port}: did not do what was asked.*nothing is lost"
    ):
        log(f"http://me:secret@127.0.0.1:{port}", model())


def test_broken_database_says_so(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database, whatever its name says" * 100)
    with pytest.raises(TrackingError, match="did not do what was asked"):
        log(f"sqlite:///{tmp_path / 'mlflow.db'}", model())


def test_experiment_made_by_another_is_found(uri, monkeypatch):
    with tracking(uri) as client:
        first = experiment(client, uri, NAME)
        real = client.get_experiment_by_name
        answers = iter([None, real(NAME)])
        monkeypatch.setattr(client, "get_experiment_by_name", lambda name: next(answers))
        assert experiment(client, uri, NAME) == first


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://me:secret@host:5000/x", "http://host:5000/x"),
        ("postgresql://a:b@db/mlflow", "postgresql://db/mlflow"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
    ],
)
def test_secrets_of_the_address_are_not_shown(address, expected):
    assert shown(address) == expected
