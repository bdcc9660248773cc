"""How many days the rows of a partition tell: what the gate may divide it into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from include.evaluation.plan import divides
from include.features.days import days_of
from include.night.rows import present_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project

EVENT_TIME = "_event_time"


def days_told(project: Project, found: Begun, labelled: Sequence[Partition]) -> int:
    """Return the different days among the rows of the newest labelled partition; 1 where partitions are no longer than one."""
    if not labelled or not divides(found.night.grain):
        return 1
    table = present_features(project, found.model.name)
    batches = table.ordered([EVENT_TIME], [labelled[-1].key], _feature_version=found.feature_version)
    days = [np.unique(days_of(batch.column(0), found.night.timezone)) for batch in batches]
    return len(np.unique(np.concatenate(days))) if days else 1
