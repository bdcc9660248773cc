"""What MLflow shows of Nightshift: a run a training, a registered version a model, aliases as the ledger says.

All of it is a projection that can be made again: losing MLflow loses no model and no decision.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.registry.aliases import ForeignChange, project_aliases, reconcile
from include.registry.model_folder import write_model_folder
from include.registry.tracking import MANIFEST_TAG, TrackingError, experiment, registered, tracking, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

    from include.registry.artifact import Artifact
    from include.registry.manifest import Manifest

__all__ = ["ForeignChange", "Logged", "TrackingError", "log_training", "project_aliases", "reconcile"]

_TAG_LENGTH = 4900
_PARAMETER_LENGTH = 5900


@dataclass(frozen=True)
class Logged:
    """Where MLflow shows a training.

    Attributes
    ----------
    run_id : str
        Its run.
    version : str
        Its registered version.
    new : bool
        False when it was there already.
    """

    run_id: str
    version: str
    new: bool


def log_training(
    tracking_uri: str,
    model: str,
    artifact: Artifact,
    *,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    files: Mapping[str, str | bytes] | None = None,
    description: str = "",
    about: str = "",
) -> Logged:
    """Show a training in MLflow: run, model, registered version; once, however often it is called.

    Parameters
    ----------
    tracking_uri : str
        Database or server.
    model : str
        Name of experiment and registered model.
    artifact : Artifact
        The trained model; parameters, inputs, seed and versions are read from its manifest.
    metrics : mapping of str to float, optional
        Finite ones are logged.
    tags : mapping of str to str, optional
        Beside those read from the manifest, for instance the decision's id.
    files : mapping of str to (str or bytes), optional
        Further artifacts of the run by path: plots (SVG), the model card, the gate report.
    description : str
        Markdown, shown at the registered version: the gate table.
    about : str
        Markdown, shown at the registered model when it is new.

    Returns
    -------
    Logged
        Found by the manifest's digest when it was logged before.

    Raises
    ------
    TrackingError
        When MLflow cannot be reached or refuses: the caller may try again later.

    Notes
    -----
    A logging that was interrupted leaves a run without a version; it is closed as KILLED and logged anew.
    """
    with tracking(tracking_uri) as client:
        known = version_of(client, model, artifact.digest)
        if known is not None and known.run_id:
            return Logged(str(known.run_id), str(known.version), new=False)
        place = experiment(client, tracking_uri, model)
        _close_interrupted(client, place, artifact.digest)
        run = client.create_run(place, run_name=_run_name(artifact.manifest), tags=_tags(artifact, tags or {}))
        run_id = str(run.info.run_id)
        try:
            _log_numbers(client, run_id, artifact.manifest, metrics or {})
            _log_files(client, run_id, files or {})
            logged = _log_model(client, place, run_id, model, artifact)
            registered(client, model, about)
            version = _register(client, tracking_uri, logged, model, artifact, description)
        except BaseException:
            client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
    return Logged(run_id, str(version.version), new=True)


def _run_name(manifest: Manifest) -> str:
    parts = (manifest.lineage.partition, manifest.lineage.trigger or manifest.kind)
    return " · ".join(part[:80] for part in parts if part)


def _tags(artifact: Artifact, tags: Mapping[str, str]) -> dict[str, str]:
    lineage = artifact.manifest.lineage
    found = {
        "partition": lineage.partition,
        "trigger": lineage.trigger,
        "window": lineage.window,
        "code": lineage.code,
        "configuration": lineage.configuration,
        "feature_version": lineage.feature_version,
        "parent": lineage.parent,
        "refit_of": lineage.refit_of,
    }
    named = {f"nightshift.{name}": value[:_TAG_LENGTH] for name, value in (found | dict(tags)).items() if value}
    return {MANIFEST_TAG: artifact.digest, **named}


def _close_interrupted(client: MlflowClient, place: str, digest: str) -> None:
    wanted = f"tags.`{MANIFEST_TAG}` = '{digest}' and attributes.status = 'RUNNING'"
    for run in client.search_runs([place], wanted):
        client.set_terminated(run.info.run_id, "KILLED")


def _log_numbers(client: MlflowClient, run_id: str, manifest: Manifest, metrics: Mapping[str, float]) -> None:
    from mlflow.entities import Metric, Param

    fit = manifest.fit
    parameters: dict[str, Any] = {
        **fit.parameters,
        "rounds": fit.rounds,
        "seed": fit.seed,
        "nthread": fit.nthread,
        "device": fit.device,
        "window": manifest.lineage.window,
        "train_partitions": _span(manifest.lineage.train),
        "holdout_partitions": _span(manifest.lineage.holdout),
        **{f"version.{name}": version for name, version in fit.libraries.items()},
    }
    numbers = {"train_rows": fit.rows, "train_label_mean": fit.label_mean, "model_bytes": manifest.model_bytes}
    instant = int(time.time() * 1000)  # MLflow's own bookkeeping, shown in its pages only
    client.log_batch(
        run_id,
        metrics=[Metric(k, float(v), instant, 0) for k, v in {**numbers, **metrics}.items() if _finite(v)],
        params=[Param(k, str(v)[:_PARAMETER_LENGTH]) for k, v in parameters.items() if str(v)],
    )
    _log_inputs(client, run_id, manifest)


def _log_inputs(client: MlflowClient, run_id: str, manifest: Manifest) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    found = []
    for table in manifest.lineage.inputs:
        source = {"table": table.table, "version": table.version, "partitions": _span(table.partitions) or "all"}
        text = json.dumps(source, sort_keys=True)
        digest = hashlib.sha256(json.dumps([source, table.partitions]).encode()).hexdigest()[:16]
        dataset = Dataset(name=table.table, digest=digest, source_type="delta", source=text)
        found.append(DatasetInput(dataset, [InputTag("mlflow.data.context", "training")]))
    if found:
        client.log_inputs(run_id, datasets=found)


def _log_files(client: MlflowClient, run_id: str, files: Mapping[str, str | bytes]) -> None:
    if not files:
        return
    with tempfile.TemporaryDirectory(prefix="nightshift-mlflow-") as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        client.log_artifacts(run_id, folder)


def _log_model(client: MlflowClient, place: str, run_id: str, model: str, artifact: Artifact) -> LoggedModel:
    from mlflow.entities import LoggedModelOutput

    found = client.create_logged_model(
        place, name=model, source_run_id=run_id, tags={MANIFEST_TAG: artifact.digest}, model_type=artifact.manifest.task
    )
    model_id = str(found.model_id)
    try:
        with tempfile.TemporaryDirectory(prefix="nightshift-mlflow-") as folder:
            write_model_folder(artifact, Path(folder), model_id, run_id)
            client.log_model_artifacts(model_id, folder)
    except BaseException:
        client.finalize_logged_model(model_id, "FAILED")
        raise
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    return client.finalize_logged_model(model_id, "READY")


def _register(
    client: MlflowClient, uri: str, logged: LoggedModel, model: str, artifact: Artifact, description: str
) -> ModelVersion:
    # A server resolves models:/…; a database would look it up at MLflow's global address, which we never set.
    served = uri.startswith(("http://", "https://"))
    return client.create_model_version(
        model,
        source=f"models:/{logged.model_id}" if served else logged.artifact_location,
        run_id=logged.source_run_id,
        model_id=logged.model_id,
        tags=_tags(artifact, {}),
        description=description or None,
        await_creation_for=0,
    )


def _span(keys: tuple[str, ...]) -> str:
    if not keys:
        return ""
    return keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]} ({len(keys)})"


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
