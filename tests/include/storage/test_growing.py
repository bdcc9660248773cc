"""Columns get a type from their first value on, and what was stored before reads as missing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from include.errors import StorageError
from include.storage.growing import Growing
from include.storage.specs import PARTITION, Publication, TableSpec
from include.storage.tables import Table

if TYPE_CHECKING:
    from include.storage.locations import Location


def _rows(**columns: Any) -> pa.RecordBatch:
    return pa.record_batch({name: pa.nulls(2) if values is None else values for name, values in columns.items()})


def _spec(columns: pa.Schema) -> TableSpec:
    return TableSpec("people", pa.schema([*columns, pa.field(PARTITION, pa.string())]))


def _publish(place: Location, *rows: tuple[str, pa.RecordBatch]) -> Table:
    there = Table.existing(place / "people", "people")
    files = Growing(place / "people", _spec, there)
    for key, batch in rows:
        files.write(key, {PARTITION: key}, batch)
    staged = files.finish()
    assert files.table is not None
    files.table.publish_all([Publication((file,)) for file in staged.values()])
    found = Table.existing(place / "people", "people")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1.5, 2.0], pa.float64()), ([1, 2], pa.int64()), (["a", None], pa.string()), ([True, False], pa.bool_())],
)
def test_first_values_type_a_column(place: Location, values: list[Any], kind: pa.DataType) -> None:
    untyped = _publish(place, ("a", _rows(id=[1, 2], x=None)))
    assert untyped.spec.schema.field("x").type == pa.null()
    assert untyped.read(["x"]).column("x").to_pylist() == [None, None]
    assert next(iter(untyped.ordered(["x"], ["a"]))).column("x").null_count == 2

    typed = _publish(place, ("b", _rows(id=[3, 4], x=values)))
    assert typed.spec.schema.field("x").type == kind
    assert typed.spec.untyped == ()
    read = typed.read(["id", "x"]).sort_by("id").column("x")
    assert (read.type, read.to_pylist()) == (kind, [None, None, *values])
    ordered = pa.Table.from_batches(typed.ordered(["x"], ["a", "b"])).column("x")
    assert (ordered.type, ordered.to_pylist()) == (kind, [None, None, *values])


def test_values_of_a_later_batch_are_kept_in_the_same_file(place: Location) -> None:
    table = _publish(
        place,
        ("a", _rows(id=[1, 2], x=None, y=None)),
        ("b", _rows(id=[5, 6], x=None, y=None)),
        ("a", _rows(id=[3, 4], x=[0.5, None], y=None)),
    )
    assert table.read(["id", "x"]).sort_by("id").column("x").to_pylist() == [None, None, 0.5, None, None, None]
    assert [row["rows"] for row in sorted(table.contents(), key=lambda r: r[PARTITION])] == [4, 2]
    assert table.spec.untyped == ("y",)
    if place.is_local:
        assert len(list(table.location.path.rglob("part-*.parquet"))) == 2  # what was moved is gone


def test_a_typed_column_without_values_is_stored_in_its_type(place: Location) -> None:
    _publish(place, ("a", _rows(id=[1, 2], x=[1.5, 2.5])))
    table = _publish(place, ("b", _rows(id=[3, 4], x=None)))
    assert table.read(["x"], ["b"]).column("x").to_pylist() == [None, None]
    assert table.spec.schema.field("x").type == pa.float64()


def test_two_that_type_a_column_otherwise_are_told(place: Location) -> None:
    _publish(place, ("a", _rows(id=[1, 2], x=None)))
    late = Growing(place / "people", _spec, Table.existing(place / "people", "people"))
    _publish(place, ("b", _rows(id=[3, 4], x=[1.5, 2.5])))
    with pytest.raises(StorageError, match=r"column 'x': is stored as double"):
        late.write("c", {PARTITION: "c"}, _rows(id=[5, 6], x=["a", "b"]))


def test_columns_differ_as_told_before(place: Location) -> None:
    files = Growing(place / "people", _spec, None)
    files.write("a", {PARTITION: "a"}, _rows(id=[1, 2], x=None))
    with pytest.raises(StorageError, match=r"lack columns \['id'\] and have unknown columns \['key'\]"):
        files.write("a", {PARTITION: "a"}, _rows(key=[1, 2], x=None))
