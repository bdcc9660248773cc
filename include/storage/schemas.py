"""The tables of Nightshift, column by column (docs/tables.md is checked against this file)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.storage.specs import PARTITION, TableSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTANT = pa.timestamp("us", tz="UTC")
_KEY = pa.field("_key", pa.string(), nullable=True)
_PARTITION = pa.field(PARTITION, pa.string())


def _schema(*columns: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns] + [_PARTITION])


def snapshots(name: str, columns: pa.Schema) -> TableSpec:
    """Return the table of a dataset's visible rows: the user's columns, then when each was known.

    The revision is a folder, not a stored column, so that the same rows give the same file whatever their revision.
    """
    fields = [f for f in columns if f.name not in {PARTITION, "_revision", "_known_at"}]
    technical = [pa.field("_known_at", INSTANT), _PARTITION, pa.field("_revision", pa.string())]
    return TableSpec(f"snapshots of {name}", pa.schema(fields + technical), partition_by=(PARTITION, "_revision"))


def quarantine(name: str, columns: pa.Schema) -> TableSpec:
    """Return the table of a dataset's blocked rows, with the reason."""
    fields = [f for f in columns if f.name not in {PARTITION, "_revision", "_known_at", "_reason"}]
    technical = [
        pa.field("_known_at", INSTANT),
        pa.field("_reason", pa.string()),
        _PARTITION,
        pa.field("_revision", pa.string()),
    ]
    return TableSpec(f"quarantine of {name}", pa.schema(fields + technical), partition_by=(PARTITION, "_revision"))


def features(name: str, columns: pa.Schema) -> TableSpec:
    """Return the table of a model's feature rows: what was served, and what a later SQL text gives."""
    technical_names = {"_key", PARTITION, "_feature_version", "_event_time", "_prediction_time"}
    fields = [f for f in columns if f.name not in technical_names]
    technical = [
        _KEY,
        pa.field("_event_time", INSTANT),
        pa.field("_prediction_time", INSTANT),
        _PARTITION,
        pa.field("_feature_version", pa.string()),
    ]
    by = (PARTITION, "_feature_version")
    return TableSpec(f"features of {name}", pa.schema(fields + technical), partition_by=by, replaced_by=by)


def golden(name: str, columns: pa.Schema) -> TableSpec:
    """Return the table of a model's golden set: feature rows with their labels, frozen once a feature version."""
    technical_names = {"_key", PARTITION, "_feature_version", "label", "label_text"}
    fields = [f for f in columns if f.name not in technical_names]
    technical = [_KEY, pa.field("label", pa.float64()), pa.field("label_text", pa.string()), _PARTITION]
    by = (PARTITION, "_feature_version")
    schema = pa.schema([*fields, *technical, pa.field("_feature_version", pa.string())])
    return TableSpec(f"golden set of {name}", schema, partition_by=by, replaced_by=by)


LABELS = TableSpec(
    "labels",
    _schema(("_key", pa.string()), ("label", pa.float64()), ("label_text", pa.string()), ("known_at", INSTANT)),
)


def predictions(scores: Sequence[str]) -> TableSpec:
    """Return the table of a model's predictions, with its columns of scores: ``score``, or one a class."""
    kept = [(name, pa.float64()) for name in scores]
    columns = _schema(("_key", pa.string()), ("model_version", pa.string()), *kept, ("scored_in", pa.string()))
    by = (PARTITION, "role")
    return TableSpec("predictions", columns.append(pa.field("role", pa.string())), partition_by=by, replaced_by=by)


STEPS = TableSpec(
    "steps",
    _schema(
        ("step", pa.string()),
        ("attempt", pa.string()),
        ("started", INSTANT),
        ("wall_seconds", pa.float64()),
        ("cpu_seconds", pa.float64()),
        ("peak_mib", pa.float64()),
        ("rows_in", pa.int64()),
        ("rows_out", pa.int64()),
        ("bytes_out", pa.int64()),
        ("state", pa.string()),
    ),
)

PERFORMANCE = TableSpec(
    "performance",
    _schema(
        ("metric", pa.string()),
        ("slice", pa.string()),
        ("role", pa.string()),
        ("kind", pa.string()),
        ("model_version", pa.string()),
        ("value", pa.float64()),
        ("standard_error", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("rows", pa.int64()),
        ("health", pa.string()),
        ("measured_in", pa.string()),
    ),
)

SIGNALS = TableSpec(
    "signals",
    _schema(
        ("signal", pa.string()),
        ("subject", pa.string()),
        ("model_version", pa.string()),
        ("value", pa.float64()),
        ("studentised", pa.float64()),
        ("standard_error", pa.float64()),
        ("spread", pa.float64()),
        ("rows", pa.int64()),
        ("health", pa.string()),
    ),
)

NIGHTS = TableSpec(
    "nights",
    pa.schema(
        [
            pa.field("model", pa.string()),
            pa.field("night", pa.string()),
            pa.field("health", pa.string()),
            pa.field("rows_ingested", pa.int64()),
            pa.field("rows_scored", pa.int64()),
            pa.field("decision", pa.string()),
            pa.field("reason", pa.string()),
            pa.field("candidate", pa.string()),
            pa.field("verdict", pa.string()),
            pa.field("champion", pa.string()),
            pa.field("metric", pa.string()),
            pa.field("metric_partition", pa.string()),
            pa.field("metric_value", pa.float64()),
            pa.field("metric_rows", pa.int64()),
            pa.field("alarms", pa.int64()),
            pa.field("wall_seconds", pa.float64()),
            pa.field("cpu_seconds", pa.float64()),
            _PARTITION,
        ]
    ),
)


def with_partition(name: str, columns: pa.Schema) -> TableSpec:
    """Return the table of a room that declares its own columns: profiles, evidence, alarms."""
    return TableSpec(name, pa.schema([*columns, _PARTITION]))
