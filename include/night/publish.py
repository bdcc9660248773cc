"""publish: what passed becomes visible in one commit; what did not goes to quarantine; either way there is a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.alerts.message import Field, Link, Message
from include.alerts.outbox import put
from include.config.durations import format_duration, parse_duration
from include.errors import StorageError
from include.night.attempts import staged_of, unchanged_of, validations_of
from include.night.indexes import index_dataset
from include.storage.reading import BATCH_ROWS
from include.storage.schemas import quarantine
from include.storage.specs import PARTITION, Publication
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.config.dataset import Dataset
    from include.night.attempts import StagedPartition
    from include.project import Project
    from include.registry.ledger import Record
    from include.storage.specs import Published

BLOCKING = ("block", "cannot_tell")


def publish(project: Project, name: str, attempt: str) -> dict[str, Any]:
    """Publish or quarantine every partition of an attempt and record its verdict.

    Returns
    -------
    dict
        ``published``, ``unchanged``, ``blocked`` (lists of keys), ``rows`` and ``reasons`` (by blocked key).

    Raises
    ------
    StorageError
        When the attempt is so old that what it staged may be cleaned up any moment.
    ConflictError
        When a partition was published by somebody else since it was read: what was staged is stale, and none of the
        attempt is published. Running the whole ingest again is safe.
    """
    dataset = project.catalog.dataset(name)
    validations = validations_of(project, name, attempt)
    items = staged_of(project, name, attempt)
    _refuse_old(project, dataset, items)
    shown = _shown(project, dataset, [i for i in items if validations[i.partition]["health"] not in BLOCKING])
    summary: dict[str, Any] = {"published": [], "unchanged": [], "blocked": [], "rows": 0, "reasons": {}}
    for item in items:
        validation = validations[item.partition]
        if item.partition not in shown:
            record = _quarantined(project, dataset, item, validation)
            summary["blocked"].append(item.partition)
            summary["reasons"][item.partition] = record.body["reason"]
        else:
            revision, done = shown[item.partition]
            _verdict(project, dataset, item, validation, revision, done.version)
            summary["published" if done.changed else "unchanged"].append(item.partition)
            summary["rows"] += item.staged.rows
    for key in unchanged_of(project, name, attempt):
        verdict = verdict_of(project, name, key)
        summary["unchanged"].append(key)
        summary["rows"] += verdict.body["rows"] if verdict else 0
    index_dataset(project, name)
    return summary


def _refuse_old(project: Project, dataset: Dataset, items: Sequence[StagedPartition]) -> None:
    """Refuse an attempt from half the grace period on: retention may take its files at the end of it, never sooner."""
    limit = parse_duration(dataset.retention.grace) / 2
    for item in items:
        staged = datetime.fromtimestamp(item.staged.modified_ms / 1000, UTC)
        if project.clock() - staged > limit:
            raise StorageError.at(
                f"dataset {dataset.name}, partition {item.partition}",
                f"was staged on {staged:%Y-%m-%d}, more than {format_duration(limit)} ago",
                "an attempt whose files cannot have been cleaned up",
                "run the whole ingest again",
            )


def verdict_of(project: Project, name: str, partition: str) -> Record | None:
    """Return the newest verdict of a dataset's partition, None when there is none yet."""
    found = [r for r in project.dataset_ledger(name).records("verdict") if r.body["partition"] == partition]
    return found[-1] if found else None


def _shown(project: Project, dataset: Dataset, items: Sequence[StagedPartition]) -> dict[str, tuple[int, Published]]:
    """Publish what passed, all in one commit; returns by partition the revision that readers see."""
    if not items:
        return {}
    table = project.snapshots(dataset.name)
    if table is None:
        raise StorageError.at(
            f"dataset {dataset.name}", "has no table of snapshots", "the one its ingest made", "run the ingest again"
        )
    done = table.publish_all([Publication((item.staged,), token=item.token) for item in items])
    seen = {row[PARTITION]: int(row["_revision"]) for row in table.contents()}
    pairs = zip(items, done, strict=True)
    return {item.partition: (seen.get(item.partition, item.revision), published) for item, published in pairs}


def _quarantined(project: Project, dataset: Dataset, item: StagedPartition, validation: dict[str, Any]) -> Record:
    reason = _reason(validation)
    snapshots = project.dataset_home(dataset.name) / "snapshots"
    system, base = snapshots.filesystem()
    with system.open_input_file(f"{base}/{item.staged.path}") as stream:
        file = pq.ParquetFile(stream, pre_buffer=False)
        table = Table(project.dataset_home(dataset.name) / "quarantine", quarantine(dataset.name, file.schema_arrow))
        values = {PARTITION: item.partition, "_revision": str(item.revision)}
        done = table.replace(values, _with_reason(file, reason), run_key=f"{item.staged.sha256}/{reason}")
    record = _verdict(project, dataset, item, validation, item.revision, done.version)
    tell_blocked(project, dataset, record)
    return record


def _verdict(
    project: Project, dataset: Dataset, item: StagedPartition, validation: dict[str, Any], revision: int, version: int
) -> Record:
    body = {
        "partition": item.partition,
        "revision": revision,
        "health": validation["health"],
        "reason": _reason(validation),
        "rows": item.staged.rows,
        "bytes": item.staged.bytes,
        "sha256": item.staged.sha256,
        "version": version,
        "checks": len(validation["checks"]),
        "failed": sum(check["passed"] is not True for check in validation["checks"]),
        "report": f"reports/datasets/{dataset.name}/{item.partition}.html",
    }
    if item.source:
        body["source"] = item.source
    last = verdict_of(project, dataset.name, item.partition)
    if last and all(last.body.get(name) == body.get(name) for name in ("sha256", "health", "source")):
        return last
    key = f"verdict/{item.partition}/{revision}/{body['health']}/{item.staged.sha256[:16]}/{last.number if last else 0}"
    return project.dataset_ledger(dataset.name).append("verdict", key, body)


def _reason(validation: dict[str, Any]) -> str:
    broken = [check["sentence"] for check in validation["checks"] if check["passed"] is not True]
    return "; ".join(broken[:3]) + (f"; and {len(broken) - 3} more" if len(broken) > 3 else "")


def _with_reason(file: pq.ParquetFile, reason: str) -> Iterator[pa.RecordBatch]:
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        yield batch.append_column("_reason", pa.repeat(pa.scalar(reason), batch.num_rows))


def tell_blocked(project: Project, dataset: Dataset, record: Record) -> bool:
    """Put the message about a blocked partition into the outbox, once; returns whether it is new."""
    body = record.body
    message = Message(
        kind="blocked",
        severity="critical",
        title="partition blocked",
        text=f"The rows break their contract: {body['reason']}.",
        at=project.clock(),
        dataset=dataset.name,
        partition=body["partition"],
        channel=dataset.owner.slack,
        owner=dataset.owner.name,
        impact="Nobody sees these rows; models that need them do not retrain.",
        todo=(
            "correct the source",
            f"`python -m include ingest {dataset.name} --partition {body['partition']}`, or clear the ingest run",
        ),
        fields=(Field("Rows", f"{body['rows']:,}"), Field("Revision", str(body["revision"]))),
        links=(Link("Validation", str(project.home / body["report"])),),
        key=record.key,
    )
    return put(project.home / "outbox", message)
