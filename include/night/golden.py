"""The golden set of a model: rows frozen once, never trained on, scored by every candidate."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import ModelError
from include.night.rows import classes_of, feature_columns, features_table, labelled_rows, labels_table
from include.registry.champions import champion, pending
from include.signals.sample import sampled
from include.storage.schemas import golden as golden_spec
from include.storage.specs import PARTITION, Publication
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project
    from include.registry.ledger import Ledger, Record

LARGEST_SHARE = 5
"""At most one in so many labelled rows is frozen: the rest is to learn from."""
_KEYS = ("_key", PARTITION)
_SEED = 0


def freeze(project: Project, found: Begun, labelled: Sequence[Partition]) -> Record | None:
    """Return the record of the golden set in the night's feature version, drawn now when there is none.

    Parameters
    ----------
    project, found
        The installation and the night.
    labelled : sequence of Partition
        Labelled partitions that have feature rows, oldest first.

    Returns
    -------
    Record or None
        Kind ``golden_set``; None when the model asks for none, or no row is left that nothing has learned from.

    Notes
    -----
    Drawn once, uniformly, from the labelled partitions from which neither the champion nor a waiting candidate has
    learned: all of them before the first training. Keys and labels stay for ever; a later feature version freezes its own
    features of the same keys.
    """
    recorded = golden_record(found.ledger, found.feature_version)
    if recorded is not None or found.model.gate.golden_set is None:
        return recorded
    first = golden_record(found.ledger)
    rows = _drawn(project, found, labelled) if first is None else _again(project, found, first)
    if not rows.num_rows:
        return None
    version = _published(project, found, rows)
    body = {
        "partition": found.night.key,
        "rows": rows.num_rows,
        "feature_version": found.feature_version,
        "table_version": version,
        "columns": sorted(rows.schema.names),
        "features": _version(features_table(project, found.model.name)),
        "labels": _version(labels_table(project, found.model.name)),
        "keys_sha256": _digest(rows.select(_KEYS)),
        "content_sha256": _digest(rows),
        "partitions": sorted(pc.unique(rows.column(PARTITION)).to_pylist()),
    }
    return found.ledger.append("golden_set", f"golden_set/{found.feature_version}", body)


def golden_record(ledger: Ledger, feature_version: str | None = None) -> Record | None:
    """Return the record of a feature version's golden set, or of the first one when none is named."""
    records = ledger.records("golden_set")
    chosen = [r for r in records if feature_version in (None, r.body["feature_version"])]
    return chosen[0] if chosen else None


def golden_rows(project: Project, name: str, record: Record) -> pa.Table:
    """Return the frozen rows with their labels, in the order of partition and key.

    Raises
    ------
    ModelError
        When they are no longer what was frozen.
    """
    body = record.body
    columns, version = body["columns"], body["table_version"]
    table = _present(project, name)
    batches = table.ordered(columns, body["partitions"], version, _feature_version=body["feature_version"])
    rows = pa.Table.from_batches(batches, pa.schema([table.spec.schema.field(column) for column in columns]))
    if _digest(rows) != body["content_sha256"] and not _erased(project, name, record):
        raise ModelError.at(
            f"model {name}, golden set",
            "is not what was frozen",
            f"{body['rows']} rows with the digest {body['content_sha256'][:12]}…",
            "restore the table `golden`, or remove gate.golden_set and judge without one",
        )
    return rows


def golden_table(project: Project, name: str) -> Table | None:
    """Return the table of a model's golden set, None where none is frozen."""
    like = golden_spec(name, pa.schema([]))
    return Table.existing(project.model_home(name) / "golden", like.name, like)


def golden_keys(project: Project, name: str, table_version: int | None) -> dict[str, pa.Array]:
    """Return the frozen keys by partition, of a version of the golden set's table; empty for None."""
    if table_version is None:
        return {}
    table = _present(project, name)
    keys = {}
    for partition in table.partitions(table_version):
        batches = table.ordered(["_key"], [partition], table_version)
        rows = pa.Table.from_batches(batches, pa.schema([table.spec.schema.field("_key")]))
        keys[partition] = pc.unique(rows.column("_key"))
    return keys


def _present(project: Project, name: str) -> Table:
    table = golden_table(project, name)
    if table is None:
        raise ModelError.at(f"model {name}, golden set", "is not there", "its table `golden`", "restore it")
    return table


def _published(project: Project, found: Begun, rows: pa.Table) -> int:
    """Write the rows, all partitions in one commit; return the version of the table."""
    table = Table(project.model_home(found.model.name) / "golden", golden_spec(found.model.name, rows.schema))
    publications = []
    for partition in pc.unique(rows.column(PARTITION)).to_pylist():
        mine = rows.filter(pc.equal(rows.column(PARTITION), partition))
        values = {PARTITION: partition, "_feature_version": found.feature_version}
        publications.append(Publication((table.stage(mine.to_batches(), values),)))
    return max(published.version for published in table.publish_all(publications))


def _erased(project: Project, name: str, record: Record) -> bool:
    """Tell whether a person's rows have left the set since: then it is smaller than what was frozen."""
    receipts = project.model_ledger(name).records("erasure")
    return any(r.number > record.number and f"models/{name}/golden" in r.body["tables"] for r in receipts)


def _drawn(project: Project, found: Begun, labelled: Sequence[Partition]) -> pa.Table:
    settings = found.model.gate.golden_set
    assert settings is not None  # noqa: S101 (the caller asked)
    name, learned = found.model.name, _learned(found)
    keys = [p.key for p in labelled if p.key not in learned]
    known = {row[PARTITION]: int(row["rows"]) for row in labels_table(project, name).contents()}
    size = min(settings.rows, sum(known.get(key, 0) for key in keys) // LARGEST_SHARE)
    if not size:
        return pa.table({})
    classes = classes_of(project, name, keys) if found.model.task == "multiclass" else ()
    rows = labelled_rows(project, name, keys, found.feature_version, classes=classes)
    columns = ["_key", PARTITION, *feature_columns(project, name, found.feature_version)]
    return _completed(project, found, sampled(rows, columns, size, _SEED))


def _again(project: Project, found: Begun, first: Record) -> pa.Table:
    """Return the rows of the same keys, with the night's feature version and the labels that were frozen."""
    frozen = golden_rows(project, found.model.name, first).select([*_KEYS, "label", "label_text"])
    table = features_table(project, found.model.name)
    assert table is not None  # noqa: S101 (the night has built feature rows)
    columns = ["_key", PARTITION, *feature_columns(project, found.model.name, found.feature_version)]
    batches = table.ordered(columns, first.body["partitions"], _feature_version=found.feature_version)
    rows = pa.Table.from_batches(batches, pa.schema([table.spec.schema.field(c) for c in columns]))
    return _ordered(rows.join(frozen, list(_KEYS), join_type="inner"))


def _completed(project: Project, found: Begun, rows: pa.Table) -> pa.Table:
    """Return the rows with label and class as they are now."""
    keys = sorted(set(rows.column(PARTITION).to_pylist()))
    labels = labels_table(project, found.model.name).read([*_KEYS, "label", "label_text"], keys)
    return _ordered(rows.join(labels, list(_KEYS), join_type="inner"))


def _ordered(rows: pa.Table) -> pa.Table:
    return rows.sort_by([(PARTITION, "ascending"), ("_key", "ascending")]).combine_chunks()


def _learned(found: Begun) -> set[str]:
    """Return the partitions that the champion, or a candidate whose verdict is awaited, was trained on."""
    records = found.ledger.records()
    serving = champion(records)
    digests = {serving.candidate if serving else None, pending(records)}
    trained = [r.body["train"]["keys"] for r in records if r.kind == "candidate" and r.body["candidate"] in digests]
    return {key for keys in trained for key in keys}


def _digest(rows: pa.Table) -> str:
    """Return the SHA-256 of the rows' values, whatever file they are in."""
    names = sorted(rows.schema.names)
    text = json.dumps([names, rows.select(names).to_pylist()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _version(table: Table | None) -> int | None:
    return table.version() if table else None
