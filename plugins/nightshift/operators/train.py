"""Train a candidate when the decision says so; else the skipped task says why not."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class TrainOperator(StepOperator):
    """Train a candidate when the decision says so; else the skipped task says why not."""

    def step(self, project: Project, context: Context) -> Any:
        """Return the candidate."""
        from include.night.whole import night_step

        # the pool "training" has one slot, so a training may use every core
        whole = replace(project, threads=os.cpu_count() or 1)
        candidate = night_step(whole, self.name, self.partition, "train")
        if candidate.get("skipped"):
            context["ti"].xcom_push(key="why", value=candidate["skipped"])
            raise AirflowSkipException(candidate["skipped"])
        return candidate
