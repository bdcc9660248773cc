"""A bounded, seeded sample of the rows of a stream, in which every row is equally likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from include.signals.moments import FloatArray


class RowSample:
    """Collects a uniform sample without replacement of at most `capacity` rows of a stream of batches.

    Parameters
    ----------
    capacity : int
        Rows kept. Up to twice as many are held meanwhile.
    seed : int
        Every row draws a key from this seed in the order of the stream; the rows with the smallest keys are kept. The
        sample therefore does not depend on how the rows are cut into batches.
    """

    def __init__(self, capacity: int, seed: int) -> None:
        self._capacity = capacity
        self._random = np.random.default_rng(seed)
        self._threshold = 1.0
        self._parts: list[pa.Table] = []
        self._keys: list[FloatArray] = []
        self._held = 0

    def add(self, batch: pa.Table) -> None:
        """Offer the rows of one batch."""
        keys = self._random.random(batch.num_rows)
        chosen = keys < self._threshold
        self._parts.append(batch if chosen.all() else batch.filter(pa.array(chosen)))
        self._keys.append(keys[chosen])
        self._held += int(chosen.sum())
        if self._held > 2 * self._capacity:
            self._shrink()

    def _shrink(self) -> None:
        keys = np.concatenate(self._keys)
        if len(keys) > self._capacity:
            self._threshold = float(np.partition(keys, self._capacity)[self._capacity])
        chosen = keys < self._threshold
        table = pa.concat_tables(self._parts, promote_options="permissive")
        self._parts = [table.filter(pa.array(chosen)).combine_chunks()]
        self._keys = [keys[chosen]]
        self._held = int(chosen.sum())

    def table(self) -> pa.Table | None:
        """Return the sample in the order of the stream; None when no batch was offered."""
        if not self._parts:
            return None
        self._shrink()
        return self._parts[0]


def sampled(batches: Iterable[pa.RecordBatch], columns: Sequence[str] | None, rows: int, seed: int) -> pa.Table:
    """Return a uniform sample of at most `rows` rows of a stream, in its order.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        At least one, which may be empty.
    columns : sequence of str or None
        Columns to keep; None for all.
    rows : int
        Most rows returned.
    seed : int
        Decides which rows.

    Examples
    --------
    >>> batch = pa.record_batch({"x": list(range(1000))})
    >>> sampled([batch], None, 3, seed=0)["x"].to_pylist()
    [269, 855, 921]
    """
    sample = RowSample(rows, seed)
    for batch in batches:
        table = pa.Table.from_batches([batch])
        sample.add(table if columns is None else table.select(list(columns)))
    found = sample.table()
    return pa.table({}) if found is None else found
