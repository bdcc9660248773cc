"""Check staged rows against the dataset's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class ValidateOperator(StepOperator):
    """Check staged rows against the dataset's contract."""

    kind = "dataset"

    def step(self, project: Project, context: Context) -> Any:
        """Return the worst health of the attempt."""
        from include.night.whole import dataset_step

        attempt = context["ti"].xcom_pull(task_ids="ingest")["attempt"]
        return dataset_step(project, self.name, self.partition, "validate", attempt=attempt)["health"]
