"""Objects under a prefix as a source: each is read once, and again only when its ETag changes or its rows are wanted.

The watermark is an index of the objects that were read: ETag and partitions by key. With it, the rows of a partition
are found in the objects that hold some of it plus those that nobody has looked into yet, so that nothing is missed when
an object brings rows of an earlier partition, and nothing else is fetched.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
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
    from collections.abc import Collection, Iterator, Sequence

    from include.config.dataset import Dataset, S3Source
    from include.partitions import Partition
    from include.sources.connections import Connections
    from include.sources.objects import S3Object


_KEPT_BYTES = 1 << 30
_READING = ("source", "derive", "timezone", "partition", "event_time", "static", "contract")


def reading_digest(dataset: Dataset) -> str:
    """Return the digest of everything in a dataset's YAML file that decides what is read from an object."""
    chosen = {name: dataset.model_dump(mode="json")[name] for name in _READING}
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


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
        self._room: tempfile.TemporaryDirectory[str] | None = None
        self._fetched: dict[tuple[str, str], Path] = {}

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

    def look(self, partitions: Sequence[Partition]) -> None:
        """Learn which partitions the objects that nobody has looked into yet hold rows of.

        What is fetched for that is kept for `read`, up to a bound. Of a static dataset nothing is fetched.
        """
        if self._dataset.static:
            listed = self._listed(self._settings.prefix)
            self._index = {item.key: {"etag": item.etag, "partitions": [STATIC_KEY]} for item in listed}
            return
        for item in self._objects(partitions):
            if self._is_known(item):
                continue
            self._keep(item)
            found: set[str] = set()
            for batch in self._rows(item, PartitionCut(self._dataset)):
                found.update(pc.unique(batch.column(PARTITION)).to_pylist())
            self._index[item.key] = {"etag": item.etag, "partitions": sorted(found)}

    def provenance(self, partition: str) -> str:
        """Return the digest of the objects, as they are, that hold rows of a partition, and of how they are read."""
        made_of = sorted((key, e["etag"]) for key, e in self._index.items() if partition in e["partitions"])
        return hashlib.sha256(f"{reading_digest(self._dataset)}{made_of}".encode()).hexdigest()

    def touched(self) -> list[str]:
        """Return the keys of the partitions of which the objects read since the watermark hold rows.

        Partitions outside the interval that was read are to be read again: rows of theirs have come late.
        """
        new = {key: entry for key, entry in self._index.items() if self._seen.get(key) != entry}
        before = [self._seen[key] for key in new if key in self._seen]
        return sorted({name for entry in (*new.values(), *before) for name in entry["partitions"]})

    def read(self, first: Partition, last: Partition, only: Collection[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the partitions from first to last from all objects that hold some.

        Parameters
        ----------
        first, last : Partition
            Both included.
        only : collection of str, optional
            Keys of the partitions among them whose rows are wanted; all of them when omitted.

        Yields
        ------
        pa.RecordBatch
            The user's columns in the types of the contract, and `_partition`.

        Raises
        ------
        SourceError
            Naming object, row and column of what cannot be read, or that an object has changed meanwhile.
        """
        between = [p for p in partitions_between(first, last) if only is None or p.key in only]
        wanted = pa.array(sorted(p.key for p in between), pa.string())
        for item in self._objects(between):
            known = self._is_known(item)
            if known and not {p.key for p in between}.intersection(self._index[item.key]["partitions"]):
                continue
            found: set[str] = set()
            for batch in self._rows(item, PartitionCut(self._dataset)):
                found.update(pc.unique(batch.column(PARTITION)).to_pylist())
                kept = batch.filter(pc.is_in(batch.column(PARTITION), wanted))
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
        """Give memory and fetched objects back."""
        self._shape.close()
        if self._room is not None:
            self._room.cleanup()
            self._room, self._fetched = None, {}

    def _objects(self, partitions: Sequence[Partition]) -> Iterator[S3Object]:
        prefix = self._settings.prefix
        if "{key}" not in prefix:
            listed = self._listed(prefix)
            there = {item.key for item in listed}
            self._index = {key: entry for key, entry in self._index.items() if key in there}
            yield from listed
            return
        for partition in partitions:
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
        return item.key in self._index and self._index[item.key]["etag"] == item.etag

    def _keep(self, item: S3Object) -> None:
        """Fetch an object once for look and read, unless too much is kept already."""
        if item.size + sum(path.stat().st_size for path in self._fetched.values()) > _KEPT_BYTES:
            return
        if self._room is None:
            self._room = tempfile.TemporaryDirectory(prefix="nightshift-objects-")
        with item.local() as path:
            kept = Path(self._room.name) / f"{len(self._fetched)}"
            shutil.move(path, kept)
        self._fetched[item.key, item.etag] = kept

    @contextmanager
    def _local(self, item: S3Object) -> Iterator[Path]:
        kept = self._fetched.get((item.key, item.etag))
        if kept is not None:
            yield kept
            return
        with item.local() as path:
            yield path

    def _rows(self, item: S3Object, cut: PartitionCut | None) -> Iterator[pa.RecordBatch]:
        with (
            self._local(item) as path,
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
