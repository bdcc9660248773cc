"""Ask a person whether a challenger may become champion; the answer, or its absence, goes into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class ApproveOperator(StepOperator, ApprovalOperator):
    """Wait for a person's answer, unless none is needed: for roll backs, freezes, and a challenger that has its approval.

    Nobody answering in time is a refusal, and so is everything but "Approve".
    """

    template_fields = ("subject", "body", "partition", "action", "candidate")

    def __init__(self, *, action: str, candidate: str, **kwargs: Any) -> None:
        super().__init__(partition="", defaults="Reject", **kwargs)
        self.action = action
        self.candidate = candidate

    def execute(self, context: Context) -> Any:
        """Ask, or return at once what needs no answer."""
        if not StepOperator.execute(self, context):
            return None
        return ApprovalOperator.execute(self, context)

    def step(self, project: Project, context: Context) -> bool:
        """Tell whether a person must be asked, and tell the owner."""
        from include.night.succession import ask

        return self.action == "promote" and ask(project, self.name, self.candidate)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Write the answer into the ledger; a refusal fails the task, so that nothing is promoted."""
        from include.night.succession import approve, passed, write_refusal

        project = self.project(context)
        digest = passed(self.name, project.model_ledger(self.name).records(), self.candidate)
        user = (event.get("responded_by_user") or {}).get("name") or f"{context['ti'].dag_id}.{self.task_id}"
        if event.get("chosen_options") == [self.APPROVE]:
            approve(project, self.name, digest, by=user)
            return {"approved": digest, "by": user}
        answered = event.get("responded_by_user") is not None
        reason = "a person has refused it" if answered else "nobody has approved it in time"
        write_refusal(project, self.name, digest, reason, user)
        raise AirflowFailException(f"candidate {digest[:12]}: {reason}")
