"""Files of a table in the making whose columns get a type from their first value on, one file a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.storage.specs import TableSpec
from include.storage.tables import Table
from include.storage.untyped import with_types

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from include.storage.locations import Location
    from include.storage.specs import Staged
    from include.storage.staging import Stager


class Growing:
    """Stages rows of which a column may have had no value yet: type null, until rows come in which it has one.

    A file holds the columns that had a type when it was begun and those that got one from its own rows; readers see the
    others missing in it, in whatever type they get later.

    Parameters
    ----------
    location : Location
        Of the table.
    spec_of : callable
        Returns the table's spec for the columns of some rows.
    existing : Table or None
        The table as it is.
    usual : callable, optional
        Returns the columns that the file of a partition has though its rows have no value of them, None for all that
        have a type.
    """

    def __init__(
        self,
        location: Location,
        spec_of: Callable[[pa.Schema], TableSpec],
        existing: Table | None,
        usual: Callable[[Mapping[str, str]], Collection[str] | None] = lambda _: None,
    ) -> None:
        self._location, self._spec_of, self._existing, self._usual = location, spec_of, existing, usual
        self._known: pa.Schema | None = None
        self._table: Table | None = None
        self.open: dict[str, Stager] = {}

    @property
    def table(self) -> Table | None:
        """Return the table with all columns so far, None before the first rows."""
        return self._table

    def write(self, key: str, values: Mapping[str, str], batch: pa.RecordBatch) -> None:
        """Add rows to the file of a partition; see `Stager.write` for errors."""
        self.begin(key, values, batch.schema).write(batch)

    def begin(self, key: str, values: Mapping[str, str], found: pa.Schema) -> Stager:
        """Return the file of a partition, with room for the columns of some rows."""
        table = self._learned(found)
        typed = {field.name for field in table.spec.stored} - {*table.spec.partition_by}
        valued = {field.name for field in found if not pa.types.is_null(field.type)} & typed
        stager = self.open.get(key)
        if stager is None:
            usual = self._usual(values)
            stager = self._opened(table, values, valued | (typed if usual is None else {*usual}))
        elif valued - stager.names:
            stager = stager.moved_into(self._opened(table, values, stager.names | valued))
        self.open[key] = stager
        return stager

    def finish(self) -> dict[str, Staged]:
        """Return the finished files by key."""
        return {key: stager.finish() for key, stager in self.open.items()}

    def discard(self) -> None:
        """Leave nothing behind."""
        for stager in self.open.values():
            stager.discard()

    def _learned(self, found: pa.Schema) -> Table:
        """Return the table with the columns of some rows, those without a value until now in the type of their first."""
        if self._known is None:
            known = with_types(found, self._existing.spec.schema) if self._existing else found
        else:
            known = with_types(self._known, found)
        if self._table is None or not known.equals(self._known):
            self._known, self._table = known, Table(self._location, self._spec_of(known))
            self._table.ensure()
        return self._table

    def _opened(self, table: Table, values: Mapping[str, str], names: set[str]) -> Stager:
        fixed = {*table.spec.partition_by}
        fields = [f if f.name in names | fixed else pa.field(f.name, pa.null()) for f in table.spec.schema]
        spec = table.spec
        chosen = TableSpec(spec.name, pa.schema(fields), spec.version, spec.partition_by, spec.replaced_by)
        return Table(table.location, chosen).stager(values)
