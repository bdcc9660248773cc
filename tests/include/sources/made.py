"""Datasets and files that tests make: small, and readable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.config.dataset import Dataset
from include.partitions import Partition, partition_from_key
from include.sources import Source, open_source
from include.sources.connections import EnvironmentConnections

TRIPS = {"id": "int64", "at": "timestamp", "city": "string", "fare": "float64"}
CSV = """\
id,at,city,fare
1,2013-03-01T10:00:00Z,Ulm,2.5
2,2013-03-01 23:30:00,Bonn,NA
3,2013-03-02T00:00:00+00:00,Ulm,7
4,2013-03-03,Köln,1e3
"""


def trips(columns: dict[str, Any] | None = None, **more: Any) -> Dataset:
    """Return a dataset `trips`; columns are given as types or as whole rules."""
    chosen = TRIPS if columns is None else columns
    rules = {name: rule if isinstance(rule, dict) else {"type": rule} for name, rule in chosen.items()}
    said = {
        "name": "trips",
        "description": "One trip.",
        "owner": {"name": "Data"},
        "source": {"kind": "files", "path": "trips.csv"},
        "event_time": "at",
        "contract": {"columns": rules},
    }
    return Dataset.model_validate(said | more)


def day(key: str, zone: str = "UTC") -> Partition:
    return partition_from_key(key, "day", zone)


@dataclass(frozen=True)
class Folder:
    """A folder of files to read."""

    root: Path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def parquet(self, name: str, columns: dict[str, Any] | pa.Table, **options: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)
        return path

    def source(self, dataset: Dataset, environment: dict[str, str] | None = None, **more: Any) -> Source:
        return open_source(dataset, connections=EnvironmentConnections(environment or {}), base=self.root, **more)

    def read(self, dataset: Dataset, first: str, last: str | None = None) -> pa.Table:
        """Return the rows from one partition to another."""
        ends = [partition_from_key(key, dataset.partition, dataset.timezone) for key in (first, last or first)]
        source = self.source(dataset)
        try:
            return table_of(source, list(source.read(*ends)))
        finally:
            source.close()

    def read_all(self, dataset: Dataset) -> pa.Table:
        source = self.source(dataset)
        return table_of(source, list(source.read_all()))


def table_of(source: Source, batches: list[pa.RecordBatch]) -> pa.Table:
    if batches:
        return pa.Table.from_batches(batches)
    return pa.schema([*(source.schema or []), pa.field("_partition", pa.string())]).empty_table()
