"""What a training reads, pinned: table versions in, the same rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ModelError
from include.night.alarms import alarms_table
from include.night.golden import golden_keys, golden_record
from include.night.measure_table import performance_table
from include.night.rows import features_table, labelled_rows, labels_table
from include.night.steps import steps_table
from include.registry.manifest import TableInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from include.night.begun import Begun
    from include.project import Project
    from include.registry.manifest import Manifest

GOLDEN = "golden"


@dataclass(frozen=True)
class Pins:
    """Versions of the tables that a training reads; `golden` is None where no rows are frozen."""

    features: int
    labels: int
    golden: int | None

    def inputs(self, model: str, partitions: tuple[str, ...]) -> tuple[TableInput, ...]:
        """Return them as a manifest records them; the golden set is read to leave its rows out."""
        read = [("features", self.features), ("labels", self.labels)]
        found = [TableInput(table=f"models/{model}/{name}", version=at, partitions=partitions) for name, at in read]
        if self.golden is not None:
            found.append(TableInput(table=f"models/{model}/{GOLDEN}", version=self.golden))
        return tuple(found)


def versions_now(project: Project, name: str) -> dict[str, int]:
    """Return the newest versions of the tables that decisions and verdicts look at; 0, which is empty, of one to come."""
    features = features_table(project, name)
    tables = {
        "labels": labels_table(project, name),
        "performance": performance_table(project, name),
        "alarms": alarms_table(project, name),
        "steps": steps_table(project, "models", name),
    }
    found = {table: each.version() or 0 for table, each in tables.items()}
    return {"features": (features.version() or 0) if features else 0, **found}


def pins_of(project: Project, found: Begun) -> Pins:
    """Return the newest versions of what a training of this night reads.

    Raises
    ------
    ModelError
        When there are no feature rows.
    """
    name = found.model.name
    features, labels = features_table(project, name), labels_table(project, name)
    at = features.version() if features else None
    if at is None:
        raise ModelError.at(f"model {name}", "has no feature rows", "those of earlier nights", "run a night first")
    frozen = golden_record(found.ledger, found.feature_version) or golden_record(found.ledger)
    return Pins(at, labels.version() or 0, frozen.body["table_version"] if frozen else None)


def training_rows(project: Project, name: str, manifest: Manifest) -> Iterator[pa.RecordBatch]:
    """Return the very rows that a model was trained on, from the versions that its manifest pins."""
    lineage = manifest.lineage
    at = {item.table.rsplit("/", 1)[-1]: item.version for item in lineage.inputs}
    return labelled_rows(
        project,
        name,
        lineage.train,
        lineage.feature_version,
        at["features"],
        at["labels"],
        classes=manifest.classes,
        leave_out=golden_keys(project, name, at.get(GOLDEN)),
    )
