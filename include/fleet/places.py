"""Every table of an installation, and the versions of it that a ledger names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.storage.objects import exists, list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.base import Retention
    from include.project import Project
    from include.storage.locations import Location

Kind = Literal["datasets", "models"]
OF_DATASET = ("snapshots", "quarantine", "steps")
OF_MODEL = (
    "features",
    "labels",
    "golden",
    "predictions",
    "profiles",
    "signals",
    "evidence",
    "performance",
    "alarms",
    "steps",
)
MANY_FILES = ("steps", "evidence", "alarms")
"""Tables that grow by many small commits to one partition; of the others a partition is one file."""


@dataclass(frozen=True)
class Place:
    """One table of one dataset or model.

    Attributes
    ----------
    kind : str
        ``datasets`` or ``models``.
    name : str
        Of the dataset or model.
    table : str
        Name of the table, such as ``features``.
    location : Location
        Where it is.
    """

    kind: Kind
    name: str
    table: str
    location: Location

    def __str__(self) -> str:
        """Return its path below the home."""
        return f"{self.kind}/{self.name}/{self.table}"


def places(project: Project) -> Iterator[Place]:
    """Yield every table that there is, also of datasets and models whose YAML file is gone."""
    tables: tuple[tuple[Kind, tuple[str, ...]], ...] = (("datasets", OF_DATASET), ("models", OF_MODEL))
    for kind, names in tables:
        for name in list_names(project.home / kind):
            for table in names:
                location = project.home / kind / name / table
                if exists_table(location):
                    yield Place(kind, name, table, location)


def exists_table(location: Location) -> bool:
    """Tell whether there is a table."""
    return exists(location / "_delta_log" / f"{0:020d}.json")


def retention_of(project: Project, kind: Kind, name: str) -> Retention | None:
    """Return what a YAML file says of keeping; None when there is no such file or it is broken."""
    found = project.catalog.datasets.get(name) if kind == "datasets" else project.catalog.models.get(name)
    return found.retention if found else None


def pins(project: Project) -> dict[str, set[int]]:
    """Return the versions that night starts, candidates and golden sets name, by the table's path below the home.

    Notes
    -----
    Every model's ledger is read, also of those whose YAML file is gone: their nights pin the datasets' snapshots too.

    Raises
    ------
    LedgerError
        When a ledger is broken: nothing may be removed then.
    """
    found: dict[str, set[int]] = {}
    for name in list_names(project.home / "models"):
        for record in project.model_ledger(name).records():
            if record.kind == "night_start":
                versions = {f"datasets/{d}/snapshots": s["version"] for d, s in record.body["datasets"].items()}
            elif record.kind == "candidate":
                features, labels = record.body["features"][0], record.body["labels"]
                versions = {f"models/{name}/features": features, f"models/{name}/labels": labels}
            elif record.kind == "golden_set":
                versions = {f"models/{name}/golden": record.body["table_version"]}
            else:
                continue
            for table, version in versions.items():
                if version is not None:
                    found.setdefault(table, set()).add(int(version))
    return found
