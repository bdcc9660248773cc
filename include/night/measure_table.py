"""The table of performance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.storage.schemas import PERFORMANCE
from include.storage.tables import Table

if TYPE_CHECKING:
    from include.project import Project


def performance_table(project: Project, name: str) -> Table:
    """Return a model's table of performance."""
    return Table(project.model_home(name) / "performance", PERFORMANCE)
