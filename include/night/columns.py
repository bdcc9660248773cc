"""Columns by which rows are judged apart: features, or columns of the rows' own dataset that no feature shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.features.key import ROW_NUMBER, key_columns, keys_of
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.project import Project


def columns_of(project: Project, found: Begun, rows: pa.Table, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the values of some columns for feature rows, each of shape (n_rows,).

    Parameters
    ----------
    rows : pyarrow.Table
        With `_key` and `_partition`.
    names : sequence of str
        Features, or columns of the dataset whose rows are scored (a protected group that must not be learned from), as
        the night pinned it; a row that is not there any more has None.
    """
    strange = [name for name in names if name not in rows.schema.names]
    values = {name: rows.column(name) for name in names if name not in strange}
    if strange and rows.num_rows:
        values |= _of_dataset(project, found, rows, strange)
    return {name: column.to_numpy(zero_copy_only=False) for name, column in values.items()}


def _of_dataset(project: Project, found: Begun, rows: pa.Table, names: Sequence[str]) -> dict[str, pa.Array]:
    dataset = project.catalog.dataset(found.model.rows)
    snapshots = project.snapshots(dataset.name)
    assert snapshots is not None  # noqa: S101 (feature rows were built from it)
    keys = sorted(set(rows.column(PARTITION).to_pylist()))
    read = [name for name in key_columns(dataset.key) if name != ROW_NUMBER or name in snapshots.spec.schema.names]
    wanted = list(dict.fromkeys([*read, *names, PARTITION]))
    schema = pa.schema([snapshots.spec.schema.field(name) for name in wanted])
    there = pa.Table.from_batches(snapshots.ordered(wanted, keys, found.version(dataset.name)), schema)
    place = pc.index_in(
        _named(rows.column(PARTITION), rows.column("_key")),
        value_set=_named(there.column(PARTITION), keys_of(there, dataset.key)),
    )
    return {name: pc.take(there.column(name).combine_chunks(), place) for name in names}


def _named(partitions: pa.ChunkedArray, keys: pa.ChunkedArray | pa.Array) -> pa.Array:
    joined = pc.binary_join_element_wise(partitions.cast(pa.string()), keys, "|")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
