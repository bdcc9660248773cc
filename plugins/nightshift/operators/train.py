"""Train a candidate when the decision says so; else the skipped task says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class TrainOperator(StepOperator):
    """Train a candidate when the decision says so; else the skipped task says why not."""

    def step(self, project: Project, context: Context) -> Any:
        """Return the candidate."""
        from include.night.train import train

        candidate = train(project, self.name, self.partition)
        if candidate.get("skipped"):
            context["ti"].xcom_push(key="why", value=candidate["skipped"])
            raise AirflowSkipException(candidate["skipped"])
        return candidate
