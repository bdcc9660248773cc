"""Remove data files that no kept version shows; never one that is pinned, shown, or younger than the grace period.

Not the library's own vacuum: it measures age by this machine's clock, cannot tell a pinned version's files from one pass
over the log, and takes staged files for garbage once they are old by their time stamp alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.storage.lifetimes import lifetimes, standing_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from include.storage.lifetimes import Lifetime
    from include.storage.locations import Location


@dataclass(frozen=True)
class Kept:
    """How long what is no longer shown is kept.

    Attributes
    ----------
    versions : timedelta
        How long after a version was superseded its files may still be read.
    grace : timedelta
        No file younger than this is removed, whatever it is.
    """

    versions: timedelta
    grace: timedelta


@dataclass(frozen=True)
class DataFile:
    """A data file as the store lists it."""

    path: str
    bytes: int
    modified: datetime


@dataclass(frozen=True)
class Vacuumed:
    """What was removed from a table, or would be.

    Attributes
    ----------
    removed : tuple of str
        Paths relative to the table.
    bytes : int
        Their size together.
    kept : int
        Data files that stay.
    """

    removed: tuple[str, ...]
    bytes: int
    kept: int


def vacuum(location: Location, pinned: Iterable[int], keep: Kept, now: datetime, *, dry_run: bool = False) -> Vacuumed:
    """Remove what nothing needs from the folder of a table.

    Parameters
    ----------
    location : Location
        Of the table.
    pinned : iterable of int
        Versions that a ledger names.
    keep : Kept
        Ages.
    now : datetime
        The present instant, with a zone.
    dry_run : bool
        Only say what would be removed.

    Notes
    -----
    The files are listed before the log is read: what is committed in between is then in the log, and what is staged in
    between is not in the list.
    """
    files = list(data_files(location))
    lives = lifetimes(location)
    lives |= standing_in(location, lives)
    versions = sorted(set(pinned))
    garbage = [f for f in files if _is_garbage(f, lives, versions, keep, now)]
    if not dry_run:
        remove_files(location, [f.path for f in garbage])
    removed = tuple(f.path for f in garbage)
    return Vacuumed(removed, sum(f.bytes for f in garbage), len(files) - len(garbage))


def data_files(location: Location) -> Iterator[DataFile]:
    """Yield every Parquet file below a table's folder, shown or not; its log is left out."""
    from pyarrow.fs import FileSelector, FileType

    system, base = location.filesystem()
    for info in system.get_file_info(FileSelector(base, recursive=True, allow_not_found=True)):
        relative = info.path[len(base) :].lstrip("/")
        if info.type == FileType.File and relative.endswith(".parquet") and not relative.startswith("_delta_log/"):
            yield DataFile(relative, int(info.size), _instant(info))


def remove_files(location: Location, paths: Iterable[str]) -> None:
    """Remove data files; those that are gone already are passed over."""
    system, base = location.filesystem()
    for path in paths:
        try:
            system.delete_file(f"{base}/{path}")
        except FileNotFoundError:
            continue


def _instant(info: Any) -> datetime:
    return info.mtime.astimezone(UTC) if info.mtime else datetime.max.replace(tzinfo=UTC)


def _is_garbage(file: DataFile, lives: Mapping[str, Lifetime], pinned: list[int], keep: Kept, now: datetime) -> bool:
    if now - file.modified <= keep.grace:
        return False
    life = lives.get(file.path)
    if life is None:  # staged and never shown
        return True
    if life.removed is None or any(life.shown_in(version) for version in pinned):
        return False
    superseded = datetime.fromtimestamp(life.removed_ms / 1000, UTC)
    return now - superseded > max(keep.versions, keep.grace)
