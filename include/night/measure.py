"""measure: labels that have matured, realised performance, signals and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.evaluation.metrics import Measured, metric
from include.evaluation.terms import Terms
from include.night.begun import begun
from include.night.labels import take_labels
from include.night.measure_table import performance_table
from include.night.messages import tell
from include.night.rows import labels_table
from include.night.score import predictions_table
from include.night.served import served_with_labels
from include.night.watch import watch
from include.storage.schemas import PERFORMANCE
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.evaluation.metrics import Health
    from include.night.begun import Begun
    from include.night.served import Served
    from include.project import Project


def measure(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Take in labels and measure what they say of served predictions.

    Returns
    -------
    dict
        ``labelled`` (keys whose labels changed), ``measured`` (keys with served predictions among them), and the newest
        ``metric``, ``metric_partition``, ``value`` and ``rows`` of the champion's realised loss; ``new_classes`` (rows by
        class, by partition) where labels are of classes that the version which served does not know.
    """
    found = begun(project, name, partition)
    labelled, looked_at = take_labels(project, found)
    measured, unknown = _realised(project, found, looked_at)
    alarms = watch(project, found)
    rows = performance_table(project, name).read().to_pylist()
    newest = newest_realised(rows, Terms.of(found.model.gate, found.model.task).metric.name, partition)
    told = {"labelled": labelled, "measured": measured, "alarms": [a.sentence for a in alarms], **newest}
    return told | ({"new_classes": unknown} if unknown else {})


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


def _realised(
    project: Project, found: Begun, looked_at: Sequence[str]
) -> tuple[list[str], dict[str, Mapping[str, int]]]:
    """Measure the partitions whose labels may be new, and those that have labels but were never measured."""
    table = predictions_table(project, found.model.name)
    if table is None:
        return [], {}
    labels = labels_table(project, found.model.name).pinned()
    performance = performance_table(project, found.model.name)
    served = {r[PARTITION] for r in table.contents() if r["role"] == "champion"}
    labelled = {r[PARTITION] for r in labels.contents() if r["rows"]}
    known = performance.read().to_pylist()
    never = labelled - {r[PARTITION] for r in known}
    measured, unknown = [], {}
    for key in sorted(served & (never | set(looked_at))):
        rows = table.read(partitions=[key], role="champion")
        joined = rows.join(labels.read(["_key", "label", "label_text"], [key]), "_key", join_type="inner")
        joined = joined.sort_by("_key")
        pairs = served_with_labels(project, found.model.name, joined)
        batches = _measured(found, pairs, str(joined.column("model_version")[0]) if joined.num_rows else "")
        if _values(known, key) != _values(pa.Table.from_batches(batches).to_pylist(), None):
            performance.replace(key, batches)
            measured.append(key)
        if pairs.unknown:
            unknown[key] = pairs.unknown
            _tell_unknown(project, found, key, pairs)
    return measured, unknown


def _tell_unknown(project: Project, found: Begun, key: str, pairs: Served) -> None:
    """Tell the owner of classes that the champion does not know, once a class and version."""
    version = found.body["champion_version"]
    for name, rows in pairs.unknown.items():
        tell(
            project,
            found.model.name,
            "notice",
            "warn",
            f"new class {name}",
            f"{rows} of {len(pairs.label)} labels of {key} are of the class {name!r}, which the champion does not know.",
            key=f"new_class/{found.model.name}/{name}/{version}",
            impact="Its score for this class is 0; such rows count as mistakes in the realised metrics.",
            todo=(
                "if the class is a mistake of the source, correct it there",
                f'else let it be learnt: python -m include train {found.model.name} --partition NIGHT --reason "new class"',
            ),
        )


def _values(rows: Sequence[Mapping[str, Any]], key: str | None) -> list[tuple[Any, ...]]:
    """Return what was measured, without the night that measured it: the same again is not new."""
    return sorted((r["metric"], str(r["value"]), r["rows"]) for r in rows if key is None or r[PARTITION] == key)


def _measured(found: Begun, pairs: Served, version: str) -> list[pa.RecordBatch]:
    """Return one row a metric: realised on the rows of one partition that were served and have a label."""
    strange = sum(pairs.unknown.values())
    body = []
    for result in _results(found, pairs, strange):
        spread = None if result.standard_error is None else 1.96 * result.standard_error
        body.append(
            {
                "metric": result.metric,
                "slice": "",
                "role": "champion",
                "kind": "realised",
                "model_version": version,
                "value": result.value,
                "standard_error": result.standard_error,
                "low": None if result.value is None or spread is None else result.value - spread,
                "high": None if result.value is None or spread is None else result.value + spread,
                "rows": len(pairs.label),
                "health": "fail" if strange else result.health,  # rows of a class that has no score
                "measured_in": found.night.key,
            }
        )
    schema = pa.schema([field for field in PERFORMANCE.schema if field.name != PARTITION])
    found_rows: list[pa.RecordBatch] = pa.Table.from_pylist(body, schema).to_batches()
    return found_rows


def _results(found: Begun, pairs: Served, strange: int) -> list[Measured]:
    model, rows = found.model, len(pairs.label)
    names = metrics_of(model.task, Terms.of(model.gate, model.task).metric.name)
    results = [metric(name, model.task).measure(pairs.label, pairs.score) for name in names]
    if model.task == "multiclass" and rows:
        share = strange / rows
        health: Health = "fail" if strange else "pass"
        results.append(Measured("unknown_class_share", share, (share * (1 - share) / rows) ** 0.5, rows, health))
    return results


def metrics_of(task: str, first: str) -> tuple[str, ...]:
    """Return the metrics that are measured for a kind of task, the deciding one first."""
    usual = {
        "binary": ("log_loss", "auc", "brier", "calibration_error"),
        "multiclass": ("log_loss", "accuracy"),
        "regression": ("mse", "rmse", "mae"),
    }
    return tuple(dict.fromkeys((first, *usual[task])))
