"""What one attempt to ingest has staged, between the tasks that ingest, validate and publish."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.storage.objects import create_if_absent, read_bytes, replace
from include.storage.specs import Staged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.project import Project
    from include.storage.locations import Location


@dataclass(frozen=True)
class StagedPartition:
    """One partition of an attempt.

    Attributes
    ----------
    partition : str
        Its key.
    revision : int
        The number it will have when it is published.
    token : int or None
        State of its publication when it was read; publishing finds it unchanged or refuses.
    staged : Staged
        The data file.
    source : str or None
        Digest of the objects that its rows came from, where the source knows them.
    """

    partition: str
    revision: int
    token: int | None
    staged: Staged
    source: str | None = None


def place(project: Project, dataset: str, attempt: str) -> Location:
    """Return the folder of an attempt."""
    return project.dataset_home(dataset) / "attempts" / attempt


def remember_staged(
    project: Project, dataset: str, attempt: str, found: Sequence[StagedPartition], unchanged: Sequence[str] = ()
) -> None:
    """Keep what was staged, and what needed no staging, for the tasks that follow."""
    body = {"staged": [asdict(f) for f in found], "unchanged": list(unchanged)}
    create_if_absent(place(project, dataset, attempt) / "staged.json", json.dumps(body).encode())


def staged_of(project: Project, dataset: str, attempt: str) -> list[StagedPartition]:
    """Return what an attempt staged."""
    return [_staged_partition(item) for item in _remembered(project, dataset, attempt)["staged"]]


def unchanged_of(project: Project, dataset: str, attempt: str) -> list[str]:
    """Return the partitions that were asked for and whose source has not changed since they were published."""
    return list(_remembered(project, dataset, attempt)["unchanged"])


def _remembered(project: Project, dataset: str, attempt: str) -> dict[str, Any]:
    return dict(json.loads(read_bytes(place(project, dataset, attempt) / "staged.json")))


def remember_validated(project: Project, dataset: str, attempt: str, validations: dict[str, Any]) -> None:
    """Keep the validations of an attempt, by partition."""
    replace(place(project, dataset, attempt) / "validated.json", json.dumps(validations).encode())


def validations_of(project: Project, dataset: str, attempt: str) -> dict[str, Any]:
    """Return the validations of an attempt, by partition."""
    return dict(json.loads(read_bytes(place(project, dataset, attempt) / "validated.json")))


@contextmanager
def local_files(base: Location, staged: Sequence[Staged]) -> Iterator[list[str]]:
    """Give staged files as local paths, fetched for the moment when they are on S3."""
    if base.is_local:
        yield [str(base.path / s.path) for s in staged]
        return
    system, root = base.filesystem()
    with tempfile.TemporaryDirectory(prefix="nightshift-staged-") as folder:
        paths = [str(Path(folder) / f"{place}.parquet") for place in range(len(staged))]
        for path, item in zip(paths, staged, strict=True):
            with system.open_input_stream(f"{root}/{item.path}") as source, Path(path).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        yield paths


def _staged_partition(item: dict[str, Any]) -> StagedPartition:
    staged = item["staged"]
    values = tuple((name, value) for name, value in staged["values"])
    return StagedPartition(**{**item, "staged": Staged(**{**staged, "values": values})})
