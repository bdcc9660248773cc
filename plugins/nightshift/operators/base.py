"""What the operators of all steps share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from include.errors import BlockedError, ConfigError, LedgerError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import Context

    from include.config.load import Kind
    from include.project import Project


@contextmanager
def without_retry() -> Iterator[None]:
    """Fail at once with an error that a person must mend: to try it again would only keep the next run waiting."""
    try:
        yield
    except (BlockedError, ConfigError, LedgerError, PolicyError) as error:
        raise AirflowFailException(str(error)) from error


class StepOperator(BaseOperator):
    """A step of a dataset's or a model's night.

    Parameters
    ----------
    partition : str
        Key of the partition; rendered from the run.
    **kwargs
        Those of Airflow's ``BaseOperator``.
    """

    template_fields: Sequence[str] = ("partition",)
    kind: Kind = "model"

    def __init__(self, *, name: str, partition: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.partition = partition

    def execute(self, context: Context) -> Any:
        """Run the step; an error that a person must mend is not tried again."""
        project = self.project(context)
        with without_retry():
            result = self.step(project, context)
        self.log.info("%s %s %s: %s", self.task_id, self.name, self.partition, result)
        return result

    def project(self, context: Context) -> Project:
        """Return the installation, acting as this task, reading only the files it needs."""
        from include.project import Project
        from nightshift.connections import AirflowConnections

        ti = context["ti"]
        return Project.open(
            actor=f"{ti.dag_id}.{ti.task_id}", only=(self.kind, self.name), connections=AirflowConnections()
        )

    def step(self, project: Project, context: Context) -> Any:
        """Call the one function of ``include`` that is this step."""
        raise TypeError(type(self).__name__)
