"""Which partitions of a source that knows its objects are to be read: those whose objects have changed since their verdict.

The index of the objects (`datasets/<dataset>/objects.json`) holds facts only: which partitions an object of this ETag
holds. It may be lost or be written by two at once without harm. What a partition was made of stands in its verdict, so
that nothing is passed over after a kill, whatever the order in which partitions are ingested.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.partitions import partitions_between
from include.sources.s3 import reading_digest
from include.storage.objects import read_if_present, replace

if TYPE_CHECKING:
    from include.config.dataset import Dataset
    from include.partitions import Partition
    from include.project import Project
    from include.registry.ledger import Record
    from include.sources.s3 import NewObjects

_BAD = ("block", "cannot_tell")


@dataclass(frozen=True)
class Renewed:
    """What an ingest has to read.

    Attributes
    ----------
    wanted : tuple of Partition
        To be read, in their order.
    unchanged : tuple of str
        Asked for, and made of the same objects as when they were published.
    too_late : tuple of str
        Partitions that have changed and lie before the window for late rows: they are pulled by hand only.
    """

    wanted: tuple[Partition, ...]
    unchanged: tuple[str, ...] = ()
    too_late: tuple[str, ...] = ()


def watermark_of(project: Project, dataset: Dataset) -> str | None:
    """Return the index of the objects looked into so far; None when there is none, or they are read otherwise now."""
    raw = read_if_present(project.dataset_home(dataset.name) / "objects.json")
    found = json.loads(raw) if raw else {}
    return found["index"] if found.get("reading") == reading_digest(dataset) else None


def remember_objects(project: Project, dataset: Dataset, source: NewObjects) -> None:
    """Keep the index for the next ingest."""
    body = {"reading": reading_digest(dataset), "index": source.watermark}
    replace(project.dataset_home(dataset.name) / "objects.json", json.dumps(body).encode())


def renewed(
    project: Project, dataset: Dataset, source: NewObjects, first: Partition, last: Partition, *, late: bool
) -> Renewed:
    """Return the partitions from first to last, and of the window before them, whose objects have changed.

    Parameters
    ----------
    project, dataset, source
        The installation, the dataset and its source.
    first, last : Partition
        Asked for.
    late : bool
        Also look at the window for late rows.
    """
    verdicts = {str(r.body["partition"]): r for r in project.dataset_ledger(dataset.name).records("verdict")}
    asked = partitions_between(first, last)
    window = _window(dataset, first, verdicts) if late else []
    if not any(p.key in verdicts for p in [*window, *asked]):
        return Renewed(tuple(asked))
    source.look([*window, *asked])
    changed = {key for key, record in verdicts.items() if record.body.get("source") != source.provenance(key)}
    again = [p for p in window if p.key in changed]
    fresh = [p for p in asked if p.key not in verdicts or p.key in changed or verdicts[p.key].body["health"] in _BAD]
    before = min(p.key for p in [*window, *asked])
    touched = set(source.touched())
    return Renewed(
        wanted=(*again, *fresh),
        unchanged=tuple(p.key for p in asked if p not in fresh),
        too_late=tuple(sorted(key for key in changed & touched if key < before)),
    )


def renewed_static(project: Project, dataset: Dataset, source: NewObjects, key: str) -> bool:
    """Tell whether the objects of a static dataset have changed since its verdict, or it was blocked."""
    verdicts = [r for r in project.dataset_ledger(dataset.name).records("verdict") if r.body["partition"] == key]
    if not verdicts or verdicts[-1].body["health"] in _BAD:
        return True
    source.look(())
    return bool(verdicts[-1].body.get("source") != source.provenance(key))


def _window(dataset: Dataset, first: Partition, verdicts: dict[str, Record]) -> list[Partition]:
    found, before = [], first.preceding()
    while before.end > first.start - dataset.late_for:
        if before.key in verdicts:
            found.append(before)
        before = before.preceding()
    return found[::-1]
