"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from include.errors import NightshiftError
from include.storage.objects import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.project import Project

_FREE_BYTES = 2 * 1024**3
_SKEW_S = 300.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        Such as ``store``.
    state : str
        ``pass``, ``warn`` or ``fail``.
    found : str
        What was seen.
    do : str
        What to do, empty when nothing is.
    """

    what: str
    state: str
    found: str
    do: str = ""


def examine(project: Project, environ: Mapping[str, str]) -> list[Finding]:
    """Return what was found of configuration, store, connections, MLflow, Slack, clock and disk."""
    looks: list[Callable[[Project, Mapping[str, str]], list[Finding]]] = [
        _configuration,
        _store,
        _connections,
        _mlflow,
        _clock,
        _disk,
    ]
    return [finding for look in looks for finding in look(project, environ)]


def _configuration(project: Project, _: Mapping[str, str]) -> list[Finding]:
    catalog = project.catalog
    if catalog.broken:
        names = ", ".join(sorted(file.path.name for file in catalog.broken.values()))
        return [Finding("configuration", "fail", f"errors in {names}", "python -m include lint")]
    return [
        Finding(
            "configuration", "pass", f"{len(catalog.datasets)} datasets, {len(catalog.models)} models in {catalog.root}"
        )
    ]


def _store(project: Project, _: Mapping[str, str]) -> list[Finding]:
    try:
        probe(project.home)
    except NightshiftError as error:
        return [Finding("store", "fail", str(error), "see docs/platform.md on stores")]
    return [Finding("store", "pass", f"{project.home} refuses to write a record twice")]


def _connections(project: Project, _: Mapping[str, str]) -> list[Finding]:
    wanted = {
        d.source.connection: f"dataset {d.name}" for d in project.catalog.datasets.values() if d.source.connection
    }
    found = []
    for conn_id, what in sorted({**wanted, "nightshift_slack": "messages"}.items()):
        try:
            project.connections.get(conn_id)
        except NightshiftError as error:
            slack = conn_id == "nightshift_slack"
            text = f"none; messages go to {project.home / 'messages'}" if slack else str(error)
            found.append(
                Finding(
                    f"connection {conn_id}",
                    "warn" if slack else "fail",
                    text,
                    f"add it in Airflow (Admin, Connections) for {what}",
                )
            )
        else:
            found.append(Finding(f"connection {conn_id}", "pass", f"is there, for {what}"))
    return found


def _mlflow(project: Project, _: Mapping[str, str]) -> list[Finding]:
    if project.tracking_uri is None:
        return [
            Finding(
                "MLflow",
                "warn",
                "MLFLOW_TRACKING_URI is not set; nothing is shown there",
                "set it, or leave it: the ledger is the truth",
            )
        ]
    from include.registry.tracking import tracking

    try:
        with tracking(project.tracking_uri) as client:
            client.search_registered_models(max_results=1)
    except NightshiftError as error:
        return [
            Finding("MLflow", "fail", str(error), "start it, or correct MLFLOW_TRACKING_URI; nights go on meanwhile")
        ]
    return [Finding("MLflow", "pass", "answers")]


def _clock(project: Project, _: Mapping[str, str]) -> list[Finding]:
    if project.home.is_local:
        return [
            Finding("clock", "pass", f"{datetime.now(UTC).isoformat(timespec='seconds')}; no store to compare it with")
        ]
    try:
        head = project.home.s3_client().head_bucket(Bucket=project.home.bucket)
        told = parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["date"])
    except Exception as error:  # any answer of a store that `store` has already judged
        return [Finding("clock", "warn", f"the store does not tell its time ({type(error).__name__})")]
    skew = abs((datetime.now(UTC) - told).total_seconds())
    state = "pass" if skew < _SKEW_S else "fail"
    return [
        Finding(
            "clock",
            state,
            f"{skew:.0f} s away from the store's",
            "" if state == "pass" else "synchronise this machine's clock",
        )
    ]


def _disk(project: Project, _: Mapping[str, str]) -> list[Finding]:
    if not project.home.is_local:
        return []
    place = project.home.path
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    state = "pass" if free > _FREE_BYTES else "warn"
    return [
        Finding(
            "disk",
            state,
            f"{free / 1024**3:.1f} GiB free at {place}",
            "" if state == "pass" else "make room: staging needs about three times a partition",
        )
    ]
