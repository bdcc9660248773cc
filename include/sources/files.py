"""Files as a source: CSV and Parquet, local, on S3, or inside an installed package."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import ConfigError, SourceError
from include.partitions import STATIC_KEY, partition_at, partition_from_key, partitions_between
from include.sources.cut import PartitionCut
from include.sources.folders import local_files
from include.sources.places import inside_package, local_path, scheme_of
from include.sources.rows import by_event, raw_rows, with_key
from include.sources.shape import RowShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from include.config.dataset import Dataset, FilesSource
    from include.partitions import Partition
    from include.sources.connections import Connections
    from include.sources.places import SourceFile

# A folder's period and its rows' event times may be cut in different zones: neighbouring folders are looked at too.
_ZONE_MARGIN = timedelta(hours=26)
_KEY = r"(\d{4}-\d{2}-\d{2}(?:T\d{2}Z)?)"


class FileSource:
    """The rows of files.

    Parameters
    ----------
    dataset : Dataset
        What its rows are.
    settings : FilesSource
        Its `source`.
    connections : Connections
        For the credentials of ``s3://`` paths.
    base : Path
        Where relative paths start.
    roots : sequence of Path
        Folders outside of which nothing local is read; none: everywhere but in the system's own folders.
    """

    watermark: str | None = None

    def __init__(
        self,
        dataset: Dataset,
        settings: FilesSource,
        connections: Connections,
        base: Path,
        roots: Sequence[Path] = (),
    ) -> None:
        self._dataset, self._settings = dataset, settings
        self._connections, self._base, self._roots = connections, base, roots
        self._shape = RowShape(dataset)

    @property
    def schema(self) -> pa.Schema | None:
        """Types of the user's columns, None when the contract names none."""
        return self._shape.schema

    def read(self, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the partitions from first to last in one pass over the files.

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
            Naming file, row and column of what cannot be read. No rows at all are no error.
        """
        for file in self._files_between(first, last):
            if self._dataset.event_time is None:
                yield from self._read_by_folder(file, first, last)
            else:
                yield from self._read_by_event(file, first, last)

    def read_all(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows of a static dataset, with ``static`` as their `_partition`."""
        for file in self._files(self._settings.path):
            yield from self._shaped(file, None, key=STATIC_KEY)

    def partitions(self) -> list[str] | None:
        """Return the keys that folders ``period=…`` or a path with ``{key}`` hold, None when files do not tell."""
        if "{key}" in self._settings.path:
            return self._keys_in_names()
        grain, zone = self._dataset.partition, self._dataset.timezone
        keys: set[str] = set()
        for file in self._files(self._settings.path):
            if file.period is None:
                return None
            first = partition_at(file.period[0], grain, zone)
            last = partition_at(file.period[1] - timedelta(seconds=1), grain, zone)
            keys |= {p.key for p in partitions_between(first, last)} if self._dataset.event_time else {first.key}
        return sorted(keys)

    def close(self) -> None:
        """Give memory back."""
        self._shape.close()

    def _read_by_event(self, file: SourceFile, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        start, end = first.start, last.end
        if file.period and not (file.period[0] - _ZONE_MARGIN < end and start < file.period[1] + _ZONE_MARGIN):
            return
        yield from self._shaped(file, (start, end), cut=PartitionCut(self._dataset, first, last))

    def _read_by_folder(self, file: SourceFile, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        if file.period is None:
            raise SourceError.at(
                file.shown,
                "the dataset names no event_time, and the file is not in a folder period=…",
                "one of the two",
                f"set event_time in {self._dataset.name}.yaml, or static: true",
            )
        partition = partition_at(file.period[0], self._dataset.partition, self._dataset.timezone)
        if first.start <= partition.start < last.end:
            yield from self._shaped(file, None, key=partition.key, event_time=file.period[0])

    def _shaped(
        self,
        file: SourceFile,
        interval: tuple[datetime, datetime] | None,
        *,
        cut: PartitionCut | None = None,
        key: str = "",
        event_time: datetime | None = None,
    ) -> Iterator[pa.RecordBatch]:
        with (
            file.local() as path,
            closing(raw_rows(path, file.shown, self._dataset, self._settings, self._shape, interval)) as raw,
        ):
            if cut:
                yield from by_event(raw, self._shape, cut, file.shown)
            else:
                yield from with_key(raw, self._shape, key, file.shown, event_time)

    def _files_between(self, first: Partition, last: Partition) -> Iterator[SourceFile]:
        path = self._settings.path
        if "{key}" not in path:
            yield from self._files(path)
            return
        for partition in partitions_between(first, last):
            yield from self._files(path.replace("{key}", partition.key))

    def _files(self, path: str) -> Sequence[SourceFile]:
        scheme = scheme_of(path)
        if scheme == "s3":
            from include.sources.objects import objects_at

            return objects_at(path, self._settings.connection, self._connections, self._dataset.timezone)
        if scheme == "package":
            return local_files(inside_package(path), path, self._dataset.timezone, ())
        place = local_path(path, self._base, self._roots)
        return local_files(place, path, self._dataset.timezone, self._roots)

    def _keys_in_names(self) -> list[str]:
        path = self._settings.path
        ending = re.escape(path.removeprefix("./")).replace(re.escape("{key}"), _KEY, 1)
        ending = ending.replace(re.escape("{key}"), r"\1").replace(r"\*", "[^/]*")
        names = [file.shown for file in self._files(path.replace("{key}", "*"))]
        found = {match[1] for name in names if (match := re.search(ending + "$", name))}
        return sorted(key for key in found if self._is_key(key))

    def _is_key(self, text: str) -> bool:
        try:
            partition_from_key(text, self._dataset.partition, self._dataset.timezone)
        except ConfigError:
            return False
        return True
