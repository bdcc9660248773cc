"""What a table is: its columns, how its rows are grouped, its version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PARTITION = "_partition"


@dataclass(frozen=True)
class TableSpec:
    """The declared shape of a table.

    Attributes
    ----------
    name : str
        What it is called in messages.
    schema : pyarrow.Schema
        All columns, those it is partitioned by included (as text). A column of type null has had no value yet: the table
        knows its name, files leave it out, readers see it missing, and its first values give it a type.
    version : int
        Of the schema; a table of a newer one is refused, an older one is migrated.
    partition_by : tuple of str
        Columns that name its folders.
    replaced_by : tuple of str
        Those of them whose values decide what a publication replaces.
    """

    name: str
    schema: Any
    version: int = 1
    partition_by: tuple[str, ...] = (PARTITION,)
    replaced_by: tuple[str, ...] = (PARTITION,)

    @property
    def stored(self) -> Any:
        """Return the columns that have a type."""
        return [field for field in self.schema if str(field.type) != "null"]

    @property
    def untyped(self) -> tuple[str, ...]:
        """Return the names of the columns that have had no value yet."""
        return tuple(field.name for field in self.schema if str(field.type) == "null")


@dataclass(frozen=True)
class Staged:
    """One data file that no reader sees yet.

    Attributes
    ----------
    path : str
        Relative to the table, as the log will name it.
    rows, bytes : int
        Rows in it and its size in bytes.
    sha256 : str
        Of the file; equal rows give equal bytes.
    values : tuple of (str, str)
        Its partition columns and their values.
    statistics : str
        JSON that the log keeps for readers.
    modified_ms : int
        When it was written (milliseconds since 1970).
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    values: tuple[tuple[str, str], ...]
    statistics: str
    modified_ms: int


@dataclass(frozen=True)
class Publication:
    """What one partition shall hold.

    Attributes
    ----------
    staged : tuple of Staged
        Its files, at least one.
    run_key : str, optional
        Names the content; the files' digests when omitted. The same again is a no-op.
    token : int or None
        Result of `Table.token` before staging; -1 to replace whatever is there.
    """

    staged: tuple[Staged, ...]
    run_key: str | None = None
    token: int | None = -1


@dataclass(frozen=True)
class Published:
    """What a publication did.

    Attributes
    ----------
    version : int
        Of the table that shows the rows.
    changed : bool
        False when they were there already.
    """

    version: int
    changed: bool
