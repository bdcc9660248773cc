"""Signals, evidence and alarms of a night: each p-value drawn once, stored for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.evaluation.terms import Terms
from include.evidence.alarm import ALARM_SCHEMA, Floor
from include.evidence.night import Settings, update
from include.evidence.rows import EVIDENCE_SCHEMA, reference_rows, states_from
from include.evidence.shares import shares
from include.evidence.stream import NightValue, Stream, StreamState
from include.night.explained import explained
from include.night.measure_table import performance_table
from include.night.messages import tell
from include.night.reference import Watch
from include.night.score import predictions_table
from include.partitions import partitions_per_year
from include.signals.binning import edges_from
from include.signals.measure import Signal, prediction_signals, signals_of, signals_table
from include.signals.profile import profile
from include.signals.profile_rows import to_rows
from include.signals.sample import sampled
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.evidence.alarm import Alarm
    from include.evidence.night import NightResult
    from include.night.begun import Begun
    from include.project import Project
    from include.signals.profile import Profile

Key = tuple[str, str, str]
_JOINT = ("rows_per_hour", "domain_auc")
_PREDICTIONS = ("prediction_distance", "prediction_shift")
_PERFORMANCE = (*_PREDICTIONS, "realised_loss")
_ONLY_UP = ("domain_auc", "realised_loss")


def watch(project: Project, found: Begun) -> list[Alarm]:
    """Measure the signals of a night, draw their p-values, raise alarms; a night that was watched is left as it is.

    Returns
    -------
    list of Alarm
        Alarms and notices of this night.
    """
    place = Watch(project, found)
    night = found.night.key
    if place.first is None or found.champion is None or night in place.keys:
        return []
    if night not in {row[PARTITION] for row in place.evidence.contents()}:
        _measure(place)
    raised = [alarm for alarm in place.standing() if alarm.order // _ORDERS == _order(found) // _ORDERS]
    if raised:
        _explain(place, raised)
    return raised


_ORDERS = 1_000_000  # room for the nights of a reference within one night's orders


def _order(found: Begun) -> int:
    record = found.ledger.find(f"night/{found.night.key}")
    return (record.number if record else 0) * _ORDERS


def _measure(place: Watch) -> None:
    found, night = place.found, place.found.night.key
    rows = place.evidence.read().to_pylist()
    history: dict[str, list[Signal]] = {}
    if not rows:
        for key in place.keys:
            history[key] = _data_signals(place, key)
        place.signals.append_all({k: _table(s) for k, s in history.items()}, run_key="signals/reference")
        rows = _reference_evidence(history, place)
        place.evidence.append_all(_by_partition(rows, EVIDENCE_SCHEMA), run_key="evidence/reference")
    tonight = _data_signals(place, night, store=True, joint=True) + _prediction_signals(place)
    place.signals.replace(night, _table(tonight, found.champion or "").to_batches())
    states = dict(states_from(rows, place.standing()))
    results, order = [], _order(found) + len(place.keys) + 1
    for partition, values in [*_losses(place, rows), (night, _values(tonight, found.champion or ""))]:
        for stream_key in values:
            states.setdefault(stream_key, StreamState.start(_stream(stream_key)))
        result = update(states, partition, values, _settings(place, states), order)
        states, order = dict(result.states), order + 1
        results.append(result)
    _keep(place, results)


def _explain(place: Watch, raised: Sequence[Alarm]) -> None:
    """Say whether the data are defective or the world has changed, once, and tell the owner what is material."""
    found, name, night = place.found, place.found.model.name, place.found.night.key
    told = explained(place, {alarm.subject for alarm in raised})
    body = {
        "partition": night,
        "alarms": len(raised),
        "explanations": told,
        "defects": [d["sentence"] for d in told if d["defect"]],
    }
    record = found.ledger.append("diagnosis", f"diagnosis/{night}", body)
    sentences = [d["sentence"] for d in record.body["explanations"]]
    for alarm in raised:
        if alarm.material:
            tell(
                place.project,
                name,
                "notice" if alarm.kind == "notice" else "alarm",
                "critical" if record.body["defects"] else "warn",
                f"{alarm.signal} of {alarm.subject}",
                alarm.sentence,
                partition=night,
                key=f"alarm/{name}/{alarm.signal}/{alarm.subject}/{alarm.model_version}/{night}",
                why=" ".join(sentences[:3]),
                impact="Nothing is trained on defective data." if record.body["defects"] else "",
                todo=(alarm.todo, f"python -m include acknowledge {name} --subject {alarm.subject}"),
            )


def _keep(place: Watch, results: Sequence[NightResult]) -> None:
    """Store alarms first, then the evidence whose presence says that the night was watched."""
    night = place.found.night.key
    alarms = [a.to_row() for r in results for a in (*r.alarms, *r.notices)]
    if alarms:
        place.alarms.append_all(_by_partition(alarms, ALARM_SCHEMA), run_key=f"alarms/{night}")
    rows = [row for result in results for row in result.rows]
    if rows:
        place.evidence.append_all(_by_partition(rows, EVIDENCE_SCHEMA), run_key=f"evidence/{night}")


def _by_partition(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> dict[str, pa.Table]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row[PARTITION]), []).append({k: v for k, v in row.items() if k != PARTITION})
    return {key: pa.Table.from_pylist(found, schema) for key, found in grouped.items()}


# ---- signals ---------------------------------------------------------------------------------------------------


def _data_signals(place: Watch, key: str, *, store: bool = False, joint: bool = False) -> list[Signal]:
    """Return the signals of a partition's features and volume, and, tonight, of the domain classifier."""
    model = place.found.model
    made: Profile = profile(place.rows([key]), place.profile.edges, threads=place.project.threads)
    if store:
        place.profiles.replace(key, to_rows(made).to_batches())
    samples = None
    if joint:
        current = sampled(place.rows([key]), None, model.signals.sample_rows, 0)
        samples = (current, place.sample)
    hours = place.project.night(model, key).hours
    return signals_of(
        made,
        place.profile,
        key=f"{model.name}/{key}",
        hours=(hours, place.hours),
        samples=samples,
        threads=place.project.threads,
    )


def _prediction_signals(place: Watch) -> list[Signal]:
    """Return the signals of tonight's predictions against those of the champion's first nights in service."""
    found = place.found
    table = predictions_table(place.project, found.model.name)
    if table is None:
        return []
    rows = table.read(role="champion")
    served = rows.filter(pc.equal(rows.column("model_version"), found.champion))
    days = sorted(set(served.column(PARTITION).to_pylist()))
    if found.night.key not in days or days[0] == found.night.key:
        return []
    first = [key for key in days if key < found.night.key][:14]
    scores = place.score_columns

    def of(keys: Sequence[str]) -> list[pa.RecordBatch]:
        chosen = served.filter(pc.is_in(served.column(PARTITION), pa.array(keys)))
        return list(chosen.select(scores).combine_chunks().to_batches())

    edges = edges_from(of(first))
    return prediction_signals(
        profile(of([found.night.key]), edges), profile(of(first), edges), f"{found.model.name}/{found.night.key}"
    )


def _losses(place: Watch, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[Key, NightValue]]]:
    """Return the champion's realised losses that have no p-value yet, oldest first, less what the gate saw."""
    found = place.found
    metric = Terms.of(found.model.gate, found.model.task).metric.name
    key = ("realised_loss", metric, found.champion or "")
    drawn = {row[PARTITION] for row in rows if (row["signal"], row["subject"], row["model_version"]) == key}
    gates = [r.body for r in found.ledger.records("gate") if r.body["candidate"] == found.champion]
    if not gates or gates[-1]["candidate_loss"] is None:
        return []
    between = (gates[-1]["candidate_standard_error"] or 0.0) * np.sqrt(max(1, len(gates[-1]["path"])))
    losses = []
    for row in sorted(
        performance_table(place.project, found.model.name).read().to_pylist(), key=lambda r: str(r[PARTITION])
    ):
        mine = (
            row["metric"] == metric
            and row["role"] == "champion"
            and not row["slice"]
            and row["model_version"] == found.champion
        )
        if mine and row["value"] is not None and row[PARTITION] not in drawn and row["measured_in"] <= found.night.key:
            spread = float(np.hypot(between, row["standard_error"] or 0.0)) or 1.0
            value = NightValue(row["value"], (row["value"] - gates[-1]["candidate_loss"]) / spread)
            losses.append((str(row[PARTITION]), {key: value}))
    return losses


def _table(signals: Iterable[Signal], version: str = "") -> pa.Table:
    return signals_table(signals, version)


# ---- streams ---------------------------------------------------------------------------------------------------


def _stream(key: Key) -> Stream:
    signal = key[0]
    role: Any = "joint" if signal in _JOINT else "performance" if signal in _PERFORMANCE else "feature"
    return Stream(*key, role=role, only_up=signal in _ONLY_UP)


def _values(signals: Iterable[Signal], version: str) -> dict[Key, NightValue]:
    found = {}
    for s in signals:
        of = version if s.signal in _PERFORMANCE else ""
        found[s.signal, s.subject, of] = NightValue(s.value, s.studentised if s.health == "pass" else float("nan"))
    return found


def _reference_evidence(history: Mapping[str, Sequence[Signal]], place: Watch) -> list[dict[str, Any]]:
    """Return the rows that fill the pools with the nights of the reference; nothing was fitted to those nights."""
    keys = sorted(history)
    by_stream: dict[Key, dict[str, NightValue]] = {}
    for partition in keys:
        for key, value in _values(history[partition], "").items():
            by_stream.setdefault(key, {})[partition] = value
    streams = [_stream(key) for key in by_stream]
    share = shares([*streams, *_live_streams(place)])
    rows = []
    for stream in streams:
        values = by_stream[stream.key]
        rows += reference_rows(stream, values.keys(), values.values(), share[stream.key], _order(place.found))
    return rows


def _live_streams(place: Watch) -> list[Stream]:
    """Return the streams whose pools begin empty: what the champion predicts and loses, and the joint score."""
    metric = Terms.of(place.found.model.gate, place.found.model.task).metric.name
    version = place.found.champion or ""
    scores = [(signal, name, version) for name in place.score_columns for signal in _PREDICTIONS]
    return [_stream(key) for key in (*scores, ("realised_loss", metric, version), ("domain_auc", "features", ""))]


def _settings(place: Watch, states: Mapping[Key, StreamState]) -> Settings:
    model = place.found.model
    version = place.found.champion or ""
    watched = [s.stream for s in states.values() if s.stream.model_version in ("", version)]
    live = [stream for stream in _live_streams(place) if stream.key not in states]
    share = shares([*watched, *live])
    return Settings(
        model=model.name,
        shares={key: share.get(key, 0.0) for key in {*share, *states}},
        false_alarms_per_year=model.signals.false_alarms_per_year,
        partitions_per_year=partitions_per_year(place.found.night.grain),
        calendar=model.signals.calendar == "weekday",
        floor=Floor(effect=model.signals.min_effect),
    )
