"""One line a night, told from ledger and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.evaluation.terms import Terms
from include.night.finished import unfinished_steps
from include.night.measure_table import performance_table, realised_of
from include.night.settled import Settled
from include.night.steps import steps_table
from include.registry.champions import champion, refused_refit, trained_in
from include.report.table import NightLine
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.project import Project
    from include.registry.champions import Champion
    from include.registry.ledger import Record


def night_lines(project: Project, name: str, partitions: Sequence[str] | None = None) -> list[NightLine]:
    """Return what happened in some nights, or in all of them, in their order.

    Parameters
    ----------
    project, name
        The installation and the model.
    partitions : sequence of str, optional
        Keys; nights that have not begun are left out.
    """
    model = project.catalog.model(name)
    records = project.model_ledger(name).records()
    by_night: dict[str, list[Record]] = {}
    for record in records:
        by_night.setdefault(str(record.body.get("partition", "")), []).append(record)
    begun = sorted(key for key, found in by_night.items() if any(r.kind == "night_start" for r in found))
    chosen = begun if partitions is None else [key for key in begun if key in set(partitions)]
    promotions = [r for r in records if r.kind == "promotion"]
    metric = Terms.of(model.gate, model.task).metric.name
    steps = _steps(project, name, chosen)
    settled = Settled(project, model)
    whole = {key: {one.key for one in settled.at(project.night(model, key))} for key in chosen}
    realised = realised_of(performance_table(project, name), metric, whole)
    return [
        _line(
            key,
            by_night[key],
            champion([r for r in promotions if str(r.body["partition"]) <= key]),
            steps.get(key, []),
            realised[key],
            (model.rows, metric),
        )
        for key in chosen
    ]


def _line(
    key: str,
    records: Sequence[Record],
    serving: Champion | None,
    steps: Sequence[Mapping[str, Any]],
    realised: Mapping[str, Any],
    names: tuple[str, str],
) -> NightLine:
    rows, metric = names
    newest = {r.kind: r.body for r in records}
    start, decision = newest["night_start"], newest.get("decision", {}).get("decision", {})
    trained = trained_in(records)
    scored = [s["rows_out"] for s in steps if s["step"] == "score" and s["state"] == "done"]
    return NightLine(
        partition=key,
        ingested=start["datasets"][rows]["rows"],
        health=start["health"],
        scored=scored[-1] if scored else None,
        decision=decision.get("verdict"),
        reason=decision.get("reason", ""),
        candidate=str(trained.body["candidate"])[:12] if trained else None,
        gate=newest.get("gate", {}).get("verdict"),
        champion=str(serving.version) if serving else None,
        promoted="promotion" in newest,
        metric=metric.replace("_", " "),
        value=realised.get("value"),
        measured_on=realised.get("metric_partition"),
        measured_rows=realised.get("rows"),
        seconds=sum(s["wall_seconds"] for s in steps),
        cpu_seconds=sum(s["cpu_seconds"] for s in steps),
        refit_refused=bool(refused_refit(records)),
        state="failed" if unfinished_steps(records, key) else "done",
    )


def _steps(project: Project, name: str, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    columns = ["step", "started", "wall_seconds", "cpu_seconds", "rows_out", "state", PARTITION]
    rows = steps_table(project, "models", name).read(columns, keys).to_pylist()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: r["started"]):
        found.setdefault(row[PARTITION], []).append(row)
    return found
