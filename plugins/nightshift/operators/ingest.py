"""Pull the rows of a dataset's partitions into staged files that no reader sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nightshift.operators.base import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.project import Project


class IngestOperator(StepOperator):
    """Pull the rows of a dataset's partitions into staged files that no reader sees.

    Parameters
    ----------
    last : str
        Key of the last partition of a range; empty for one partition.
    """

    kind = "dataset"
    template_fields = ("partition", "last")

    def __init__(self, *, last: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last

    def step(self, project: Project, context: Context) -> Any:
        """Return the attempt, its partitions and rows."""
        from include.night.whole import dataset_step

        staged = dataset_step(project, self.name, self.partition, "ingest", last=self.last or None)
        return staged | {"partitions": len(staged["partitions"])}
