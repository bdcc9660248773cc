"""From the raw rows of a file or a query to typed rows, each with the key of its partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.sources.csv_rows import CsvRows, CsvSettings
from include.sources.parquet_rows import ParquetRows
from include.sources.places import format_of
from include.sources.shape import EVENT_TIME, PARTITION
from include.sources.typing import INSTANT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from include.config.dataset import Dataset, FilesSource, S3Source
    from include.sources.cut import PartitionCut
    from include.sources.shape import RowShape


def raw_rows(
    path: Path,
    shown: str,
    dataset: Dataset,
    settings: FilesSource | S3Source,
    shape: RowShape,
    interval: tuple[datetime, datetime] | None,
) -> Generator[tuple[int, pa.RecordBatch]]:
    """Yield the columns of a file that the dataset needs, each batch with the number of its first row, from 1.

    Parameters
    ----------
    path, shown : Path, str
        The file on this machine, and its name in messages.
    dataset, settings, shape
        What its rows should be, and how they are written.
    interval : (datetime, datetime) or None
        Parts of the file that say they hold no event of it may be left out.
    """
    if format_of(shown, settings.format) == "parquet":
        parquet = ParquetRows(path, shown, settings.max_rows)
        event_time = None if dataset.event_time in dataset.derive else dataset.event_time
        yield from parquet.batches(shape.wanted(parquet.names, shown), event_time, interval, dataset.timezone)
    else:
        written = CsvSettings(settings.delimiter, settings.encoding, settings.null_values, settings.max_rows)
        rows = CsvRows(path, shown, written)
        yield from rows.batches(shape.wanted(rows.names, shown), shape.types())


def by_event(
    raw: Iterable[tuple[int, pa.RecordBatch]], shape: RowShape, cut: PartitionCut, where: str
) -> Iterator[pa.RecordBatch]:
    """Yield the typed rows that a cut lets through, with `_partition` from their event times.

    Only these rows are cast and derived, so that a broken value harms no partition but its own.
    """
    for first_row, batch in raw:
        numbers: Sequence[int] = range(first_row, first_row + batch.num_rows)
        inside, keys = cut.place(shape.event_times(batch, where, numbers))
        if not len(inside):
            continue
        some = len(inside) < batch.num_rows
        kept = batch.take(pa.array(inside)) if some else batch
        numbers = (inside + first_row).tolist() if some else numbers
        yield shape.typed(kept, where, numbers).append_column(PARTITION, keys)


def with_key(
    raw: Iterable[tuple[int, pa.RecordBatch]],
    shape: RowShape,
    key: str,
    where: str,
    event_time: datetime | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield all rows, typed, with one key as their `_partition` and, when given, one instant as their `_event_time`."""
    for first_row, batch in raw:
        typed = shape.typed(batch, where, range(first_row, first_row + batch.num_rows))
        if event_time is not None:
            typed = typed.append_column(EVENT_TIME, pa.repeat(pa.scalar(event_time, INSTANT), typed.num_rows))
        yield typed.append_column(PARTITION, pa.repeat(pa.scalar(key), typed.num_rows))
