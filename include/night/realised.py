"""Realised performance: every role's served predictions against the labels that have matured, also by slice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.night.measure_table import ESTIMATED, REALISED, performance_row, performance_rows, performance_table
from include.night.metrics import metrics_of, sliced_metrics_of
from include.night.rows import labels_table, present_features
from include.night.score import predictions_table
from include.night.served import served_with_labels
from include.night.unknown import tell_unknown
from include.signals.performance import Performance, realised
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from include.night.begun import Begun
    from include.night.served import Served
    from include.project import Project
    from include.storage.tables import Table

_LOOKED_BACK = 60  # newest served partitions among which a measurement that a kill prevented is looked for


@dataclass
class Realised:
    """What a night has measured.

    Attributes
    ----------
    measured : list of str
        Keys of partitions of which something new was found; what is the same again keeps the night that found it.
    new_classes : dict of str to mapping
        By partition: rows by class that the champion does not know.
    """

    measured: list[str] = field(default_factory=list)
    new_classes: dict[str, Mapping[str, int]] = field(default_factory=dict)


def measure_realised(project: Project, found: Begun, looked_at: Sequence[str]) -> Realised:
    """Measure the partitions whose labels may be new, and those that have labels but were never measured.

    Parameters
    ----------
    project, found
        The installation and the night.
    looked_at : sequence of str
        Keys of partitions whose labels were read again.
    """
    table = predictions_table(project, found.model.name)
    told = Realised()
    if table is None:
        return told
    table = table.pinned()
    roles: dict[str, set[str]] = defaultdict(set)
    for row in table.contents():
        roles[row[PARTITION]].add(row["role"])
    labels = labels_table(project, found.model.name).pinned()
    labelled = {r[PARTITION] for r in labels.contents() if r["rows"]} & set(roles)
    recent = sorted(labelled)[-_LOOKED_BACK:]
    performance = performance_table(project, found.model.name)
    known = _known(performance, sorted({*recent, *(labelled & set(looked_at))}))
    wanted = sorted((labelled & set(looked_at)) | {key for key in recent if not _roles(known[key]) >= roles[key]})
    for key in wanted:
        rows = [
            row
            for role in sorted(roles[key])
            for row in _of_role(project, found, key, role, table, labels, told.new_classes)
        ]
        before = [row for row in known[key] if row["kind"] == REALISED]
        if _values(before) != _values(rows):
            performance.replace(key, performance_rows([*rows, *_estimated(known[key])]).to_batches())
            told.measured.append(key)
    return told


def _estimated(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kept = [row for row in rows if row["kind"] == ESTIMATED]
    return [{name: value for name, value in row.items() if name != PARTITION} for row in kept]


def _known(performance: Table, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
    for row in performance.read(partitions=keys).to_pylist():
        found[row[PARTITION]].append(row)
    return found


def _roles(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return {row["role"] for row in rows if row["kind"] == REALISED}


def _values(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what was measured, without the night that measured it: the same again is not new."""
    names = ("role", "slice", "metric", "model_version", "rows", "health")
    return sorted((*(row[name] for name in names), str(row["value"])) for row in rows)


def _of_role(
    project: Project,
    found: Begun,
    key: str,
    role: str,
    predictions: Table,
    labels: Table,
    new_classes: dict[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """Return the rows of one role's predictions of one partition: all metrics, then the deciding ones by slice."""
    known = labels.read(["_key", "label", "label_text"], [key])
    rows = predictions.read(partitions=[key], role=role)
    versions = sorted(rows.column("model_version").unique().to_pylist()) or [""]  # on trial, a role has two
    parts = [rows.filter(pc.equal(rows.column("model_version"), version)) for version in versions]
    return [
        row
        for version, part in zip(versions, parts, strict=True)
        for row in _of_version(project, found, key, role, version, with_labels(part, known, only=True), new_classes)
    ]


def _of_version(
    project: Project,
    found: Begun,
    key: str,
    role: str,
    version: str,
    joined: pa.Table,
    new_classes: dict[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """Return the rows of one model version in one role."""
    pairs = served_with_labels(project, found.model.name, joined)
    model, label, score = found.model, pairs.label, pairs.score
    told = realised(label, score, metrics_of(model), role=role)
    told += _unknown_share(model.task, pairs, role)
    slices = _slices(project, found, key, joined.column("_key")) if model.signals.slices else {}
    if slices:
        told += [p for p in realised(label, score, sliced_metrics_of(model), role=role, slices=slices) if p.slice]
    rows = [performance_row(one, version=version, night=found.night.key) for one in told]
    if pairs.unknown and role == "champion":
        new_classes[key] = pairs.unknown
        tell_unknown(project, found, key, pairs)
    return [{**row, "health": "fail"} for row in rows] if pairs.unknown else rows


def _unknown_share(task: str, pairs: Served, role: str) -> list[Performance]:
    """Return the share of labels of classes that the version does not know, for multiclass models."""
    if task != "multiclass" or not len(pairs.label):
        return []
    share = sum(pairs.unknown.values()) / len(pairs.label)
    error = (share * (1 - share) / len(pairs.label)) ** 0.5
    low, high = max(share - 1.96 * error, 0.0), min(share + 1.96 * error, 1.0)
    name = "unknown_class_share"
    return [Performance(name, "", role, REALISED, share, error, low, high, len(pairs.label), "pass")]


def with_labels(rows: pa.Table, labels: pa.Table, *, only: bool = False) -> pa.Table:
    """Return rows with their label (null where there is none, unless ``only`` labelled ones), ordered by ``_key``."""
    return rows.join(labels, "_key", join_type="inner" if only else "left outer").sort_by("_key")


def score_of(rows: pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """Return the scores in these columns, shape (n_rows,), or (n_rows, n_classes) where there is a column a class."""
    columns = [rows.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in names]
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def _slices(project: Project, found: Begun, key: str, keys: pa.ChunkedArray) -> dict[str, NDArray[Any]]:
    """Return the slicing columns of the rows, as texts, in the order of their keys."""
    wanted = list(found.model.signals.slices)
    batches = present_features(project, found.model.name).ordered(
        ["_key", *wanted], [key], _feature_version=found.feature_version
    )
    rows = pa.Table.from_batches(list(batches))
    place = pc.index_in(keys, value_set=rows.column("_key").combine_chunks())
    texts = rows.take(place).select(wanted)
    return {name: pc.fill_null(texts.column(name).cast(pa.string()), "missing").to_numpy() for name in wanted}
