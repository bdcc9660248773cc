"""Objects under a prefix as a source: each is read once, and again only when its ETag changes or its rows are wanted.

The watermark is an index of the objects that were read: ETag and partitions by key. With it, the rows of a partition
are found in the objects that hold some of it plus those that nobody has looked into yet, so that nothing is missed when
an object brings rows of an earlier partition, and nothing else is fetched.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import SourceError
from include.partitions import STATIC_KEY, partitions_between
from include.sources.cut import PartitionCut
from include.sources.objects import objects_under, s3_client
from include.sources.places import has_format
from include.sources.rows import by_event, raw_rows, with_key
from include.sources.shape import PARTITION, RowShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.config.dataset import Dataset, S3Source
    from include.partitions import Partition
    from include.sources.connections import Connections
    from include.sources.objects import S3Object


class NewObjects:
    """The rows of objects under a prefix.

    Parameters
    ----------
    dataset : Dataset
        What its rows are.
    settings : S3Source
        Its `source`.
    connections : Connections
        For the credentials.
    watermark : str or None
        What `watermark` was when the rows last read were published; None reads every object.
    """

    def __init__(
        self, dataset: Dataset, settings: S3Source, connections: Connections, watermark: str | None = None
    ) -> None:
        self._dataset, self._settings, self._connections = dataset, settings, connections
        self._shape = RowShape(dataset)
        self._seen = _parsed(watermark, dataset.name)
        self._index = dict(self._seen)

    @property
    def schema(self) -> pa.Schema | None:
        """Types of the user's columns, None when the contract names none."""
        return self._shape.schema

    @property
    def watermark(self) -> str | None:
        """The index of everything read so far; to be kept once what was read is published."""
        return json.dumps(self._index, sort_keys=True, separators=(",", ":"))

    def fresh(self) -> list[str]:
        """Return the keys of the objects that are new, or have changed, since the watermark."""
        return [item.key for item in self._listed(self._settings.prefix) if not self._is_known(item)]

    def touched(self) -> list[str]:
        """Return the keys of the partitions of which the objects read since the watermark hold rows.

        Partitions outside the interval that was read are to be read again: rows of theirs have come late.
        """
        new = {key: entry for key, entry in self._index.items() if self._seen.get(key) != entry}
        before = [self._seen[key] for key in new if key in self._seen]
        return sorted({name for entry in (*new.values(), *before) for name in entry["partitions"]})

    def read(self, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the partitions from first to last from all objects that hold some.

        Parameters
        ----------
        first, last : Partition
            Both included.

        Yields
        ------
        pa.RecordBatch
            The user's columns in the types of the contract, and `_partition`.

        Raises
        ------
        SourceError
            Naming object, row and column of what cannot be read, or that an object has changed meanwhile.
        """
        wanted = {partition.key for partition in partitions_between(first, last)}
        for item in self._objects(first, last):
            if self._is_known(item):
                if wanted.intersection(self._seen[item.key]["partitions"]):
                    yield from self._rows(item, PartitionCut(self._dataset, first, last))
                continue
            found: set[str] = set()
            for batch in self._rows(item, PartitionCut(self._dataset)):
                found.update(pc.unique(batch.column(PARTITION)).to_pylist())
                kept = batch.filter(pc.is_in(batch.column(PARTITION), pa.array(sorted(wanted))))
                if kept.num_rows:
                    yield kept
            self._index[item.key] = {"etag": item.etag, "partitions": sorted(found)}

    def read_all(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows of a static dataset, with ``static`` as their `_partition`."""
        for item in self._listed(self._settings.prefix):
            yield from self._rows(item, None)
            self._index[item.key] = {"etag": item.etag, "partitions": [STATIC_KEY]}

    def partitions(self) -> list[str] | None:
        """Return the partitions of which the objects read so far hold rows, None before the first."""
        if not self._index:
            return None
        return sorted({name for entry in self._index.values() for name in entry["partitions"]})

    def close(self) -> None:
        """Give memory back."""
        self._shape.close()

    def _objects(self, first: Partition, last: Partition) -> Iterator[S3Object]:
        prefix = self._settings.prefix
        if "{key}" not in prefix:
            listed = self._listed(prefix)
            there = {item.key for item in listed}
            self._index = {key: entry for key, entry in self._index.items() if key in there}
            yield from listed
            return
        for partition in partitions_between(first, last):
            yield from self._listed(prefix.replace("{key}", partition.key))

    def _listed(self, prefix: str) -> Sequence[S3Object]:
        before_key = prefix.partition("{key}")[0]
        client = s3_client(self._connections, self._settings.connection)
        found = objects_under(client, self._settings.bucket, before_key, self._dataset.timezone)
        readable = [item for item in found if self._settings.format or has_format(item.key.rsplit("/", 1)[-1])]
        if not readable:
            raise SourceError.at(
                f"s3://{self._settings.bucket}/{prefix}",
                "there is no object with rows under this prefix",
                "one object at least",
                "correct source.bucket and source.prefix",
            )
        return readable

    def _is_known(self, item: S3Object) -> bool:
        return item.key in self._seen and self._seen[item.key]["etag"] == item.etag

    def _rows(self, item: S3Object, cut: PartitionCut | None) -> Iterator[pa.RecordBatch]:
        with (
            item.local() as path,
            closing(raw_rows(path, item.shown, self._dataset, self._settings, self._shape, None)) as raw,
        ):
            if cut:
                yield from by_event(raw, self._shape, cut, item.shown)
            else:
                yield from with_key(raw, self._shape, STATIC_KEY, item.shown)


def _parsed(watermark: str | None, name: str) -> dict[str, dict[str, Any]]:
    if watermark is None:
        return {}
    try:
        index = json.loads(watermark)
        return {key: {"etag": str(e["etag"]), "partitions": list(e["partitions"])} for key, e in index.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError.at(
            f"watermark of {name}", "cannot be read", "what an earlier read returned", "drop it: all objects are read"
        ) from None
