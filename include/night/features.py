"""features: the model's rows of the night, each value as it was known at prediction time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.check import Checker
from include.errors import BlockedError
from include.features.build import build
from include.night.attempts import local_files
from include.night.begun import begun
from include.night.named import refuse_unknown
from include.night.rows import features_table
from include.partitions import partition_from_key
from include.storage.growing import Growing
from include.storage.schemas import features as features_spec
from include.storage.specs import PARTITION, Publication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.config.dataset import Dataset
    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project
    from include.storage.specs import Staged
    from include.storage.tables import Table


def build_features(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Build the feature rows of a night, and of the history before it that has none yet.

    Returns
    -------
    dict
        ``rows`` of the night, ``built`` (number of partitions), ``health`` and ``reason`` of the night's feature rows by
        their contract, ``blocked`` (keys). Blocked feature rows are not published: nothing scores or trains on them.

    Raises
    ------
    ConfigError
        When the model's file names columns that neither its features nor its rows have.
    """
    found = begun(project, name, partition)
    wanted = _missing(project, found)
    built: list[str] = []
    blocked: dict[str, str] = {}
    with Checker(memory=project.memory, threads=project.threads) as checker:
        for first, last in _runs(wanted):
            built += _build_range(project, found, first, last, checker, blocked)
    refuse_unknown(project, found.model, found.feature_version)
    table = features_table(project, name)
    rows = _rows_of(table, partition, found.feature_version)
    health, reason = ("block", blocked[partition]) if partition in blocked else ("pass", "")
    body = {"partition": partition, "rows": rows, "health": health, "reason": reason, "built": len(built)}
    found.ledger.append("features", f"features/{partition}/{health}", body)
    return {**body, "blocked": sorted(blocked)}


def _rows_of(table: Table | None, partition: str, feature_version: str) -> int:
    if table is None:
        return 0
    chosen = (r for r in table.contents() if r[PARTITION] == partition and r["_feature_version"] == feature_version)
    return sum(int(row["rows"]) for row in chosen)


def _missing(project: Project, found: Begun) -> list[Partition]:
    """Return the published partitions of the rows up to tonight that this feature version has no rows of."""
    rows = project.catalog.dataset(found.model.rows)
    snapshots = project.snapshots(rows.name)
    if snapshots is None:
        return []
    version = found.version(rows.name)
    published = {r[PARTITION] for r in snapshots.contents(version) if r["rows"]}
    table = features_table(project, found.model.name)
    there = (
        {r[PARTITION] for r in table.contents() if r["_feature_version"] == found.feature_version} if table else set()
    )
    keys = sorted(published - there)
    parsed = [partition_from_key(key, rows.partition, rows.timezone) for key in keys]
    return [p for p in parsed if p.end <= found.night.end]


def _runs(wanted: Sequence[Partition]) -> Iterator[tuple[Partition, Partition]]:
    """Return the first and last of each unbroken run of partitions."""
    start: Partition | None = None
    last: Partition | None = None
    for partition in wanted:
        if start is None or last is None:
            start = partition
        elif last.end != partition.start:
            yield start, last
            start = partition
        last = partition
    if start is not None and last is not None:
        yield start, last


def _build_range(
    project: Project, found: Begun, first: Partition, last: Partition, checker: Checker, blocked: dict[str, str]
) -> list[str]:
    model = found.model
    datasets = {name: project.catalog.dataset(name) for name in (model.rows, *model.datasets)}
    inputs = {name: _reader(project, found, dataset, first, last) for name, dataset in datasets.items()}
    batches = build(
        model,
        datasets,
        inputs,
        first,
        last,
        project.catalog.features_sql(model.name),
        memory=project.memory,
        threads=project.threads,
    )
    return _written(project, found, batches, checker, blocked)


def _reader(
    project: Project, found: Begun, dataset: Dataset, first: Partition, last: Partition
) -> Callable[[], Iterable[pa.RecordBatch]]:
    """Return what gives the rows of a dataset that these nights may see, as tonight pinned them."""
    version = found.version(dataset.name)

    def read() -> Iterable[pa.RecordBatch]:
        table = project.snapshots(dataset.name)
        if table is None or version is None:
            raise BlockedError.at(
                f"dataset {dataset.name}",
                "has no visible rows",
                "a published partition",
                f"run its ingest: python -m include ingest {dataset.name}",
            )
        published = table.partitions(version)
        since = first.start if dataset.name == found.model.rows else first.start - found.model.lookback
        wanted = [key for key in published if _overlaps(dataset, key, since, last.end)]
        columns = [name for name in table.spec.schema.names if name != "_revision"]
        return table.ordered(columns, wanted, version)

    return read


def _overlaps(dataset: Dataset, key: str, since: datetime, until: datetime) -> bool:
    if dataset.static:
        return True
    partition = partition_from_key(key, dataset.partition, dataset.timezone)
    return partition.start < until and partition.end > since


def _written(
    project: Project, found: Begun, batches: Iterable[pa.RecordBatch], checker: Checker, blocked: dict[str, str]
) -> list[str]:
    """Stage the rows of each partition as they come, check them, publish those that keep their contract."""
    name, version = found.model.name, found.feature_version
    location = project.model_home(name) / "features"
    there = features_table(project, name)
    files = Growing(location, lambda columns: features_spec(name, _typed(columns)), there)
    try:
        for rows in batches:
            batch = _as_stored(rows, there.spec.schema) if there else rows
            column = batch.column(PARTITION)
            for key in pc.unique(column).to_pylist():
                values = {PARTITION: key, "_feature_version": version}
                files.write(key, values, batch.filter(pc.equal(column, key)))
        staged = files.finish()
    except BaseException:
        files.discard()
        raise
    if files.table is None:
        return []
    blocked |= _broken(found, files.table, staged, checker)
    files.table.publish_all([Publication((file,)) for key, file in staged.items() if key not in blocked])
    return list(staged)


def _as_stored(batch: pa.RecordBatch, stored: pa.Schema) -> pa.RecordBatch:
    """Return the rows with numbers in the type in which the table has them, where none of them is lost by that."""
    types = {field.name: field.type for field in stored}
    columns = []
    for field, values in zip(batch.schema, batch.columns, strict=True):
        wanted = types.get(field.name, field.type)
        if wanted != field.type and _is_number(wanted) and _is_number(field.type):
            with suppress(pa.ArrowInvalid):
                values = values.cast(wanted)
        columns.append(values)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _typed(columns: pa.Schema) -> pa.Schema:
    """Return the columns that have a type: a feature without any value ever is none."""
    return pa.schema([field for field in columns if not pa.types.is_null(field.type)])


def _broken(found: Begun, table: Table, staged: Mapping[str, Staged], checker: Checker) -> dict[str, str]:
    """Return the reason of each partition whose feature rows break their contract; all at once when all keep it."""
    with local_files(table.location, list(staged.values())) as files:
        together = checker.check_features(found.model, files, found.night.key)
        if not together.blocked or len(staged) == 1:
            return dict.fromkeys(staged, together.sentence) if together.blocked else {}
        alone = {key: checker.check_features(found.model, [f], key) for key, f in zip(staged, files, strict=True)}
    return {key: validation.sentence for key, validation in alone.items() if validation.blocked}
