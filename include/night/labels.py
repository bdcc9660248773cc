"""The labels of a night: those that have matured since, and those that came late."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from include.labels.mature import labels_of, refreshable
from include.night.defects import defects_of
from include.night.rows import features_table, labels_table
from include.night.settled import Settled
from include.partitions import partition_from_key
from include.storage.specs import PARTITION, Publication

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project


def take_labels(project: Project, found: Begun) -> tuple[list[str], list[str]]:
    """Upsert the labels that are mature at the end of the night, or of the latest night that has begun.

    A night that is redone, or comes after later ones, must not take back what those have learnt. Looked at are the partitions that may still change (maturity and lateness) and those that have no labels yet. The
    same rows again change nothing.

    Returns
    -------
    changed, looked_at : list of str
        Keys. After a kill the first may be empty though the labels were never measured, so measure by the second.
    """
    model = found.model
    dataset = project.catalog.dataset(model.target.dataset)
    version, until = _latest(found, dataset.name)
    snapshots = project.snapshots(dataset.name)
    if snapshots is None or version is None:
        return [], []
    table = labels_table(project, model.name)
    there = {row[PARTITION] for row in table.contents() if row["rows"]}
    open_keys = {p.key for p in refreshable(model, dataset, found.night)}
    keys = _published(dataset.partition, dataset.timezone, snapshots.partitions(version), found.night)
    wanted = [p.key for p in keys if p.key not in there or p.key in open_keys]
    seen = snapshots.pinned(version)
    columns = [name for name in snapshots.spec.schema.names if name != "_revision"]
    publications: dict[str, Publication] = {}
    for key, token in zip(wanted, table.tokens(wanted), strict=True):
        mature = list(labels_of(model, dataset, seen.ordered(columns, [key]), until))
        if sum(batch.num_rows for batch in mature):
            publications[key] = Publication((table.stage(mature, key),), token=token)
    done = table.publish_all(list(publications.values()))
    changed = [key for key, published in zip(publications, done, strict=True) if published.changed]
    return changed, list(publications)


def _latest(found: Begun, dataset: str) -> tuple[int | None, datetime]:
    """Return the newest version of a dataset, and the latest end, of the nights that have begun."""
    starts = [record.body for record in found.ledger.records("night_start")]
    versions = [body["datasets"].get(dataset, {}).get("version") for body in starts]
    until = max(datetime.fromisoformat(body["end"]) for body in starts)
    return max((v for v in versions if v is not None), default=None), until


def _published(grain: str, timezone: str, keys: list[str], night: Partition) -> list[Partition]:
    parsed = [partition_from_key(key, grain, timezone) for key in keys]  # type: ignore[arg-type]
    return [partition for partition in parsed if partition.start < night.end]


def labelled_partitions(project: Project, found: Begun) -> list[Partition]:
    """Return the partitions of the model's rows whose labels are known as a whole, oldest first; see `Settled`."""
    return Settled(project, found.model).at(found.night)


def labelled_with_features(project: Project, found: Begun) -> list[Partition]:
    """Return the labelled partitions that have feature rows of the night's feature version and no known defect."""
    table = features_table(project, found.model.name)
    rows = table.contents() if table else []
    there = {r[PARTITION] for r in rows if r["_feature_version"] == found.feature_version and r["rows"]}
    sound = there - defects_of(found.ledger.records()).keys()
    return [p for p in labelled_partitions(project, found) if p.key in sound]
