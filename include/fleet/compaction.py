"""compaction: merge the small files that steps and alarms leave, and sum the log up, so that reading stays quick."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.fleet.places import MANY_FILES, places
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from include.project import Project

FEW = 16  # files more than partitions: below that there is nothing to gain


def compact(project: Project, *, least: int = FEW) -> dict[str, Any]:
    """Compact every table that nights append to.

    Parameters
    ----------
    project : Project
        The installation.
    least : int
        Files beyond one a partition from which on a table is compacted.

    Returns
    -------
    dict
        ``tables``: ``table``, ``before`` and ``after`` (numbers of files) of each that was compacted.

    Notes
    -----
    Rows stay the same and no pinned table is touched. A night that appends meanwhile wins: the table is compacted by the
    next run.
    """
    found = []
    for place in places(project):
        table = Table.existing(place.location, str(place)) if place.table in MANY_FILES else None
        if table is None or _spare(table) < least:
            continue
        before = len(table.contents())
        if table.compact():
            found.append({"table": str(place), "before": before, "after": len(table.contents())})
    return {"tables": found}


def _spare(table: Table) -> int:
    files = Counter(row[PARTITION] for row in table.contents())
    return sum(files.values()) - len(files)
