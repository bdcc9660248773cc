"""When an event happened and when its row became known, for every row of a batch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError
from include.partitions import partition_from_key

if TYPE_CHECKING:
    from include.config.dataset import Dataset

INSTANT = pa.timestamp("us", tz="UTC")


def events_of(batch: pa.RecordBatch, dataset: Dataset) -> pa.Array:
    """Return the event time of each row; the start of its partition where the dataset declares none.

    Raises
    ------
    FeatureError
        When the declared column is not there.
    """
    if dataset.event_time is None:
        keys = batch.column("_partition").cast(pa.string()).dictionary_encode()
        starts = [
            partition_from_key(key, dataset.partition, dataset.timezone).start for key in keys.dictionary.to_pylist()
        ]
        return pc.take(pa.array(starts, INSTANT), keys.indices)
    if dataset.event_time not in batch.schema.names:
        found = f"its rows have no column {dataset.event_time}"
        raise FeatureError.at(f"dataset {dataset.name}", found, "the event time", "ingest it again")
    return batch.column(dataset.event_time).cast(INSTANT)


def known_at_of(batch: pa.RecordBatch, dataset: Dataset) -> pa.Array:
    """Return when each row became known: `_known_at` where it was stored, else as the dataset declares it."""
    if "_known_at" in batch.schema.names:
        return batch.column("_known_at").cast(INSTANT)
    if dataset.known_at.column:
        return batch.column(dataset.known_at.column).cast(INSTANT)
    return pc.add(events_of(batch, dataset), pa.scalar(dataset.known_at.delay or timedelta(0), pa.duration("us")))
