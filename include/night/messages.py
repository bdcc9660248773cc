"""What a person should know, put into the outbox by the steps and sent at the end of a night."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include.alerts.connect import sender_of
from include.alerts.delivery import Flushed
from include.alerts.message import Field, Link, Message
from include.alerts.outbox import flush as flush_outbox
from include.alerts.outbox import put

if TYPE_CHECKING:
    from include.alerts.message import Kind, Severity
    from include.project import Project

log = logging.getLogger(__name__)
SLACK_CONNECTION = "nightshift_slack"
# Ours for a connection that is not set, and Airflow's (which must not be imported here).
_NO_CONNECTION = ("SourceError", "AirflowNotFoundException")


def tell(
    project: Project,
    name: str,
    kind: Kind,
    severity: Severity,
    title: str,
    text: str,
    *,
    partition: str | None = None,
    key: str = "",
    todo: tuple[str, ...] = (),
    why: str = "",
    impact: str = "",
    fields: tuple[tuple[str, str], ...] = (),
    dataset: bool = False,
) -> bool:
    """Put a message about a model (or dataset) into the outbox, once per key; see `Message` for the parameters."""
    owner = project.catalog.dataset(name).owner if dataset else project.catalog.model(name).owner
    page = f"reports/{'datasets' if dataset else 'models'}/{name}/{partition or 'index'}.html"
    message = Message(
        kind=kind,
        severity=severity,
        title=title,
        text=text,
        at=project.clock(),
        model=None if dataset else name,
        dataset=name if dataset else None,
        partition=partition,
        channel=owner.slack,
        owner=owner.name,
        why=why,
        impact=impact,
        todo=todo,
        fields=tuple(Field(n, v) for n, v in fields),
        links=(Link("Report", str(project.home / page)),),
        key=key,
    )
    return put(project.home / "outbox", message)


def failed(project: Project, kind: str, name: str, *, partition: str | None, step: str, error: str) -> None:
    """Tell the owner that a step failed for good."""
    tell(
        project,
        name,
        "failed",
        "critical",
        f"{step} failed",
        error.splitlines()[0][:500] if error else "no message",
        partition=partition,
        key=f"failed/{kind}/{name}/{partition}/{step}",
        todo=("read the task's log", "correct the cause", "clear the task: every step is safe to run again"),
        dataset=kind == "dataset",
    )
    flush(project)


def deadline(project: Project, name: str, *, partition: str | None, hours: float) -> None:
    """Tell the owner that a night is not done in time."""
    tell(
        project,
        name,
        "deadline",
        "critical" if project.catalog.model(name).alerts.severity == "block" else "warn",
        "night is late",
        f"The night was not done {hours:g} hours after it was due.",
        partition=partition,
        todo=(
            "look at the run's grid: which step is it in?",
            "if it waits for a dataset, look at that dataset's ingest",
        ),
    )
    flush(project)


def flush(project: Project) -> Flushed:
    """Send what waits in the outbox, by the connection ``nightshift_slack``, or to files where there is none; never raises.

    When it cannot be told whether there is one (the secrets backend is down), everything waits for the next step.
    """
    place = project.home / "messages"
    try:
        connection = project.connections.get(SLACK_CONNECTION)
    except Exception as error:  # whatever a secrets backend raises
        if type(error).__name__ not in _NO_CONNECTION:
            log.warning("Messages wait: connection %s cannot be asked for (%s)", SLACK_CONNECTION, type(error).__name__)
            return Flushed(pending=1, reason=f"connection {SLACK_CONNECTION} cannot be asked for")
        log.info("Messages go to %s: there is no connection %s", place, SLACK_CONNECTION)
        connection = None
    return flush_outbox(project.home / "outbox", sender_of(connection, place), project.clock)
