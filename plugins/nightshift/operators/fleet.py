"""Keep all models and datasets in order: one step of the upkeep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.errors import ConfigError, LedgerError

if TYPE_CHECKING:
    from airflow.sdk import Context


class FleetOperator(BaseOperator):
    """Run one step of the fleet's upkeep.

    Parameters
    ----------
    what : str
        ``reconcile``, ``digest``, ``compaction`` or ``retention``.
    period : str
        Of the digest: ``week``, ``day`` or ``never``.
    dry_run : str
        ``True`` when retention shall only say what it would remove; rendered from the form.
    """

    template_fields = ("period", "dry_run")

    def __init__(self, *, what: str, period: str = "week", dry_run: str = "False", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.what = what
        self.period = period
        self.dry_run = dry_run

    def execute(self, context: Context) -> Any:
        """Run the step; an error that a person must mend is not tried again."""
        from include.fleet.upkeep import upkeep
        from include.project import Project
        from nightshift.connections import AirflowConnections

        if self.what == "digest" and self.period == "never":
            raise AirflowSkipException("the form says that no digest is sent")
        ti = context["ti"]
        project = Project.open(actor=f"{ti.dag_id}.{ti.task_id}", connections=AirflowConnections())
        try:
            result = upkeep(project, self.what, period=self.period, dry_run=str(self.dry_run) == "True")
        except (ConfigError, LedgerError) as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("%s: %s", self.what, result)
        return {name: len(found) if isinstance(found, list) else found for name, found in result.items()}
