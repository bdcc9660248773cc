"""report: the night's page; and whether the night ended well, told from the ledger alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.config.durations import format_duration
from include.errors import LedgerError
from include.evaluation.metrics import lower_is_better
from include.night.alarms import standing
from include.night.decide import decision_of_night
from include.night.finished import unfinished_steps
from include.night.indexes import index_model
from include.night.measure_table import ESTIMATED, newest_rows, of_champion
from include.night.messages import flush
from include.night.metrics import deciding_metric
from include.night.settled import Settled
from include.night.steps import steps_table
from include.night.succession_told import told_of_succession
from include.registry.champions import champion, refused_refit, trained_in
from include.report.facts import (
    AlarmFact,
    DataFact,
    GateFact,
    GateNight,
    GatePart,
    Link,
    MetricFact,
    NightReport,
    OtherDecision,
    Point,
    StepFact,
)
from include.report.night import night_page
from include.storage.objects import replace as write
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.evidence.alarm import Alarm
    from include.project import Project
    from include.registry.ledger import Record

_PAGE_PARTITIONS = 60


def report(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Write the night's page, send messages, and refuse to call a night done that is not.

    Returns
    -------
    dict
        ``page``: where it is.

    Raises
    ------
    LedgerError
        When the night was not decided, or its decision was not carried out: a step failed.
    """
    records = project.model_ledger(name).records()
    unfinished = unfinished_steps(records, partition)
    page = night_page(facts_of(project, name, partition, records, unfinished))
    place = project.home / "reports" / "models" / name / f"{partition}.html"
    write(place, page.encode())
    index_model(project, name, partition)
    flush(project)
    if unfinished:
        raise LedgerError.at(
            f"model {name}, night {partition}",
            unfinished,
            "a night that is done",
            "read the failed task's log, correct the cause, clear it",
        )
    return {"page": str(place)}


def facts_of(
    project: Project, name: str, partition: str, records: Sequence[Record], unfinished: str = ""
) -> NightReport:
    """Return everything that a night's page tells, read from ledger and tables."""
    model = project.catalog.model(name)
    of_night = [r for r in records if r.body.get("partition") == partition]
    newest = {r.kind: r for r in of_night}
    start = newest["night_start"].body if "night_start" in newest else {}
    decision = decision_of_night(records, partition)
    body = decision.body if decision else {}
    told = body.get("decision", {})
    gate = newest["gate"].body if "gate" in newest else None
    trained = trained_in(of_night)
    candidate = trained.body if trained else None
    steps = steps_table(project, "models", name).read(partitions=[partition]).to_pylist()
    return NightReport(
        model=name,
        partition=partition,
        start=_instant(start.get("start")),
        end=_instant(start.get("end")),
        timezone=project.catalog.dataset(model.rows).timezone,
        description=model.description,
        owner=model.owner.contact,
        state="failed" if unfinished else "done",
        failures=(("night", unfinished),) if unfinished else (),
        data=tuple(_data_facts(name, start.get("datasets", {}))),
        rows_scored=next((s["rows_out"] for s in steps if s["step"] == "score" and s["state"] == "done"), None),
        scored_by=_version(start.get("champion_version")),
        replayed=True,
        decision=told.get("verdict"),
        reason=told.get("reason", ""),
        rule=told.get("rule", ""),
        evidence=tuple((str(k), str(v)) for k, v in told.get("evidence", {}).items()),
        others=tuple(
            OtherDecision(r, o["verdict"] or "cannot tell", o["reason"]) for r, o in body.get("others", {}).items()
        ),
        candidate=candidate["candidate"][:12] if candidate else (gate["candidate"][:12] if gate else None),
        trained_on=_trained_on(candidate),
        gate=_gate_fact(gate, model.gate.confidence) if gate else None,
        champion_before=_version(start.get("champion_version")),
        champion_after=_champion_after(records, partition),
        alarms=tuple(
            _alarm_fact(a, newest.get("diagnosis")) for a in standing(project, name) if a.partition == partition
        ),
        promotion=told_of_succession(newest),
        refit=refused_refit(of_night),
        metrics=tuple(_metrics(project, name, partition)),
        steps=tuple(_step_fact(s) for s in sorted(steps, key=lambda s: s["started"])),
        links=(Link("All nights", "index.html"),),
        made_at=project.clock(),
        footnotes=(
            ("Code", project.stamp.code_version),
            ("Configuration", str(start.get("configuration", ""))[:12]),
            ("Feature version", str(start.get("feature_version", ""))[:12]),
            ("Lead", format_duration(model.lead)),
        ),
    )


def _champion_after(records: Sequence[Record], partition: str) -> str | None:
    serving = champion([r for r in records if str(r.body.get("partition", "")) <= partition])
    return str(serving.version) if serving else None


def _alarm_fact(alarm: Alarm, diagnosis: Record | None) -> AlarmFact:
    told = diagnosis.body["explanations"] if diagnosis else []
    mine = [d["sentence"] for d in told if d["subject"] in (alarm.subject, "rows")]
    return AlarmFact(
        subject=f"{alarm.signal.replace('_', ' ')} of {alarm.subject}",
        sentence=alarm.sentence,
        kind=alarm.kind,
        since=alarm.since,
        diagnosis=" ".join(mine[:2]),
        cost=alarm.cost,
        todo=alarm.todo,
    )


def _data_facts(name: str, datasets: Mapping[str, Any]) -> list[DataFact]:
    facts = []
    for dataset, state in datasets.items():
        for key in state["partitions"]:
            health = "missing" if key in state["missing"] else state["health"]
            page = f"../../datasets/{dataset}/{key}.html"
            facts.append(
                DataFact(dataset, key, health, state["rows"], state["revisions"].get(key), state["reason"], report=page)
            )
    return facts


def _trained_on(candidate: Mapping[str, Any] | None) -> str:
    if candidate is None:
        return ""
    span, held = candidate["train"], candidate["holdout"]
    if "refit_of" in candidate:
        return (
            f"{candidate['rows']:,} labelled rows of {span['partitions']} partitions, {span['first']} to {span['last']}: the "
            f"recipe of candidate {candidate['refit_of'][:12]}, trained again up to the newest label after it passed"
        )
    tuning = candidate.get("tuning")
    tuned = f"; parameters chosen in {_trials(tuning)}" if tuning else ""
    return (
        f"{candidate['rows']:,} labelled rows of {span['partitions']} partitions, {span['first']} to {span['last']}; "
        f"{held['partitions']} later ones, {held['first']} to {held['last']}, were kept for the gate"
        f"{tuned}"
    )


def _trials(tuning: Mapping[str, Any]) -> str:
    return (
        f"{tuning['trials'] + tuning['pruned']} trials, {tuning['pruned']} of them given up early: "
        f"loss {tuning['loss']:.4g}, untuned {tuning['untuned_loss']:.4g}"
    )


def _gate_fact(gate: Mapping[str, Any], confidence: float) -> GateFact:
    told = gate["report"]
    parts = tuple(
        GatePart(
            p["name"],
            p["finding"],
            p["reason"],
            p["numbers"].get("gain"),
            p["numbers"].get("low"),
            p["numbers"].get("high"),
        )
        for p in told["parts"]
    )
    path = tuple(GateNight(p["partition"], p["champion"], p["candidate"]) for p in gate["path"])
    return GateFact(
        verdict=told["verdict"],
        sentence=told["reason"],
        metric=told["metric"].replace("_", " "),
        mode=told["mode"],
        confidence=confidence,
        nights=told["nights"],
        rows=sum(p["rows"] for p in gate["path"]),
        nights_needed=told["nights_needed"],
        nights_left=told.get("nights_left"),  # verdicts of before have none
        parts=parts,
        path=path,
    )


def _metrics(project: Project, name: str, until: str) -> list[MetricFact]:
    model = project.catalog.model(name)
    rows = newest_rows(project, name, until, _PAGE_PARTITIONS)
    first = deciding_metric(model).name
    whole = {one.key for one in Settled(project, model).at(project.night(model, until))}
    facts = []
    for metric in sorted({row["metric"] for row in rows}, key=lambda m: (m != first, m)):
        realised = [r for r in of_champion(rows, metric, until=until) if r[PARTITION] in whole]
        known = {row[PARTITION] for row in realised}
        waiting = [r for r in of_champion(rows, metric, until=until, kind=ESTIMATED) if r[PARTITION] not in known]
        chosen = sorted([*realised, *waiting], key=lambda r: str(r[PARTITION]))[-_PAGE_PARTITIONS:]
        points = tuple(Point(r[PARTITION], r["value"], r["low"], r["high"], r["rows"], r["kind"]) for r in chosen)
        if points:
            facts.append(MetricFact(metric.replace("_", " "), points, lower_is_better=lower_is_better(metric)))
    return facts


def _step_fact(step: Mapping[str, Any]) -> StepFact:
    return StepFact(
        step=step["step"],
        wall_s=step["wall_seconds"],
        cpu_s=step["cpu_seconds"],
        peak_mib=step["peak_mib"],
        rows_in=step["rows_in"] or None,
        rows_out=step["rows_out"] or None,
        bytes_out=step["bytes_out"] or None,
        state="success" if step["state"] == "done" else step["state"],
    )


def _version(value: int | None) -> str | None:
    return None if value is None else str(value)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
