"""The backtest's steps: which training cuts there are, the candidates of some, and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.links import BacktestLink
from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from include.project import Project


class PlanBacktestOperator(StepOperator):
    """Return the training cuts, in groups; a form that cannot be read fails here."""

    template_fields: Sequence[str] = ("partition", "name", "form")

    def __init__(self, *, form: dict[str, str], **kwargs: Any) -> None:
        super().__init__(partition="", **kwargs)
        self.form = form

    def step(self, project: Project, context: Context) -> Any:
        """Return the groups."""
        from include.policy.steps import cut_groups

        return cut_groups(project, self.name, self.form)


class ComputeCutsOperator(PlanBacktestOperator):
    """Train and score the candidates of some cuts; those that are there are left."""

    template_fields: Sequence[str] = ("partition", "name", "form", "cuts")

    def __init__(self, *, cuts: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cuts = cuts

    def step(self, project: Project, context: Context) -> Any:
        """Return how many were computed."""
        from include.policy.steps import compute_cuts

        return compute_cuts(project, self.name, self.form, self.cuts)


class ReplayOperator(PlanBacktestOperator):
    """Replay the policies and write the page."""

    operator_extra_links = (BacktestLink(),)

    def step(self, project: Project, context: Context) -> Any:
        """Return where the page is and what it recommends."""
        from include.policy.steps import write_backtest

        return write_backtest(project, self.name, self.form)
