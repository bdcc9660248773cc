"""One tick a partition: the timetable of a dataset's ingest and of a model's night."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import CronPartitionTimetable

if TYPE_CHECKING:
    from include.config.dataset import Dataset
    from include.config.model import Model


def partition_timetable(dataset: Dataset, model: Model | None = None) -> CronPartitionTimetable:
    """Return the timetable whose ticks name the partition that has just ended.

    Parameters
    ----------
    dataset : Dataset
        Whose partitions they are.
    model : Model, optional
        Whose night it is, when its schedule differs.

    Notes
    -----
    ``run_offset=-1`` names the tick before: the start of what has ended. Keys of hours are in UTC, so that they never
    collide when the clocks change; the cron line of an hourly dataset is read in UTC for the same reason.
    """
    hourly = dataset.partition == "hour"
    return CronPartitionTimetable(
        (model.schedule if model else None) or dataset.cron,
        timezone="UTC" if hourly else dataset.timezone,
        run_offset=-1,
        key_format="%Y-%m-%dT%HZ" if hourly else "%Y-%m-%d",
    )
