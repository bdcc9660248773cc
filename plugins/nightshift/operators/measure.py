"""Take in labels that have matured; measure performance, signals and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class MeasureOperator(StepOperator):
    """Take in labels that have matured; measure performance, signals and alarms."""

    def step(self, project: Project, context: Context) -> Any:
        """Return what was measured."""
        from include.night.whole import night_step

        return night_step(project, self.name, self.partition, "measure")
