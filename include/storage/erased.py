"""Data files written again without some rows, and what stands in the place of the old ones in older versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.storage.lifetimes import lifetimes, standing_in
from include.storage.reading import BATCH_ROWS
from include.storage.specs import Staged, TableSpec
from include.storage.staging import stage_file
from include.storage.vacuum import data_files, remove_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.storage.locations import Location
    from include.storage.tables import Table

    Matches = Callable[[pa.RecordBatch, str], pa.Array]
    """Given rows and the key of their partition, says for each whether it is to go, shape (n_rows,)."""


@dataclass(frozen=True)
class Affected:
    """A data file that holds rows which are to go.

    Attributes
    ----------
    path : str
        Relative to its table.
    values : mapping
        Its partition columns and their values; empty for a file that the log does not know.
    rows : int
        How many of its rows are to go.
    shown : bool
        Whether the newest version shows it.
    """

    path: str
    values: Mapping[str, str]
    rows: int
    shown: bool

    @property
    def partition(self) -> str:
        """Return the key of its partition."""
        return str((self.values or _values_of(self.path))["_partition"])


def affected(table: Table, matches: Matches) -> list[Affected]:
    """Return every file of a table, of any version or of none, that holds such rows."""
    lives = lifetimes(table.location)
    known = standing_in(table.location, lives)
    found = []
    for file in data_files(table.location):
        life = lives.get(file.path) or known.get(file.path)
        partition = (life.values if life else _values_of(file.path))["_partition"]
        rows = sum(_count(matches(batch, partition)) for batch in rows_of(table, file.path))
        if rows:
            mine = lives.get(file.path)
            shown = mine is not None and mine.removed is None
            found.append(Affected(file.path, life.values if life else {}, rows, shown))
    return found


def without(table: Table, file: Affected, matches: Matches) -> Staged:
    """Return the file written again without those rows; nobody sees it yet."""
    schema = _schema(table, file.path)
    by = table.spec.partition_by
    spec = TableSpec(table.spec.name, pa.schema([*schema, *(pa.field(n, pa.string()) for n in by)]), partition_by=by)

    def kept() -> Iterator[pa.RecordBatch]:
        for batch in rows_of(table, file.path):
            yield batch.filter(pc.invert(pc.fill_null(matches(batch, file.partition), False)))

    return stage_file(table.location, spec, kept(), file.values)


def remove_old(location: Location, path: str) -> None:
    """Remove a file that another stands in for, or that nobody ever saw."""
    remove_files(location, [path])


def rows_of(table: Table, path: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a data file, shown or not, as they are stored."""
    system, base = table.location.filesystem()
    with system.open_input_file(f"{base}/{path}") as stream:
        yield from pq.ParquetFile(stream, pre_buffer=False).iter_batches(batch_size=BATCH_ROWS)


def _count(found: pa.Array) -> int:
    return int(pc.sum(found).as_py() or 0)


def _schema(table: Table, path: str) -> Any:
    system, base = table.location.filesystem()
    with system.open_input_file(f"{base}/{path}") as stream:
        return pq.ParquetFile(stream).schema_arrow


def _values_of(path: str) -> dict[str, str]:
    """Return the partition values that a path's folders name."""
    pairs = (part.partition("=") for part in path.split("/")[:-1])
    return {name: unquote(value) for name, _, value in pairs}
