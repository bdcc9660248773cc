"""Delta tables: staged first, shown by one fenced commit, read in a stream.

Why not the library's own writer: it holds a whole partition in memory, and two writers of one new partition both win.
Here a data file is written once, invisibly; one commit adds it, removes what it replaces, and carries the application
transaction of its partition, so that of two publishers one loses and looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from include.errors import ConflictError, StorageError
from include.storage.commits import NO_CLEAN_UP, TRIES, Write, commit, fence_of, number_of, pause, replacement
from include.storage.durable import sync_commits
from include.storage.migrations import bring_up_to_date, properties_of, refuse_newer
from include.storage.specs import PARTITION, Publication, Published, Staged
from include.storage.staging import Stager, stage_file
from include.storage.stored import StoredTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COMPACTIONS = 5


class Table(StoredTable):
    """One Delta table at a location, to read from and to write to; parameters are those of `StoredTable`."""

    def token(self, values: str | Mapping[str, str]) -> int | None:
        """Return what a publication of this partition must find unchanged; read it before staging."""
        return self.tokens([values])[0]

    def tokens(self, partitions: Iterable[str | Mapping[str, str]]) -> list[int | None]:
        """Return the token of each of some partitions, from one look at the table."""
        table = self.opened()
        fences = [fence_of(self.spec, self._values(values)) for values in partitions]
        return [None if table is None else table.transaction_version(fence) for fence in fences]

    def stage(self, batches: Iterable[pa.RecordBatch], values: str | Mapping[str, str]) -> Staged:
        """Return a durable data file of the rows that no reader sees; see `include.storage.staging.stage_file`."""
        return stage_file(self.location, self.spec, batches, self._values(values))

    def stager(self, values: str | Mapping[str, str]) -> Stager:
        """Return a data file in the making, to push rows into."""
        return Stager(self.location, self.spec, self._values(values))

    def publish(self, staged: Sequence[Staged], *, run_key: str | None = None, token: int | None = -1) -> Published:
        """Show staged files in the place of what their partition held, in one commit; see `publish_all`."""
        return self.publish_all([Publication(tuple(staged), run_key, token)])[0]

    def publish_all(self, publications: Sequence[Publication]) -> list[Published]:
        """Show staged files in the place of what their partitions held: all of them in one commit, or none.

        What is there already is left as it is.

        Raises
        ------
        ConflictError
            When a partition was published since its token was read: what was staged is stale.
        """
        for one in publications:
            self._present(one.staged)
        return self._commit([replacement(self.spec, one) for one in publications], "overwrite") if publications else []

    def replace(
        self, values: str | Mapping[str, str], batches: Iterable[pa.RecordBatch], *, run_key: str | None = None
    ) -> Published:
        """Stage and publish; the same content again is a no-op."""
        token = self.token(values)
        return self.publish([self.stage(batches, values)], run_key=run_key, token=token)

    def clear(self, values: str | Mapping[str, str], *, run_key: str) -> Published:
        """Show no rows of a partition any more; what it held before may be published again."""
        found = {PARTITION: values} if isinstance(values, str) else dict(values)
        empty = Write(fence_of(self.spec, found), number_of(run_key), (), values=tuple(found.items()))
        return self._commit([empty], "overwrite")[0]

    def append(
        self, rows: pa.Table, values: str | Mapping[str, str], *, run_key: str, told: Mapping[str, str] | None = None
    ) -> Published:
        """Add rows to a partition, once per ``run_key`` however often it is called; the commit's metadata hold ``told``."""
        return self._append([(rows, values)], run_key, told)

    def append_all(self, rows: Mapping[str, pa.Table], *, run_key: str) -> Published:
        """Add rows to several partitions in one commit, once per ``run_key`` however often it is called."""
        return self._append([(table, key) for key, table in rows.items()], run_key)

    def _append(
        self,
        parts: Sequence[tuple[pa.Table, str | Mapping[str, str]]],
        run_key: str,
        told: Mapping[str, str] | None = None,
    ) -> Published:
        fence = f"append/{run_key}"
        table = self.opened()
        if table is not None and table.transaction_version(fence) is not None:
            return Published(int(table.version()), changed=False)
        staged = [self.stage(rows.to_batches(), values) for rows, values in parts]
        return self._commit([Write(fence, 1, tuple(staged))], "append", told)[0]

    def compact(self) -> bool:
        """Merge the files of each partition into one, and write a checkpoint; the rows stay the same.

        Returns
        -------
        bool
            False when others kept writing: nothing has changed then.
        """
        for attempt in range(_COMPACTIONS):
            table = self._own()
            if table is None:
                return False
            before = int(table.version())
            try:
                table.optimize.compact(max_concurrent_tasks=1, post_commithook_properties=NO_CLEAN_UP)
            except CommitFailedError:
                pause(attempt)
                continue
            now = self.opened()
            sync_commits(self.location, before, now)
            if now is not None:
                now.create_checkpoint()
            return True
        return False

    def ensure(self) -> DeltaTable:
        """Return the table, made if there is none and migrated if it is older.

        Raises
        ------
        StorageError
            When it is of a newer version than this code, or has a column of another type.
        """
        for attempt in range(TRIES):
            table = self._own()
            if table is not None:
                return bring_up_to_date(table, self.spec)
            try:
                DeltaTable.create(
                    self.location.uri,
                    schema=pa.schema(self.spec.stored),
                    mode="error",
                    partition_by=list(self.spec.partition_by),
                    configuration={
                        "delta.logRetentionDuration": "interval 36500 days",
                        "delta.deletedFileRetentionDuration": "interval 36500 days",
                        **properties_of(self.spec),
                    },
                    storage_options=self.location.storage_options,
                    raise_if_key_not_exists=False,
                )
            except DeltaError:
                if attempt > 5 and self.opened() is None:
                    raise
                pause(attempt)
        raise ConflictError.at(
            str(self.location), "the table could not be made", "an undisturbed moment", "run the step again"
        )

    def _own(self) -> DeltaTable | None:
        """Return the newest version to write with, which nobody else holds; None when there is no table."""
        try:
            found = DeltaTable(self.location.uri, storage_options=self.location.storage_options)
        except TableNotFoundError:
            return None
        refuse_newer(found, self.spec.name, self.spec.version)
        return found

    def _commit(self, writes: Sequence[Write], mode: str, told: Mapping[str, str] | None = None) -> list[Published]:
        version, changed = commit(self, writes, mode, told)
        return [Published(version, changed=one) for one in changed]

    def _values(self, values: str | Mapping[str, str]) -> dict[str, str]:
        found = {PARTITION: values} if isinstance(values, str) else dict(values)
        if set(found) != set(self.spec.partition_by):
            raise StorageError.at(
                f"table {self.spec.name}", f"partition columns {sorted(found)}", f"{list(self.spec.partition_by)}"
            )
        return found

    def _present(self, staged: Sequence[Staged]) -> None:
        """Refuse files that are gone: the log would name them all the same, and every read of the table would fail."""
        system, base = self.location.filesystem()
        for info in system.get_file_info([f"{base}/{s.path}" for s in staged]):
            if not info.is_file:
                raise StorageError.at(
                    f"table {self.spec.name}",
                    f"the staged file {info.base_name} is gone",
                    "what was staged less than the grace period ago",
                    "run the whole ingest again",
                )
