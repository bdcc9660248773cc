"""Build the night's feature rows, each value as it was known at prediction time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class FeaturesOperator(StepOperator):
    """Build the night's feature rows, each value as it was known at prediction time."""

    def step(self, project: Project, context: Context) -> Any:
        """Return how many rows were built."""
        from include.night.whole import night_step

        return night_step(project, self.name, self.partition, "features")
