"""Bring an older table to the schema this code declares; refuse a newer one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError

from include.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.storage.specs import TableSpec

VERSION_PROPERTY = "nightshift.schema_version"
UNTYPED_PROPERTY = "nightshift.columns_without_values"

# (table name, version it has) -> what makes it the next version; run again after a kill, so it must bear that. Added
# columns need no entry.
MIGRATIONS: dict[tuple[str, int], Callable[[DeltaTable], None]] = {}


def bring_up_to_date(table: DeltaTable, spec: TableSpec) -> DeltaTable:
    """Return the table with all declared columns and the declared version.

    Raises
    ------
    StorageError
        When the table is of a newer version, or a column has another type than declared.
    """
    version = refuse_newer(table, spec.name, spec.version)
    missing = _missing(table, spec)
    if not missing and version == spec.version and untyped_columns(table) == _still_untyped(table, spec, missing):
        return table
    return _migrated(table, spec, version, missing)


def untyped_columns(table: DeltaTable) -> tuple[str, ...]:
    """Return the names of a table's columns that have had no value yet, in the order in which they came."""
    there = {field.name for field in table.schema().fields}
    known = json.loads((table.metadata().configuration or {}).get(UNTYPED_PROPERTY) or "[]")
    return tuple(name for name in known if name not in there)


def properties_of(spec: TableSpec) -> dict[str, str]:
    """Return what a new table says of itself."""
    untyped = {UNTYPED_PROPERTY: json.dumps(spec.untyped)} if spec.untyped else {}
    return {VERSION_PROPERTY: str(spec.version), **untyped}


def _still_untyped(table: DeltaTable, spec: TableSpec, missing: list[Any]) -> tuple[str, ...]:
    typed = {field.name for field in [*table.schema().fields, *missing]}
    return tuple(name for name in dict.fromkeys([*untyped_columns(table), *spec.untyped]) if name not in typed)


def _missing(table: DeltaTable, spec: TableSpec) -> list[Any]:
    """Return the declared columns that a table lacks; StorageError when it has one of another type."""
    there = {field.name: field for field in table.schema().fields}
    wanted = {field.name: field for field in Schema.from_arrow(pa.schema(spec.stored)).fields}
    for name, field in wanted.items():
        if name in there and there[name].type != field.type:
            raise StorageError.at(
                f"table {spec.name}, column {name!r}",
                f"is stored as {_type(there[name])}",
                f"{_type(field)} as now declared",
                "declare the old type again, or give the column a new name",
            )
    return [field for name, field in wanted.items() if name not in there]


def refuse_newer(table: DeltaTable, name: str, known: int) -> int:
    """Return the schema version of a table.

    Raises
    ------
    StorageError
        When it is newer than the version that this code knows.
    """
    version = int((table.metadata().configuration or {}).get(VERSION_PROPERTY) or 1)
    if version > known:
        raise StorageError.at(
            f"table {name} at {table.table_uri}",
            f"has schema version {version}",
            f"version {known} or older",
            "use the newer Nightshift that wrote it",
        )
    return version


def _migrated(table: DeltaTable, spec: TableSpec, version: int, missing: list[Any]) -> DeltaTable:
    for step in range(version, spec.version):
        if (spec.name, step) in MIGRATIONS:
            MIGRATIONS[spec.name, step](table)
    untyped = _still_untyped(table, spec, missing)
    changed = {UNTYPED_PROPERTY: json.dumps(untyped)} if untyped != untyped_columns(table) else {}
    changed |= {VERSION_PROPERTY: str(spec.version)} if version != spec.version else {}
    try:
        if missing:
            table.alter.add_columns(missing)
        if changed:
            table.alter.set_table_properties(changed, raise_if_not_exists=False)
    except CommitFailedError:
        table.update_incremental()
        if _missing(table, spec):  # refuses what another has typed otherwise meanwhile
            raise
    table.update_incremental()
    return table


def _type(field: Any) -> str:
    found = field.type
    return str(getattr(found, "type", found))


def without(schema: pa.Schema, *names: str) -> pa.Schema:
    """Return the schema without some columns."""
    return pa.schema([field for field in schema if field.name not in names])
