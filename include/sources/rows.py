"""The typed rows of one file on this machine, whatever its format."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from include.sources.csv_rows import CsvRows, CsvSettings
from include.sources.parquet_rows import ParquetRows
from include.sources.places import format_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from include.config.dataset import Dataset, FilesSource, S3Source
    from include.sources.shape import RowShape


def typed_rows(
    path: Path,
    shown: str,
    dataset: Dataset,
    settings: FilesSource | S3Source,
    shape: RowShape,
    interval: tuple[datetime, datetime] | None,
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the user's columns of a file, each batch with the number of its first row in the file, from 1.

    Parameters
    ----------
    path, shown : Path, str
        The file on this machine, and its name in messages.
    dataset, settings, shape
        What its rows should be, and how they are written.
    interval : (datetime, datetime) or None
        Parts of the file that say they hold no event of it may be left out.
    """
    with closing(_raw_rows(path, shown, dataset, settings, shape, interval)) as rows:
        for first_row, batch in rows:
            yield first_row, shape.typed(batch, shown, first_row)


def _raw_rows(
    path: Path,
    shown: str,
    dataset: Dataset,
    settings: FilesSource | S3Source,
    shape: RowShape,
    interval: tuple[datetime, datetime] | None,
) -> Generator[tuple[int, pa.RecordBatch]]:
    if format_of(shown, settings.format) == "parquet":
        parquet = ParquetRows(path, shown, settings.max_rows)
        event_time = None if dataset.event_time in dataset.derive else dataset.event_time
        yield from parquet.batches(shape.wanted(parquet.names, shown), event_time, interval, dataset.timezone)
    else:
        written = CsvSettings(settings.delimiter, settings.encoding, settings.null_values, settings.max_rows)
        rows = CsvRows(path, shown, written)
        yield from rows.batches(shape.wanted(rows.names, shown), shape.types())
