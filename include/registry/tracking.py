"""The connection to MLflow: one client a call, no global state, quick to give up."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.errors import NightshiftError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MANIFEST_TAG = "nightshift.manifest"
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class TrackingError(NightshiftError):
    """MLflow cannot be reached or refused; the ledger stays the truth and the projection is repaired later."""


@contextmanager
def tracking(uri: str) -> Iterator[MlflowClient]:
    """Give a client of an MLflow tracking server or database.

    Parameters
    ----------
    uri : str
        ``sqlite:///…``, another database, or ``http(s)://…``.

    Raises
    ------
    TrackingError
        In place of whatever MLflow, its database or the network raises inside.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import requests
    import sqlalchemy.exc
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        if path := database_path(uri):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, requests.exceptions.RequestException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        first = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise TrackingError.at(
            f"MLflow at {shown(uri)}",
            f"did not do what was asked ({first})",
            "an MLflow that answers",
            "start it or correct MLFLOW_TRACKING_URI; nothing is lost, the next night repeats what is missing",
        ) from error


def database_path(uri: str) -> Path | None:
    """Return the file of an SQLite database; None for anything else.

    Examples
    --------
    >>> database_path("sqlite:////var/mlflow.db").as_posix(), database_path("http://localhost:5000")
    ('/var/mlflow.db', None)
    """
    return Path(uri[len("sqlite:///") :]) if uri.startswith("sqlite:///") else None


def shown(uri: str) -> str:
    """Return an address without user and password.

    Examples
    --------
    >>> shown("postgresql://me:secret@db:5432/mlflow")
    'postgresql://db:5432/mlflow'
    """
    parts = urlsplit(uri)
    return uri if parts.hostname is None else parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def experiment(client: MlflowClient, uri: str, model: str) -> str:
    """Return the id of a model's experiment, made when it is not there.

    Artifacts of an SQLite database go to the folder ``artifacts`` beside it; a server decides for itself.
    """
    found = client.get_experiment_by_name(model)
    if found is not None:
        return str(found.experiment_id)
    path = database_path(uri)
    place = str(path.resolve().parent / "artifacts" / model) if path else None
    return str(_once(lambda: client.create_experiment(model, place), lambda: client.get_experiment_by_name(model)))


def registered(client: MlflowClient, model: str, description: str) -> None:
    """Make the registered model when it is not there."""
    if not client.search_registered_models(f"name = '{model}'"):
        _once(lambda: client.create_registered_model(model, description=description), lambda: None)


def version_of(client: MlflowClient, model: str, digest: str) -> ModelVersion | None:
    """Return the registered version of a manifest, the oldest when there are several; None when there is none."""
    found = client.search_model_versions(f"name = '{model}' and tags.`{MANIFEST_TAG}` = '{digest}'")
    return min(found, key=lambda version: int(version.version), default=None)


def _once(make: Any, find: Any) -> Any:
    """Make a thing that another may make at the same time, in which case theirs is found."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS

    try:
        return make()
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS" and error.error_code != RESOURCE_ALREADY_EXISTS:
            raise
        found = find()
        return getattr(found, "experiment_id", found)
