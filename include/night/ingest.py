"""ingest: pull the rows of one or more partitions of a dataset into staged files that no reader sees."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.errors import ConfigError
from include.night.attempts import StagedPartition, remember_staged
from include.night.known import declared_known_at, late_rows_marked
from include.partitions import outside_range, partition_from_key, partitions_between
from include.project import STATIC_KEY
from include.sources import open_source
from include.storage.growing import Growing
from include.storage.schemas import snapshots
from include.storage.specs import PARTITION
from include.storage.staging import GROUP_ROWS
from include.storage.untyped import valueless

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from include.config.dataset import Dataset
    from include.partitions import Partition
    from include.project import Project
    from include.sources import Source

_HELD_ROWS = 4 * GROUP_ROWS  # over all partitions that are open at once


def ingest(project: Project, name: str, first: str, last: str | None = None, *, late: bool = True) -> dict[str, Any]:
    """Stage the rows of the partitions from ``first`` to ``last`` in one pass over the source.

    Parameters
    ----------
    project : Project
        The installation.
    name : str
        Dataset.
    first, last : str
        Keys of the first and last partition (the same when ``last`` is omitted); ``static`` for a static dataset.
    late : bool
        Also pull again the partitions inside the dataset's window for late rows before ``first``.

    Returns
    -------
    dict
        ``attempt`` (id for validate and publish), ``partitions``, ``rows`` and ``bytes`` staged, and ``too_late``:
        partitions before the window for late rows of which the source has new rows all the same.

    Raises
    ------
    ConfigError
        When the dataset has no such partition: a key of another grain, or before its first or after its last.
    SourceError
        When the source cannot give them as the contract types them; nothing is left behind.
    """
    dataset = project.catalog.dataset(name)
    attempt = uuid.uuid4().hex
    if dataset.source.kind == "s3":
        found, unchanged, too_late = _stage_changed(project, dataset, first, last or first, late=late)
    else:
        unchanged, too_late = (), ()
        if dataset.static:
            found = _stage_static(project, dataset, _source(project, dataset))
        else:
            found = _stage_partitions(project, dataset, _wanted(project, dataset, first, last or first, late))
    remember_staged(project, name, attempt, found, unchanged)
    return {
        "attempt": attempt,
        "partitions": [*(f.partition for f in found), *unchanged],
        "too_late": list(too_late),
        "rows": sum(f.staged.rows for f in found),
        "bytes": sum(f.staged.bytes for f in found),
    }


def _wanted(project: Project, dataset: Dataset, first: str, last: str, late: bool) -> list[Partition]:
    start, end = _asked(dataset, first, last)
    published = set(_published(project, dataset))
    again = []
    before = start.preceding()
    while late and before.end > start.start - dataset.late_for and before.key in published:
        again.append(before)
        before = before.preceding()
    return again[::-1] + partitions_between(start, end)


def _asked(dataset: Dataset, first: str, last: str) -> tuple[Partition, Partition]:
    """Return the first and last partition asked for; ConfigError when the dataset has no such partitions."""
    start = partition_from_key(first, dataset.partition, dataset.timezone)
    end = partition_from_key(last, dataset.partition, dataset.timezone)
    if end < start:
        raise ConfigError.at(f"dataset {dataset.name}", f"{last} comes before {first}", "a range in order", "swap them")
    for partition in (start, end):
        if outside_range(partition, dataset.first_partition, dataset.last_partition):
            raise ConfigError.at(
                f"dataset {dataset.name}, partition {partition.key}",
                "there is no such partition",
                f"one from {dataset.first_partition or 'any'} to {dataset.last_partition or 'any'}",
                "name another, or correct first_partition and last_partition in the dataset's YAML file",
            )
    return start, end


def _published(project: Project, dataset: Dataset) -> list[str]:
    table = project.snapshots(dataset.name) if dataset.late_for else None
    return table.partitions() if table else []


def _source(project: Project, dataset: Dataset, watermark: str | None = None) -> Source:
    return open_source(dataset, connections=project.connections, base=project.catalog.root, watermark=watermark)


def _stage_static(project: Project, dataset: Dataset, source: Source) -> list[StagedPartition]:
    batches = source.read_all()
    keyed = (_with_column(b, PARTITION, pa.repeat(pa.scalar(STATIC_KEY), b.num_rows)) for b in batches)
    return _stage(project, dataset, [STATIC_KEY], keyed, None)


def _stage_partitions(project: Project, dataset: Dataset, wanted: Sequence[Partition]) -> list[StagedPartition]:
    batches = _source(project, dataset).read(wanted[0], wanted[-1])
    return _stage(project, dataset, [p.key for p in wanted], batches, wanted[-1])


def _stage_changed(
    project: Project, dataset: Dataset, first: str, last: str, *, late: bool
) -> tuple[list[StagedPartition], Sequence[str], Sequence[str]]:
    """Stage the partitions whose objects have changed; return them, those that have not, and those too late."""
    from include.night.renewed import Renewed, remember_objects, renewed, renewed_static, watermark_of
    from include.sources.s3 import NewObjects

    source = NewObjects(dataset, dataset.source, project.connections, watermark_of(project, dataset))  # type: ignore[arg-type]
    with closing(source):
        if dataset.static:
            what = Renewed((), () if renewed_static(project, dataset, source, STATIC_KEY) else (STATIC_KEY,))
            found = [] if what.unchanged else _stage_static(project, dataset, source)
        else:
            start, end = _asked(dataset, first, last)
            what = renewed(project, dataset, source, start, end, late=late)
            keys = [p.key for p in what.wanted]
            batches = source.read(what.wanted[0], what.wanted[-1], keys) if keys else iter(())
            found = _stage(project, dataset, keys, batches, end)
        remember_objects(project, dataset, source)
        made_of = [replace(item, source=source.provenance(item.partition)) for item in found]
    return made_of, what.unchanged, what.too_late


def _stage(
    project: Project, dataset: Dataset, keys: Sequence[str], batches: Iterable[pa.RecordBatch], newest: Partition | None
) -> list[StagedPartition]:
    staging = _Staging(project, dataset, keys, newest)
    try:
        for batch in batches:
            staging.take(batch)
        return staging.finish()
    except BaseException:
        staging.discard()
        raise


class _Staging:
    """The files of an attempt while rows come in, one a partition, with a bound on the rows held in memory."""

    def __init__(self, project: Project, dataset: Dataset, keys: Sequence[str], newest: Partition | None) -> None:
        self._dataset, self._keys, self._newest = dataset, tuple(keys), newest
        self._rows: dict[str, int] = {}
        self._existing = project.snapshots(dataset.name)
        contents = self._existing.contents() if self._existing else []
        self._revisions = {row[PARTITION]: int(row["_revision"]) for row in contents}
        # read before anything is staged: whoever publishes meanwhile makes this attempt stale
        tokens = self._existing.tokens(map(self._values, self._keys)) if self._existing else [None] * len(self._keys)
        self._tokens = dict(zip(self._keys, tokens, strict=True))
        location = project.dataset_home(dataset.name) / "snapshots"
        self._files = Growing(location, lambda found: snapshots(dataset.name, found), self._existing, self._usual)

    def take(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch to the files of their partitions."""
        for key, rows in _by_partition(batch, self._keys):
            told = rows if self._dataset.contract.columns else valueless(rows)
            self._files.write(key, self._values(key), self._prepared(told, key))
        if sum(s.held_rows for s in self._files.open.values()) > _HELD_ROWS:
            max(self._files.open.values(), key=lambda s: s.held_rows).flush()

    def finish(self) -> list[StagedPartition]:
        """Return every partition that was asked for, those without rows as empty files."""
        schema = self._schema()
        for key in self._keys if schema is not None else ():
            if key not in self._files.open:
                self._files.begin(key, self._values(key), schema)
        staged = self._files.finish()
        return [
            StagedPartition(key, self._revisions.get(key, 0) + 1, self._tokens[key], staged[key])
            for key in self._keys
            if key in staged
        ]

    def discard(self) -> None:
        """Leave nothing behind."""
        self._files.discard()

    def _prepared(self, rows: pa.RecordBatch, key: str) -> pa.RecordBatch:
        if not self._dataset.key and not self._dataset.static:
            start = self._rows.get(key, 0)
            rows = _with_column(rows, "_row", pa.array(range(start, start + rows.num_rows), pa.int64()))
        self._rows[key] = self._rows.get(key, 0) + rows.num_rows
        rows = _with_column(rows, "_known_at", declared_known_at(rows, self._dataset))
        if self._existing is not None and key in self._revisions and self._newest is not None:
            rows = late_rows_marked(rows, self._existing, key, self._dataset, self._newest.end)
        return rows

    def _schema(self) -> Any:
        if self._files.table is not None:
            return self._files.table.spec.schema
        return self._existing.spec.schema if self._existing else _declared_schema(self._dataset)

    def _usual(self, values: Mapping[str, str]) -> Collection[str] | None:
        """Return the columns that a partition without a contract had: the same rows are to be the same file again."""
        key = values[PARTITION]
        if self._existing is None or key not in self._revisions or self._dataset.contract.columns:
            return None
        return self._existing.stored_columns(**{PARTITION: key})

    def _values(self, key: str) -> dict[str, str]:
        return {PARTITION: key, "_revision": str(self._revisions.get(key, 0) + 1)}


def _declared_schema(dataset: Dataset) -> Any:
    from include.sources.typing import arrow_schema

    return arrow_schema(dataset)


def _by_partition(batch: pa.RecordBatch, keys: Sequence[str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    import pyarrow.compute as pc

    column = batch.column(PARTITION)
    found = pc.unique(column).to_pylist()
    if len(found) == 1:
        yield found[0], batch
        return
    for key in keys:
        if key in found:
            yield key, batch.filter(pc.equal(column, key))


def _with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    if name in batch.schema.names:
        return batch.set_column(batch.schema.get_field_index(name), name, values)
    return batch.append_column(name, values)
