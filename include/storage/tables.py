"""Delta tables: staged first, shown by one fenced commit, read in a stream.

Why not the library's own writer: it holds a whole partition in memory, and two writers of one new partition both win.
Here a data file is written once, invisibly; one commit adds it, removes what it replaces, and carries the application
transaction of its partition, so that of two publishers one loses and looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from include.errors import ConflictError, StorageError
from include.storage.commits import NO_CLEAN_UP, TRIES, Write, commit, fence_of, number_of, pause, replacement
from include.storage.durable import sync_commits
from include.storage.lifetimes import stand_in_for
from include.storage.migrations import VERSION_PROPERTY, bring_up_to_date, refuse_newer
from include.storage.reading import conformed, file_batches, predicate_of, readable, stored_names
from include.storage.specs import PARTITION, Publication, Published, Staged, TableSpec
from include.storage.staging import Stager, stage_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.storage.locations import Location

_COMPACTIONS = 5


class Table:
    """One Delta table at a location.

    Parameters
    ----------
    location : Location
        Where it is, or will be.
    spec : TableSpec
        What it should be.
    """

    def __init__(self, location: Location, spec: TableSpec) -> None:
        self.location, self.spec = location, spec
        self._pin: DeltaTable | None = None
        self._listed: list[dict[str, Any]] | None = None  # of the pin, which never changes

    def pinned(self, version: int | None = None) -> Table:
        """Return the same table for many reads of one version, opened once; the newest when no version is given."""
        found = Table(self.location, self.spec)
        found._pin = self.opened(version)
        return found

    @classmethod
    def existing(cls, location: Location, name: str, like: TableSpec | None = None) -> Table | None:
        """Return the table that is at a location, with the columns it has; None when there is none."""
        try:
            found = DeltaTable(location.uri, storage_options=location.storage_options)
        except TableNotFoundError:
            return None
        by = tuple(found.metadata().partition_columns)
        version = refuse_newer(found, name, like.version if like else 1)
        replaced = like.replaced_by if like else (PARTITION,)
        return cls(location, TableSpec(name, pa.schema(found.schema().to_arrow()), version, by, replaced))

    # ---- reading -----------------------------------------------------------------------------------------------

    def scan(
        self,
        columns: Sequence[str] | None = None,
        partitions: Sequence[str] | None = None,
        version: int | None = None,
        **equal: str,
    ) -> pa.RecordBatchReader:
        """Return the rows as a stream of record batches, in no particular order.

        Parameters
        ----------
        columns : sequence of str, optional
            All of them when omitted.
        partitions : sequence of str, optional
            Keys of the partitions to read; all of them when omitted.
        version : int, optional
            Of the table, for a pinned read.
        **equal
            Other partition columns and the value they must have.
        """
        schema = self.spec.schema if columns is None else pa.schema([self.spec.schema.field(name) for name in columns])
        table = self.opened(version)
        if table is None or (partitions is not None and not partitions):
            return pa.RecordBatchReader.from_batches(schema, iter(()))
        there = {field.name for field in table.schema().fields}
        names = [name for name in schema.names if name in there]
        found = pa.RecordBatchReader.from_stream(table.scan(columns=names, predicate=predicate_of(partitions, equal)))
        return pa.RecordBatchReader.from_batches(schema, conformed(readable(found, f"table {self.location}"), schema))

    def read(
        self,
        columns: Sequence[str] | None = None,
        partitions: Sequence[str] | None = None,
        version: int | None = None,
        **equal: str,
    ) -> pa.Table:
        """Return the rows whole; for small tables."""
        return self.scan(columns, partitions, version, **equal).read_all()

    def ordered(
        self, columns: Sequence[str], partitions: Sequence[str], version: int | None = None, **equal: str
    ) -> Iterator[pa.RecordBatch]:
        """Return the rows in an order that is always the same: by partition as given, then as they were written."""
        rows = self.contents(version)
        schema = pa.schema([self.spec.schema.field(name) for name in columns])
        system, base = self.location.filesystem()
        for partition in partitions:
            chosen = [r for r in rows if r[PARTITION] == partition and all(r[k] == v for k, v in equal.items())]
            for row in sorted(chosen, key=lambda r: str(r["path"])):
                try:
                    yield from file_batches(system, f"{base}/{unquote(row['path'])}", row, schema)
                except FileNotFoundError:  # an older version: some of its rows were erased since
                    path = stand_in_for(self.location, unquote(row["path"]))
                    if path is None:
                        raise
                    yield from file_batches(system, f"{base}/{path}", row, schema)

    def stored_columns(self, **equal: str) -> frozenset[str]:
        """Return the columns that the newest data file with these partition values was written with; none without a file.

        The table itself has every column that any of its files ever had.
        """
        chosen = [r for r in self.contents() if all(r[name] == value for name, value in equal.items())]
        if not chosen:
            return frozenset()
        system, base = self.location.filesystem()
        newest = max(chosen, key=lambda r: (r[PARTITION], str(r["path"])))
        return stored_names(system, f"{base}/{unquote(newest['path'])}")

    def files(self, partitions: Sequence[str] | None = None, version: int | None = None) -> list[str]:
        """Return the addresses of the data files that hold these partitions."""
        table = self.opened(version)
        if table is None:
            return []
        filters = None if partitions is None else [(PARTITION, "in", list(partitions))]
        return sorted(table.file_uris(filters))

    def contents(self, version: int | None = None) -> list[dict[str, Any]]:
        """Return one mapping a data file: its partition columns, ``rows`` and ``bytes``."""
        if version is not None or self._pin is None:
            return self._listing(self.opened(version))
        if self._listed is None:
            self._listed = self._listing(self._pin)
        return list(self._listed)

    def _listing(self, table: DeltaTable | None) -> list[dict[str, Any]]:
        if table is None:
            return []
        found = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        return [
            {name: row[f"partition.{name}"] for name in self.spec.partition_by}
            | {"rows": row["num_records"], "bytes": row["size_bytes"], "path": row["path"]}
            for row in found
        ]

    def partitions(self, version: int | None = None) -> list[str]:
        """Return the keys of the partitions that have rows, or had rows and were published empty."""
        return sorted({row[PARTITION] for row in self.contents(version)})

    def rows(self, partition: str, version: int | None = None) -> int:
        """Return how many rows a partition has."""
        return sum(row["rows"] for row in self.contents(version) if row[PARTITION] == partition)

    def version(self) -> int | None:
        """Return the newest version, or None when there is no table yet."""
        table = self.opened()
        return None if table is None else int(table.version())

    # ---- writing -----------------------------------------------------------------------------------------------

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

    def append(self, rows: pa.Table, values: str | Mapping[str, str], *, run_key: str) -> Published:
        """Add rows to a partition, once per ``run_key`` however often it is called."""
        return self._append([(rows, values)], run_key)

    def append_all(self, rows: Mapping[str, pa.Table], *, run_key: str) -> Published:
        """Add rows to several partitions in one commit, once per ``run_key`` however often it is called."""
        return self._append([(table, key) for key, table in rows.items()], run_key)

    def _append(self, parts: Sequence[tuple[pa.Table, str | Mapping[str, str]]], run_key: str) -> Published:
        fence = f"append/{run_key}"
        table = self.opened()
        if table is not None and table.transaction_version(fence) is not None:
            return Published(int(table.version()), changed=False)
        staged = [self.stage(rows.to_batches(), values) for rows, values in parts]
        return self._commit([Write(fence, 1, tuple(staged))], "append")[0]

    def compact(self) -> bool:
        """Merge the files of each partition into one, and write a checkpoint; the rows stay the same.

        Returns
        -------
        bool
            False when others kept writing: nothing has changed then.
        """
        for attempt in range(_COMPACTIONS):
            table = self.opened()
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
            table = self.opened()
            if table is not None:
                return bring_up_to_date(table, self.spec)
            try:
                DeltaTable.create(
                    self.location.uri,
                    schema=self.spec.schema,
                    mode="error",
                    partition_by=list(self.spec.partition_by),
                    configuration={
                        "delta.logRetentionDuration": "interval 36500 days",
                        "delta.deletedFileRetentionDuration": "interval 36500 days",
                        VERSION_PROPERTY: str(self.spec.version),
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

    # ---- inner -------------------------------------------------------------------------------------------------

    def opened(self, version: int | None = None) -> DeltaTable | None:
        """Return the library's table of a version, the newest when none is given; None when there is no table."""
        if self._pin is not None and version is None:
            return self._pin
        try:
            found = DeltaTable(self.location.uri, version=version, storage_options=self.location.storage_options)
            refuse_newer(found, self.spec.name, self.spec.version)
            return found
        except TableNotFoundError:
            if version is not None and DeltaTable.is_deltatable(self.location.uri, self.location.storage_options):
                raise StorageError.at(
                    str(self.location), f"version {version} is not there", "a version that is still kept"
                ) from None
            return None

    def _commit(self, writes: Sequence[Write], mode: str) -> list[Published]:
        version, changed = commit(self, writes, mode)
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
