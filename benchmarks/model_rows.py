"""Made rows for the benchmarks of training and scoring: 30 numbers, 10 texts, their codes, a label made from some of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK_ROWS = 65_536
NUMBERS = tuple(f"number_{i:02d}" for i in range(30))
TEXTS = tuple(f"text_{i}" for i in range(10))
CODES = tuple(f"code_{i}" for i in range(10))
SIZES = (2, 3, 5, 8, 12, 20, 40, 80, 150, 300)


def chunk(rows: int, first: int, seed: int = 0) -> pa.Table:
    """Return some consecutive rows."""
    random = np.random.default_rng([seed, first])
    columns = {name: pa.array(random.normal(size=rows), mask=random.random(rows) < 0.02) for name in NUMBERS}
    codes = [random.integers(0, size, rows) for size in SIZES]
    for name, size, code in zip(TEXTS, SIZES, codes, strict=True):
        columns[name] = pa.array(np.array([f"category {j:03d}" for j in range(size)])[code])
    columns |= {name: pa.array(code) for name, code in zip(CODES, codes, strict=True)}
    margin = np.nan_to_num(columns["number_00"].to_numpy(zero_copy_only=False)) + 0.1 * (codes[5] % 7) - 0.3
    label = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(float)
    key = pa.array(np.char.mod("%d", np.arange(first, first + rows)))
    return pa.table({"_key": key, "_partition": pa.repeat("2013-01-01", rows), **columns, "label": label})


def table(rows: int) -> pa.Table:
    """Return all rows as one table."""
    return pa.concat_tables(chunk(min(CHUNK_ROWS, rows - first), first) for first in range(0, rows, CHUNK_ROWS))


def write(path: Path, rows: int) -> None:
    """Write the rows to a Parquet file, chunk by chunk."""
    writer = None
    for first in range(0, rows, CHUNK_ROWS):
        part = chunk(min(CHUNK_ROWS, rows - first), first)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()
