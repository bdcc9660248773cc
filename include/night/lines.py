"""One line a night, told from ledger and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.evaluation.terms import Terms
from include.night.finished import unfinished_steps
from include.night.measure import newest_realised
from include.night.measure_table import performance_table
from include.night.steps import steps_table
from include.registry.champions import champion
from include.report.table import NightLine
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.project import Project


def night_lines(project: Project, name: str, partitions: Sequence[str] | None = None) -> list[NightLine]:
    """Return what happened in some nights, or in all of them, in their order.

    Parameters
    ----------
    project, name
        The installation and the model.
    partitions : sequence of str, optional
        Keys; nights that have not begun are left out.
    """
    records = project.model_ledger(name).records()
    begun = sorted({str(r.body["partition"]) for r in records if r.kind == "night_start"})
    chosen = [key for key in begun if partitions is None or key in set(partitions)]
    model = project.catalog.model(name)
    metric = Terms.of(model.gate, model.task).metric.name
    steps = (
        steps_table(project, "models", name).read(["step", "wall_seconds", "rows_out", "state", PARTITION]).to_pylist()
    )
    performance = performance_table(project, name).read().to_pylist()
    lines = []
    for key in chosen:
        newest = {r.kind: r.body for r in records if r.body.get("partition") == key}
        upto = [r for r in records if str(r.body.get("partition", "")) <= key]
        serving, start = champion(upto), newest["night_start"]
        decision = newest.get("decision", {}).get("decision", {})
        mine = [s for s in steps if s[PARTITION] == key]
        realised = newest_realised(performance, metric, key)
        scored = [s["rows_out"] for s in mine if s["step"] == "score" and s["state"] == "done"]
        lines.append(
            NightLine(
                partition=key,
                ingested=start["datasets"][model.rows]["rows"],
                health=start["health"],
                scored=scored[-1] if scored else None,
                decision=decision.get("verdict"),
                reason=decision.get("reason", ""),
                candidate=str(newest["candidate"]["candidate"])[:12] if "candidate" in newest else None,
                gate=newest.get("gate", {}).get("verdict"),
                champion=str(serving.version) if serving else None,
                promoted="promotion" in newest,
                metric=metric.replace("_", " "),
                value=realised.get("value"),
                measured_on=realised.get("metric_partition"),
                seconds=sum(s["wall_seconds"] for s in mine),
                state="failed" if unfinished_steps(records, key) else "done",
            )
        )
    return lines
