"""From which version to which each data file of a table was shown, read from the table's whole log."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from include.storage.objects import list_names, read_bytes, read_if_present
from include.storage.objects import replace as put

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.storage.locations import Location


_FOLDER = "_erased"


@dataclass(frozen=True)
class Lifetime:
    """When a data file was part of its table.

    Attributes
    ----------
    path : str
        Relative to the table, as the file is called on disk.
    values : mapping
        Its partition columns and their values.
    added : int
        First version that shows it.
    added_ms : int
        When it was written (milliseconds since 1970).
    removed : int or None
        First version that shows it no more; None while it is shown.
    removed_ms : int
        When that was committed (milliseconds since 1970); 0 while it is shown.
    """

    path: str
    values: Mapping[str, str]
    added: int
    added_ms: int = 0
    removed: int | None = None
    removed_ms: int = 0

    def shown_in(self, version: int) -> bool:
        """Tell whether a version shows it."""
        return self.added <= version and (self.removed is None or version < self.removed)


def lifetimes(location: Location) -> dict[str, Lifetime]:
    """Return the lifetime of every file that a table's log names, by path.

    Notes
    -----
    Every commit is read, oldest first: the log is kept whole (`delta.logRetentionDuration`). That costs one read a
    commit, so it is for the fleet's upkeep and not for a night.
    """
    found: dict[str, Lifetime] = {}
    for version, line in _actions(location):
        if added := line.get("add"):
            path = unquote(added["path"])
            found[path] = Lifetime(path, added["partitionValues"], version, int(added["modificationTime"]))
        elif removed := line.get("remove"):
            path = unquote(removed["path"])
            if path in found:
                at = int(removed.get("deletionTimestamp") or 0)
                found[path] = replace(found[path], removed=version, removed_ms=at)
    return found


def stand_in(location: Location, old: str, new: str) -> None:
    """Let readers of older versions read the new file in the place of the old one."""
    put(location / _FOLDER / _name(old), f"{old}\n{new}".encode())


def stand_in_for(location: Location, path: str) -> str | None:
    """Return the file that is read in the place of one that is gone, None when there is none."""
    found = None
    while (raw := read_if_present(location / _FOLDER / _name(path))) is not None:
        found = path = raw.decode().split("\n")[1]
    return found


def standing_in(location: Location, lives: Mapping[str, Lifetime]) -> dict[str, Lifetime]:
    """Return the lifetimes of the files that stand in for others: from the first version that showed the old one."""
    pairs = [
        tuple(read_bytes(location / _FOLDER / name).decode().split("\n")) for name in list_names(location / _FOLDER)
    ]
    found: dict[str, Lifetime] = {}
    for _ in pairs:  # a file that stood in may itself have been written again
        for old, new in pairs:
            before = found.get(old) or lives.get(old)
            if before:
                found[new] = replace(lives.get(new) or before, path=new, added=before.added)
    return found


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".parquet") + ".txt"


def _actions(location: Location) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the version and each action of every commit; of one commit, what it removes comes first."""
    log = location / "_delta_log"
    for name in list_names(log):
        stem, _, ending = name.partition(".")
        if ending != "json" or not stem.isdigit():
            continue
        lines = [json.loads(line) for line in read_bytes(log / name).splitlines() if line.strip()]
        for line in sorted(lines, key=lambda item: "remove" not in item):
            yield int(stem), line
