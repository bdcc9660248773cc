"""Ask the policy whether to retrain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class DecideOperator(StepOperator):
    """Ask the policy whether to retrain.

    Parameters
    ----------
    force : str
        A person's reason to retrain whatever the policy says; empty for none.
    """

    template_fields = ("partition", "force")

    def __init__(self, *, force: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.force = force

    def step(self, project: Project, context: Context) -> Any:
        """Return the decision and its reason."""
        from include.night.whole import night_step

        return night_step(project, self.name, self.partition, "decide", force=self.force or None)
