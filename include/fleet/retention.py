"""retention: remove what is too old and what nothing needs, never what a ledger has pinned."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.config.durations import parse_duration
from include.fleet.places import Place, pins, places, retention_of
from include.storage.lifetimes import lifetimes
from include.storage.objects import TEMPORARY, list_names, modified, remove
from include.storage.tables import Table
from include.storage.vacuum import Kept, vacuum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.config.base import Retention
    from include.project import Project


@dataclass
class Removed:
    """What a run removed, or would remove.

    Attributes
    ----------
    tables : list of dict
        ``table``, ``files``, ``bytes`` and ``kept`` of each table that loses files.
    quarantined : list of str
        Quarantined partitions whose rows are removed, as ``dataset/partition``.
    attempts : int
        Attempts to ingest that are forgotten.
    fragments : int
        Temporary files that killed processes have left.
    left_alone : list of str
        Tables without a YAML file that says how long to keep them.
    """

    tables: list[dict[str, Any]]
    quarantined: list[str]
    attempts: int
    fragments: int
    left_alone: list[str]


def retain(project: Project, *, dry_run: bool = False) -> dict[str, Any]:
    """Apply the `retention` of every dataset and model.

    Parameters
    ----------
    project : Project
        The installation, with all its files.
    dry_run : bool
        Only say what would be removed.

    Returns
    -------
    dict
        ``dry_run``, ``files``, ``bytes`` and what `Removed` lists.

    Raises
    ------
    LedgerError
        When a ledger is broken: its pins are unknown, so nothing at all is removed.

    Notes
    -----
    Safe while nights run: the pins are read first, and what was shown, staged or superseded within the grace period
    stays, so that a night which begins meanwhile pins nothing that is being removed.
    """
    pinned = pins(project)
    done = Removed([], [], 0, 0, [])
    for place in places(project):
        settings = retention_of(project, place.kind, place.name)
        if settings is None:
            done.left_alone.append(str(place))
            continue
        _retain_table(project, place, settings, pinned, done, dry_run=dry_run)
    for name, dataset in project.catalog.datasets.items():
        done.attempts += _forget_attempts(project, name, _kept(dataset.retention).grace, dry_run=dry_run)
    done.fragments = _sweep(project, dry_run=dry_run)
    files, size = sum(t["files"] for t in done.tables), sum(t["bytes"] for t in done.tables)
    return {"dry_run": dry_run, "files": files, "bytes": size, **done.__dict__}


def _kept(settings: Retention) -> Kept:
    return Kept(parse_duration(settings.versions), parse_duration(settings.grace))


def _retain_table(
    project: Project,
    place: Place,
    settings: Retention,
    pinned: Mapping[str, set[int]],
    done: Removed,
    *,
    dry_run: bool,
) -> None:
    keep = _kept(settings)
    if place.table == "quarantine":
        expired = _expired(place, keep.versions, project.clock())
        done.quarantined += [f"{place.name}/{key}" for key in expired]
        if not dry_run:
            _empty(place, expired)
        keep = Kept(keep.grace, keep.grace)  # nothing pins what was blocked
    found = vacuum(place.location, pinned.get(str(place), ()), keep, project.clock(), dry_run=dry_run)
    if found.removed:
        done.tables.append({"table": str(place), "files": len(found.removed), "bytes": found.bytes, "kept": found.kept})


def _expired(place: Place, age: timedelta, now: datetime) -> list[str]:
    """Return the partitions whose quarantined rows were written longer ago than an age."""
    shown = [life for life in lifetimes(place.location).values() if life.removed is None]
    old = [life for life in shown if now - datetime.fromtimestamp(life.added_ms / 1000, UTC) > age]
    return sorted({str(life.values["_partition"]) for life in old})


def _empty(place: Place, partitions: list[str]) -> None:
    table = Table.existing(place.location, str(place))
    for key in partitions:
        if table is not None:
            table.clear(key, run_key="expired")


def _sweep(project: Project, *, dry_run: bool) -> int:
    """Remove the temporary files of single objects that are a day old: nobody writes one for so long."""
    if not project.home.is_local:
        return 0
    count = 0
    for folder, below, names in os.walk(project.home.path):
        below[:] = [name for name in below if not name.startswith("_partition=") and name != "_delta_log"]
        for path in (Path(folder) / name for name in names if name.startswith(TEMPORARY)):
            with suppress(FileNotFoundError):  # its writer was alive after all
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if project.clock() - written > timedelta(days=1):
                    count += 1
                    if not dry_run:
                        path.unlink()
    return count


def _forget_attempts(project: Project, dataset: str, grace: timedelta, *, dry_run: bool) -> int:
    """Remove what attempts to ingest remember, once nothing may come of them any more."""
    root = project.dataset_home(dataset) / "attempts"
    count = 0
    for attempt in list_names(root):
        names = list_names(root / attempt)
        instants = [modified(root / attempt / name) for name in names]
        if not instants or project.clock() - max(instants) <= grace:
            continue
        count += 1
        for name in names if not dry_run else ():
            remove(root / attempt / name)
        if root.is_local and not dry_run:
            (root / attempt).path.rmdir()
    return count
