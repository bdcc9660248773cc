"""The newest version of a table on this machine's disk, opened once and again only when somebody has written."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from deltalake import DeltaTable

if TYPE_CHECKING:
    from pathlib import Path

    from include.storage.locations import Location

    Mark = tuple[int, int, int]

_MOST = 64

_lock = Lock()
_held: dict[str, tuple[DeltaTable, Mark]] = {}


def newest(location: Location) -> DeltaTable:
    """Return the newest version of a table, to read from only: who writes opens one of its own.

    Raises
    ------
    TableNotFoundError
        When there is no table.

    Notes
    -----
    Opening reads the log of all versions: 20 ms of CPU time at 300 partitions, and a night looks dozens of times. Here two
    looks at the log's folder do while nothing was written: a commit is a file with the next number. A table that was removed
    and made anew is told by the file of the held version, which is another one then. Tables on S3 are opened each time.
    """
    if not location.is_local:
        return DeltaTable(location.uri, storage_options=location.storage_options)
    with _lock:
        held = _held.get(location.uri)
    if held and _is_newest(location.path, *held):
        return held[0]
    found = DeltaTable(location.uri)
    hold(location, found)
    return found


def hold(location: Location, table: DeltaTable) -> None:
    """Keep a table as the newest version, which nobody writes with any more; the 64 kept last are kept."""
    if not location.is_local:
        return
    mark = _mark(location.path, int(table.version()))
    with _lock:
        _held.pop(location.uri, None)
        if mark is not None:
            _held[location.uri] = table, mark
        if len(_held) > _MOST:
            del _held[next(iter(_held))]


def forget() -> None:
    """Keep none, as a new process does."""
    with _lock:
        _held.clear()


def _is_newest(path: Path, table: DeltaTable, mark: Mark) -> bool:
    version = int(table.version())
    return _mark(path, version) == mark and _mark(path, version + 1) is None


def _mark(path: Path, version: int) -> Mark | None:
    """Return what tells the file of a commit from another of the same name; None when it is not there."""
    try:
        found = (path / "_delta_log" / f"{version:020d}.json").stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
