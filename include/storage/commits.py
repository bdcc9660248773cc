"""The fenced commit: what shows staged files, removes what they replace, and lets each content in once.

Of two publishers of one partition both would win without the application transaction that is read before and set in the
commit: here one of them loses, and looks again.
"""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from include.errors import ConflictError, StorageError
from include.storage.durable import sync_commits
from include.storage.newest import hold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.storage.specs import Publication, Staged, TableSpec
    from include.storage.tables import Table

TRIES = 40
NO_CLEAN_UP = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


@dataclass(frozen=True)
class Write:
    """What one fence lets in.

    Attributes
    ----------
    fence : str
        Name of the application transaction.
    mine : int
        Its number once this is done.
    staged : tuple of Staged
        The files.
    token : int or None
        The number that it must find; -1 for any.
    values : tuple of (str, str)
        Without files: the partition that is to be empty.
    """

    fence: str
    mine: int
    staged: tuple[Staged, ...]
    token: int | None = -1
    values: tuple[tuple[str, str], ...] = ()


def fence_of(spec: TableSpec, values: Mapping[str, str]) -> str:
    """Return the name of the transaction that fences a partition's publications."""
    return "publish/" + "/".join(f"{name}={values[name]}" for name in spec.replaced_by)


def number_of(run_key: str) -> int:
    """Return the number that stands for a content."""
    return int(hashlib.sha256(run_key.encode()).hexdigest()[:15], 16)


def replacement(spec: TableSpec, wanted: Publication) -> Write:
    """Return the write that puts files in the place of what their partition held; all are of one partition."""
    values = dict(wanted.staged[0].values)
    if any(dict(s.values) != values for s in wanted.staged):
        raise StorageError.at(f"table {spec.name}", "files of several partitions in one publication", "one partition")
    mine = number_of(wanted.run_key or ",".join(sorted(s.sha256 for s in wanted.staged)))
    return Write(fence_of(spec, values), mine, wanted.staged, wanted.token)


def commit(
    table: Table, writes: Sequence[Write], mode: str, told: Mapping[str, str] | None = None
) -> tuple[int, list[bool]]:
    """Make one commit of what is not there yet, anew until no other commit comes between.

    Parameters
    ----------
    table : Table
        Made and migrated as needed.
    writes : sequence of Write
        Shown together or not at all.
    mode : str
        ``append``, or ``overwrite``: in the place of what the partitions held.
    told : mapping of str, optional
        Metadata of the commit.

    Returns
    -------
    (int, list of bool)
        The version that shows them, and for each write whether it was this commit that did.

    Raises
    ------
    ConflictError
        When a partition was published since a write's token was read, or others never leave a free moment.
    """
    for attempt in range(TRIES):
        found = table.ensure()
        todo = [w for w in writes if found.transaction_version(w.fence) != w.mine]
        if mode == "overwrite":
            _refuse_stale(table.spec, found, todo)
        try:
            if todo:
                _write(table.spec, found, todo, mode, told)
        except CommitFailedError:
            pause(attempt)
            continue
        before = int(found.version())
        if todo:
            found.update_incremental()
        hold(table.location, found)
        return (_made_durable(table, before) if todo else before), [one in todo for one in writes]
    raise ConflictError.at(
        f"table {table.spec.name}", f"{TRIES} commits lost to others", "a free moment", "run the step again"
    )


def pause(attempt: int) -> None:
    """Wait a random moment, longer after each lost commit."""
    time.sleep(random.random() * 0.05 * 2 ** min(attempt, 4))  # noqa: S311 (not a secret)


def _refuse_stale(spec: TableSpec, table: DeltaTable, writes: Sequence[Write]) -> None:
    for one in writes:
        if one.token not in (-1, table.transaction_version(one.fence)):
            raise ConflictError.at(
                f"table {spec.name}, {one.fence}",
                "was published by somebody else meanwhile",
                "an unchanged partition",
                "run the step again",
            )


def _write(
    spec: TableSpec, table: DeltaTable, writes: Sequence[Write], mode: str, told: Mapping[str, str] | None
) -> None:
    files = [file for one in writes for file in one.staged]
    table.create_write_transaction(
        [AddAction(f.path, f.bytes, dict(f.values), f.modified_ms, True, f.statistics) for f in files],
        mode=mode,
        schema=table.schema(),
        partition_by=list(spec.partition_by),
        partition_filters=_replaced(spec, writes) if mode == "overwrite" else None,
        commit_properties=CommitProperties(
            custom_metadata=dict(told or {}), app_transactions=[Transaction(w.fence, w.mine) for w in writes]
        ),
        post_commithook_properties=NO_CLEAN_UP,
    )


def _replaced(spec: TableSpec, writes: Sequence[Write]) -> list[tuple[str, str, Any]]:
    """Return the filter of what these writes replace: a product of columns, so that one of them may vary only."""
    said = [dict(values) for one in writes for values in (one.values, *(f.values for f in one.staged)) if values]
    found = {name: sorted({values[name] for values in said}) for name in spec.replaced_by}
    if sum(len(values) > 1 for values in found.values()) > 1:
        raise StorageError.at(
            f"table {spec.name}", "publications that differ in two partition columns", "one that varies"
        )
    return [(name, "in", values) if len(values) > 1 else (name, "=", values[0]) for name, values in found.items()]


def _made_durable(table: Table, before: int) -> int:
    now = table.opened()
    sync_commits(table.location, before, now)
    return int(now.version()) if now is not None else before + 1
