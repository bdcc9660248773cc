"""When each row became known: by declaration, or, for what came late, at the end of the night that ingested it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import SourceError
from include.storage.schemas import INSTANT
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from include.config.dataset import Dataset
    from include.storage.tables import Table

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_TECHNICAL = (PARTITION, "_revision", "_known_at", "_row")


def declared_known_at(rows: pa.RecordBatch, dataset: Dataset) -> pa.Array:
    """Return the instant at which each row was known, as its dataset declares it.

    Rows of a static dataset are known always.

    Raises
    ------
    SourceError
        When the declared column has missing values.
    """
    if dataset.static:
        return pa.repeat(pa.scalar(_ALWAYS, INSTANT), rows.num_rows)
    column = dataset.known_at.column
    if column:
        found = rows.column(column).cast(INSTANT)
        if found.null_count:
            raise SourceError.at(
                f"dataset {dataset.name}, column {column!r}",
                f"{found.null_count} rows do not say when they were known",
                "an instant in every row",
                "correct the source, or declare known_at.delay",
            )
        return found
    event = rows.column(dataset.event_time or "_event_time").cast(INSTANT)
    return pc.add(event, pa.scalar(dataset.known_at.delay, pa.duration("us"))).cast(INSTANT)


def late_rows_marked(
    rows: pa.RecordBatch, table: Table, partition: str, dataset: Dataset, until: datetime
) -> pa.RecordBatch:
    """Return the rows of a further revision, each with when it was first known as it is now.

    A row that an earlier revision had, equal in everything but outcomes, keeps its instant. Any other came late, or was
    changed: it is known from the end of the night that ingests it, never earlier.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        With ``_known_at`` as declared.
    table : Table
        Snapshots of the dataset.
    partition : str
        Key of the partition that is published again.
    dataset : Dataset
        The dataset.
    until : datetime
        End of the night that ingests it.
    """
    import duckdb

    hidden = {*dataset.outcome, *_TECHNICAL}
    compared = [name for name in rows.schema.names if name not in hidden and name in table.spec.schema.names]
    listed = ", ".join(_quoted(name) for name in compared)
    equal = " AND ".join(f"rows.{_quoted(n)} IS NOT DISTINCT FROM earlier.{_quoted(n)}" for n in compared)
    names = [n for n in rows.schema.names if n != "_known_at"]
    # a counted row keeps the order of the source, so that the same rows give the same file again
    numbered = pa.Table.from_batches([rows]).append_column("_place", pa.array(range(rows.num_rows), pa.int64()))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", numbered)
        connection.register("stored", table.read([*compared, "_known_at"], partitions=[partition]))
        found = connection.sql(
            f"WITH earlier AS (SELECT {listed}, min(_known_at) AS _known_at FROM stored GROUP BY ALL) "  # noqa: S608
            f"SELECT {', '.join('rows.' + _quoted(n) for n in names)}, "
            "coalesce(earlier._known_at, greatest(rows._known_at, $1)) AS _known_at "
            f"FROM rows LEFT JOIN earlier ON {equal} ORDER BY rows._place",
            params=[until],
        ).to_arrow_table()
    cast = found.cast(pa.schema([*(rows.schema.field(n) for n in names), pa.field("_known_at", INSTANT)]))
    return cast.combine_chunks().to_batches(max_chunksize=max(1, rows.num_rows))[0] if rows.num_rows else rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
