"""What is put into the outbox when a task fails or a night is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context


def task_failed(context: Context) -> None:
    """Tell the owner that a task has failed for good."""
    from include.errors import BlockedError
    from include.night.messages import failed
    from include.project import Project
    from nightshift.connections import AirflowConnections

    operator: Any = context["task"]
    kind, name = getattr(operator, "kind", None), getattr(operator, "name", None)
    error = context.get("exception")
    if kind is None or name is None or isinstance(getattr(error, "__cause__", None), BlockedError):
        return  # a blocked partition has told its owner already
    actor = f"{context['ti'].dag_id}.{context['ti'].task_id}"
    failed(
        Project.open(actor=actor, only=(kind, name), connections=AirflowConnections()),
        kind,
        name,
        partition=operator.partition or None,
        step=context["ti"].task_id,
        error=str(error or "no message"),
    )


def deadline_missed(model: str, hours: float, **kwargs: Any) -> None:
    """Tell a model's owner that its night is not done in time."""
    from include.night.messages import deadline
    from include.project import Project
    from nightshift.connections import AirflowConnections

    run = (kwargs.get("context") or {}).get("dag_run") or {}
    key = run.get("partition_key") if isinstance(run, dict) else getattr(run, "partition_key", None)
    project = Project.open(actor="deadline", only=("model", model), connections=AirflowConnections())
    deadline(project, model, partition=key, hours=hours)
