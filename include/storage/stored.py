"""What the versions of a Delta table hold: rows in a stream, files and partitions, as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from include.errors import StorageError
from include.storage.lifetimes import stand_in_for
from include.storage.migrations import refuse_newer, untyped_columns
from include.storage.newest import newest
from include.storage.reading import conformed, file_batches, predicate_of, readable, stored_names
from include.storage.specs import PARTITION, TableSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.storage.locations import Location


class StoredTable:
    """One Delta table at a location, to read from.

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

    def pinned(self, version: int | None = None) -> Self:
        """Return the same table for many reads of one version, opened once; the newest when no version is given."""
        found = type(self)(self.location, self.spec)
        found._pin = self.opened(version)
        return found

    @classmethod
    def existing(cls, location: Location, name: str, like: TableSpec | None = None) -> Self | None:
        """Return the table that is at a location, with the columns it has; None when there is none."""
        try:
            found = newest(location)
        except TableNotFoundError:
            return None
        by = tuple(found.metadata().partition_columns)
        version = refuse_newer(found, name, like.version if like else 1)
        replaced = like.replaced_by if like else (PARTITION,)
        untyped = [pa.field(name, pa.null()) for name in untyped_columns(found)]
        schema = pa.schema([*pa.schema(found.schema().to_arrow()), *untyped])
        return cls(location, TableSpec(name, schema, version, by, replaced))

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
        found = pa.table(table.get_add_actions(flatten=True))
        if not found.num_rows:
            return []
        named = {f"partition.{name}": name for name in self.spec.partition_by}
        named |= {"num_records": "rows", "size_bytes": "bytes", "path": "path"}
        rows: list[dict[str, Any]] = found.select(list(named)).rename_columns(list(named.values())).to_pylist()
        return rows

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

    def opened(self, version: int | None = None) -> DeltaTable | None:
        """Return the library's table of a version, the newest when none is given; None when there is no table.

        To read from only: the newest version may be held by others.
        """
        if self._pin is not None and version is None:
            return self._pin
        try:
            found = newest(self.location)
            if version is not None and version != int(found.version()):
                found = DeltaTable(self.location.uri, version=version, storage_options=self.location.storage_options)
            refuse_newer(found, self.spec.name, self.spec.version)
            return found
        except TableNotFoundError:
            if version is not None and DeltaTable.is_deltatable(self.location.uri, self.location.storage_options):
                raise StorageError.at(
                    str(self.location), f"version {version} is not there", "a version that is still kept"
                ) from None
            return None
