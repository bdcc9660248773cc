"""Rows of a Parquet file, streamed; a file that lies about itself is refused before it is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.errors import SourceError
from include.sources.typing import INSTANT, cast_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

BATCH_ROWS = 65_536
_MAX_COLUMNS = 20_000
_BUFFER_BYTES = 1024 * 1024


class ParquetRows:
    """One Parquet file.

    Parameters
    ----------
    path : Path
        A local file.
    shown : str
        Its name in messages.
    max_rows : int
        Refused when its footer claims more.

    Raises
    ------
    SourceError
        When it is empty, truncated, no Parquet file, or claims too much.
    """

    def __init__(self, path: Path, shown: str, max_rows: int) -> None:
        self._shown = shown
        try:
            # Buffered reads, so that memory does not follow the size of a row group.
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._damaged(_why(path, error)) from None
        claimed = self._file.metadata.num_rows
        if claimed > max_rows or self._file.metadata.num_columns > _MAX_COLUMNS:
            self._file.close()
            raise SourceError.at(
                shown,
                f"claims {claimed:,} rows of {self._file.metadata.num_columns:,} columns",
                f"at most {max_rows:,} rows of {_MAX_COLUMNS:,} columns",
                "look whether the file is what it should be; raise source.max_rows if it is",
            )

    @property
    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._file.schema_arrow.names)

    def batches(
        self, columns: Sequence[str], event_time: str | None, interval: tuple[datetime, datetime] | None, timezone: str
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield record batches of the columns, each with the number of its first row, from 1.

        Of row groups without an event inside the interval nothing but the events is decoded.
        """
        first_row = 1
        try:
            for group in range(self._file.num_row_groups):
                rows = self._file.metadata.row_group(group).num_rows
                if interval is None or event_time is None or self._may_hold(group, event_time, interval, timezone):
                    yield from self._group(group, columns, first_row, rows)
                first_row += rows
        finally:
            self._file.close()

    def _group(
        self, group: int, columns: Sequence[str], first_row: int, rows: int
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        start = first_row
        try:
            for batch in self._file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(columns)):
                yield first_row, batch
                first_row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(f"row group {group + 1} cannot be read ({_first_line(error)})") from None
        if columns and first_row - start != rows:
            raise self._damaged(
                f"row group {group + 1} has {first_row - start:,} rows where its footer claims {rows:,}"
            )

    def _may_hold(self, group: int, column: str, interval: tuple[datetime, datetime], timezone: str) -> bool:
        # The events themselves are looked at: statistics may be absent or wrong, and reading damaged ones ends the
        # process, where damaged pages are an error.
        if self._file.num_row_groups == 1 or column not in self.names:
            return True
        low, high = (pa.scalar(edge, INSTANT) for edge in interval)
        try:
            for batch in self._file.iter_batches(BATCH_ROWS, row_groups=[group], columns=[column]):
                at = cast_values(batch.column(0), "timestamp", timezone)
                if at.null_count or pc.any(pc.and_(pc.greater_equal(at, low), pc.less(at, high))).as_py():
                    return True
        except (pa.ArrowException, OSError):
            return True  # whoever reads the rows is told where
        return False

    def _damaged(self, found: str) -> SourceError:
        return SourceError.at(self._shown, found, "a whole Parquet file", "write or copy it again")


def _why(path: Path, error: Exception) -> str:
    size = path.stat().st_size if path.is_file() else 0
    if size == 0:
        return "has 0 bytes"
    with path.open("rb") as stream:
        begins = stream.read(4)
        stream.seek(max(size - 4, 0))
        ends = stream.read(4)
    if begins != b"PAR1":
        return f"is not a Parquet file: it begins with {begins!r}"
    if ends != b"PAR1":
        return f"is truncated: its {size:,} bytes end without a footer"
    return f"has a damaged footer ({_first_line(error)})"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
