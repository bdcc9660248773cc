"""measure: labels that have matured, realised performance, signals and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.evaluation.metrics import metric
from include.evaluation.terms import Terms
from include.night.begun import begun
from include.night.labels import take_labels
from include.night.measure_table import performance_table
from include.night.rows import labels_table
from include.night.score import predictions_table
from include.night.watch import watch
from include.storage.schemas import PERFORMANCE
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.night.begun import Begun
    from include.project import Project


def measure(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Take in labels and measure what they say of served predictions.

    Returns
    -------
    dict
        ``labelled`` (keys whose labels changed), ``measured`` (keys with served predictions among them), and the newest
        ``metric``, ``metric_partition``, ``value`` and ``rows`` of the champion's realised loss.
    """
    found = begun(project, name, partition)
    labelled, looked_at = take_labels(project, found)
    measured = _realised(project, found, looked_at)
    alarms = watch(project, found)
    rows = performance_table(project, name).read().to_pylist()
    newest = newest_realised(rows, Terms.of(found.model.gate, found.model.task).metric.name, partition)
    return {"labelled": labelled, "measured": measured, "alarms": [a.sentence for a in alarms], **newest}


def newest_realised(rows: Sequence[Mapping[str, Any]], metric_name: str, until: str) -> dict[str, Any]:
    """Return the champion's newest realised value of a metric, as known at the end of a night; empty when there is none.

    Parameters
    ----------
    rows : sequence of mappings
        Of the performance table.
    metric_name, until : str
        Metric, and key of the night.
    """
    chosen = [
        r
        for r in rows
        if r["metric"] == metric_name and r["measured_in"] <= until and not r["slice"] and r["role"] == "champion"
    ]
    if not chosen:
        return {}
    newest = max(chosen, key=lambda row: (row[PARTITION], row["measured_in"]))
    return {
        "metric": metric_name,
        "metric_partition": newest[PARTITION],
        "value": newest["value"],
        "rows": newest["rows"],
    }


def _realised(project: Project, found: Begun, looked_at: Sequence[str]) -> list[str]:
    """Measure the partitions whose labels may be new, and those that have labels but were never measured."""
    table = predictions_table(project, found.model.name)
    if table is None:
        return []
    labels = labels_table(project, found.model.name).pinned()
    performance = performance_table(project, found.model.name)
    served = {r[PARTITION] for r in table.contents() if r["role"] == "champion"}
    labelled = {r[PARTITION] for r in labels.contents() if r["rows"]}
    known = performance.read().to_pylist()
    never = labelled - {r[PARTITION] for r in known}
    measured = []
    for key in sorted(served & (never | set(looked_at))):
        rows = table.read(partitions=[key], role="champion")
        batches = _measured(found, key, rows, labels.read(["_key", "label"], [key]))
        if _values(known, key) != _values(pa.Table.from_batches(batches).to_pylist(), None):
            performance.replace(key, batches)
            measured.append(key)
    return measured


def _values(rows: Sequence[Mapping[str, Any]], key: str | None) -> list[tuple[Any, ...]]:
    """Return what was measured, without the night that measured it: the same again is not new."""
    return sorted((r["metric"], str(r["value"]), r["rows"]) for r in rows if key is None or r[PARTITION] == key)


def _measured(found: Begun, key: str, rows: pa.Table, labels: pa.Table) -> list[pa.RecordBatch]:
    """Return one row a metric: realised on the rows of one partition that were served and have a label."""
    joined = rows.join(labels, "_key", join_type="inner").sort_by("_key")
    scores = [name for name in rows.schema.names if name == "score" or name.startswith("score_")]
    label = joined.column("label").to_numpy(zero_copy_only=False)
    score = np.column_stack([joined.column(name).to_numpy() for name in scores]) if scores else np.empty((0, 0))
    if len(scores) == 1:
        score = score[:, 0]
    versions = joined.column("model_version").unique().to_pylist() if joined.num_rows else [""]
    body = []
    for name in metrics_of(found.model.task, Terms.of(found.model.gate, found.model.task).metric.name):
        result = metric(name, found.model.task).measure(label, score)
        spread = None if result.standard_error is None else 1.96 * result.standard_error
        body.append(
            {
                "metric": name,
                "slice": "",
                "role": "champion",
                "kind": "realised",
                "model_version": versions[0],
                "value": result.value,
                "standard_error": result.standard_error,
                "low": None if result.value is None or spread is None else result.value - spread,
                "high": None if result.value is None or spread is None else result.value + spread,
                "rows": int(joined.num_rows),
                "health": result.health,
                "measured_in": found.night.key,
            }
        )
    schema = pa.schema([field for field in PERFORMANCE.schema if field.name != PARTITION])
    found_rows: list[pa.RecordBatch] = pa.Table.from_pylist(body, schema).to_batches()
    return found_rows


def metrics_of(task: str, first: str) -> tuple[str, ...]:
    """Return the metrics that are measured for a kind of task, the deciding one first."""
    usual = {
        "binary": ("log_loss", "auc", "brier", "calibration_error"),
        "multiclass": ("log_loss", "accuracy"),
        "regression": ("mse", "rmse", "mae"),
    }
    return tuple(dict.fromkeys((first, *usual[task])))
