"""Judge the new candidate, or again the one that waits for its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class GateOperator(StepOperator):
    """Judge the new candidate, or again the one that waits for its verdict."""

    def step(self, project: Project, context: Context) -> Any:
        """Return the verdict and its reason."""
        from include.night.whole import night_step

        verdict = night_step(project, self.name, self.partition, "gate")
        if verdict.get("skipped"):
            raise AirflowSkipException(verdict["skipped"])
        return verdict
