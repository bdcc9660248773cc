"""Start the promotion of a candidate that passed, and the promotion itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowSkipException

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project

_START = "((ti.xcom_pull(task_ids='gate') or {}).get('start') or {})"


class StartPromotionOperator(TriggerDagRunOperator):
    """Start what tonight's gate says about the champion: a promotion, its next stage, a roll back; once, however often it runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            trigger_run_id="{{ " + _START + ".get('run', 'none') }}",
            conf={what: "{{ " + _START + f".get('{what}', '')" + " }}" for what in ("action", "candidate", "reason")},
            skip_when_already_exists=True,
            logical_date=None,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Trigger, or skip and say why."""
        verdict = context["ti"].xcom_pull(task_ids="gate") or {}
        if not verdict.get("start"):
            reason = f"nothing is promoted: the verdict is {verdict.get('verdict')!r}"
            raise AirflowSkipException(reason)
        return super().execute(context)


class PromoteOperator(StepOperator):
    """Make a challenger the champion, refuse it, roll back to an earlier one, or freeze, as the form says."""

    template_fields = ("partition", "action", "candidate", "reason")

    def __init__(self, *, action: str, candidate: str, reason: str, **kwargs: Any) -> None:
        super().__init__(partition="", **kwargs)
        self.action = action
        self.candidate = candidate
        self.reason = reason

    def step(self, project: Project, context: Context) -> Any:
        """Return the champion after the action."""
        from include.night.promote import act

        actor = context["dag_run"].triggering_user_name or f"{context['ti'].dag_id}.{self.task_id}"
        by_hand = context["dag_run"].triggering_user_name is not None and bool(self.reason)
        what = {"action": self.action, "candidate": self.candidate, "reason": self.reason}
        return act(project, self.name, **what, actor=actor, by_hand=by_hand)
