"""Score the night's rows with the champion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class ScoreOperator(StepOperator):
    """Score the night's rows with the champion."""

    def step(self, project: Project, context: Context) -> Any:
        """Return how many rows were scored, and by whom."""
        from include.night.whole import night_step

        return night_step(project, self.name, self.partition, "score")
