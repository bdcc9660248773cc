"""Write the night's page and send what is in the outbox; a night that did not end well ends red."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.links import ReportLink
from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class ReportOperator(StepOperator):
    """Write the night's page and send what is in the outbox; a night that did not end well ends red."""

    operator_extra_links = (ReportLink(),)

    def step(self, project: Project, context: Context) -> Any:
        """Return where the page is."""
        from include.night.whole import night_step

        return night_step(project, self.name, self.partition, "report")
