"""One pass over a stream of batches, columns side by side on a few threads, the next batch read meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from include.signals.columns import column_of

BATCH_ROWS = 65_536  # 512 KiB of float64: a column stays in the second-level cache while it is sorted
THREADS = 2

ColumnWork = Callable[[pa.Array], None]
TableWork = Callable[[pa.Table], None]


def regrouped(batches: Iterable[pa.RecordBatch], rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
    """Yield the same rows in tables of at most `rows` rows: small batches joined, large ones cut.

    Rows keep their order. A stream of empty batches yields one empty table, a stream of no batch yields nothing.
    """
    waiting: list[pa.RecordBatch] = []
    held = 0
    empty: pa.RecordBatch | None = None
    seen = False
    for batch in batches:
        empty = batch if empty is None else empty
        if waiting and (batch.schema != waiting[0].schema or held + batch.num_rows > rows):
            yield pa.Table.from_batches(waiting)
            waiting, held = [], 0
        for start in range(0, batch.num_rows, rows):
            part = batch.slice(start, rows)
            seen = True
            if part.num_rows == rows:
                yield pa.Table.from_batches([part])
            else:
                waiting.append(part)
                held += part.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)
    elif empty is not None and not seen:
        yield pa.Table.from_batches([empty])


class Columns:
    """Gives every column of a table to its worker, columns side by side, tables one after the other.

    Parameters
    ----------
    threads : int
        Columns worked on at the same time. Sorting, hashing and counting release the interpreter's lock. With 1 the
        work is done by the caller.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads) if threads > 1 else None
        self._running: list[Future[None]] = []

    def submit(self, table: pa.Table, workers: Mapping[str, ColumnWork], whole: TableWork | None = None) -> None:
        """Start on a table once the one before is done; the caller can read the next one meanwhile.

        Parameters
        ----------
        table : pyarrow.Table
        workers : mapping of str to callable
            What is called with each column.
        whole : callable, optional
            Called with the table, beside the columns.
        """
        self.wait()
        tasks: list[tuple[Callable[[Any], None], Any]] = [] if whole is None else [(whole, table)]
        tasks += [(work, column_of(table, name)) for name, work in workers.items()]
        if self._pool is None:
            for work, argument in tasks:
                work(argument)
        else:
            self._running = [self._pool.submit(work, argument) for work, argument in tasks]

    def wait(self) -> None:
        """Return when the last table is done; what its workers raised is raised here."""
        for future in self._running:
            future.result()
        self._running = []

    def __enter__(self) -> Columns:
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            if failure[0] is None:
                self.wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
