"""Show what passed, put what did not into quarantine; a blocked partition turns the run red."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import BlockedError
from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class PublishOperator(StepOperator):
    """Show what passed, put what did not into quarantine; a blocked partition turns the run red."""

    kind = "dataset"

    def step(self, project: Project, context: Context) -> Any:
        """Return how much was published.

        Raises
        ------
        BlockedError
            When a partition is blocked; everything else of the attempt is published all the same.
        """
        from include.night.messages import flush
        from include.night.publish import publish

        attempt = context["ti"].xcom_pull(task_ids="ingest")["attempt"]
        done = publish(project, self.name, attempt)
        flush(project)
        if done["blocked"]:
            text = "; ".join(f"{key}: {reason}" for key, reason in done["reasons"].items())
            raise BlockedError.at(
                f"dataset {self.name}",
                f"blocked partitions: {text}",
                "rows that keep the contract",
                "correct the source, then clear this run",
            )
        return {"published": len(done["published"]), "unchanged": len(done["unchanged"]), "rows": done["rows"]}
