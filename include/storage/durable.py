"""Make the commits of a Delta table survive a power cut: the library calls no fsync."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from include.storage.objects import sync_file

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from include.storage.locations import Location

_OF_THE_LIBRARY = b".zstd.parquet"  # our own staged files are synced before they are named


def sync_commits(location: Location, after: int, table: DeltaTable | None) -> None:
    """Sync every commit after a version, and the data files that the library itself has written for them."""
    if table is None or not location.is_local:
        return
    for number in range(after + 1, int(table.version()) + 1):
        path = location.path / "_delta_log" / f"{number:020d}.json"
        if not path.exists():
            continue
        for line in path.read_bytes().splitlines():
            added = json.loads(line).get("add") if _OF_THE_LIBRARY in line else None
            if added and (location.path / unquote(added["path"])).exists():
                sync_file(location.path / unquote(added["path"]))
        sync_file(path)
