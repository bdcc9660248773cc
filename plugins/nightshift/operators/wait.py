"""Wait, without holding a worker, until each dataset has a verdict for the night, or until the deadline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from nightshift.operators.base import StepOperator, without_retry

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.sdk import Context


class WaitOperator(BaseSensorOperator, StepOperator):
    """Wait, without holding a worker, until each dataset has a verdict for the night, or until the deadline.

    Parameters
    ----------
    deadline : timedelta
        After this long since the run was queued, the night begins with what there is.
    """

    template_fields = ("partition",)

    def __init__(self, *, deadline: timedelta, **kwargs: Any) -> None:
        # the deadline ends the wait well; Airflow's own time-out, a little later, is only a guard
        super().__init__(mode="reschedule", timeout=deadline.total_seconds() + 3600, **kwargs)
        self.deadline = deadline

    def poke(self, context: Context) -> PokeReturnValue:
        """Tell whether the night has begun."""
        from include.night.wait import wait

        run = context["dag_run"]
        waited = datetime.now(UTC) - (run.start_date or datetime.now(UTC))
        with without_retry():
            begun = wait(self.project(context), self.name, self.partition, expired=waited > self.deadline)
        if begun is None:
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(
            is_done=True, xcom_value={"health": begun["health"], "champion": begun["champion_version"]}
        )

    def execute(self, context: Context) -> Any:
        """Poke as a sensor does."""
        return BaseSensorOperator.execute(self, context)
