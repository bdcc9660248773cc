"""One partition of a source → Arrow record batches in the types of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from include.config.dataset import Dataset
    from include.partitions import Partition
    from include.sources.connections import Connections


class Source(Protocol):
    """The rows of a dataset, wherever they are."""

    @property
    def schema(self) -> pa.Schema | None:
        """Types of the user's columns, None when the contract names none."""

    @property
    def watermark(self) -> str | None:
        """What to pass as `watermark` next time, once everything read is published; None when the source has none."""

    def read(self, first: Partition, last: Partition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the partitions from first to last, both included, in one pass, with `_partition`."""

    def read_all(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows of a static dataset, with `_partition`."""

    def partitions(self) -> list[str] | None:
        """Return the keys of the partitions that the source says it holds, None when it does not say."""

    def close(self) -> None:
        """Give back memory and connections."""


def open_source(
    dataset: Dataset,
    *,
    connections: Connections,
    base: Path,
    watermark: str | None = None,
    roots: Sequence[Path] = (),
) -> Source:
    """Return the source of a dataset; nothing is read yet.

    Parameters
    ----------
    dataset : Dataset
        Its `source` says where the rows are, its contract what they are.
    connections : Connections
        Where ids of connections are looked up.
    base : Path
        Folder at which relative paths start (the configuration folder).
    watermark : str or None
        What `Source.watermark` was when the rows last read were published.
    roots : sequence of Path
        Folders outside of which no local file is read; none: everywhere but in the system's own folders.

    Raises
    ------
    ConfigError
        When an expression in `derive` is not allowed.
    """
    settings = dataset.source
    if settings.kind == "files":
        from include.sources.files import FileSource

        return FileSource(dataset, settings, connections, base, roots)
    if settings.kind == "sql":
        from include.sources.sql import SqlTable

        return SqlTable(dataset, settings, connections)
    from include.sources.s3 import NewObjects

    return NewObjects(dataset, settings, connections, watermark)
