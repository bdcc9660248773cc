"""The state of a night as its policy sees it: only what was known when the night ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.evaluation.plan import holdout_of
from include.night.days import days_told
from include.night.defects import defects_of
from include.night.labels import labelled_partitions, labelled_with_features
from include.night.measure_table import newest_rows, of_champion
from include.night.metrics import deciding_metric
from include.night.reference import Watch
from include.night.rows import labels_table
from include.night.servable import unservable
from include.night.steps import steps_table
from include.partitions import partition_from_key
from include.policy.state import Alarm, Loss, State
from include.registry.champions import challenger, pending, verdicts
from include.registry.stages import trial
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project
    from include.registry.ledger import Record

_TRAINING_STEPS = ("train", "gate")
_A_TRAINING = 0.2  # CPU seconds: a step that only found its record again takes less
_LOSSES = 60  # newest labelled partitions that a policy looks back on


def state_of(project: Project, found: Begun, forced: str | None) -> State:
    """Return what the policy may look at.

    Parameters
    ----------
    project : Project
        The installation.
    found : Begun
        The night.
    forced : str or None
        A person's reason to retrain.
    """
    name, night = found.model.name, found.night
    records = [r for r in found.ledger.records() if str(r.body.get("partition", "")) <= night.key]
    labelled = labelled_partitions(project, found)
    candidate = _candidate_of(records, found.champion)
    cut = _partition(project, found, candidate.body["train"]["last"]) if candidate else None
    trainings = [
        r for r in records if r.kind == "candidate" and r.body["partition"] < night.key and "refit_of" not in r.body
    ]
    rows = {r[PARTITION]: int(r["rows"]) for r in labels_table(project, name).contents()}
    gate = _gate_of(records, found.champion)
    clocks = [*trainings[-1:], *([candidate] if candidate is not None and trainings and _refitted(candidate) else [])]
    return State(
        model=name,
        partition=night.key,
        champion=found.champion,
        since_cut=_places(cut, night) if cut else None,
        since_training=min(
            (_places(_partition(project, found, r.body["partition"]), night) for r in clocks), default=None
        ),
        history=len(labelled),
        new_labels=sum(rows[p.key] for p in _to_learn(project, found, candidate) if cut is None or p.start >= cut.end),
        gate_loss=gate.get("candidate_loss"),
        gate_standard_error=gate.get("candidate_standard_error"),
        losses=_losses(project, found, {p.key for p in labelled}),
        alarms=_alarms(project, found),
        health=_health(found),
        defects=(*defects_of(records).get(night.key, ()), *_lost(project, found, forced)),
        pending=_pending(project, found, records),
        cpu_minutes_week=_cpu_minutes(project, found),
        training_cpu_minutes=_training_minutes(project, name, [str(r.body["partition"]) for r in trainings]),
        forced=forced,
        served=sum(r.kind == "decision" for r in records) + 1,
        trainings=tuple(_places(_partition(project, found, r.body["partition"]), night) for r in trainings[1:]),
    )


def _lost(project: Project, found: Begun, forced: str | None) -> list[str]:
    """Return why the champion cannot be served, unless a person wants a successor trained."""
    refused = unservable(project, found) if forced is None else None
    return [str(refused)] if refused else []


def _pending(project: Project, found: Begun, records: Sequence[Record]) -> str | None:
    """Return the candidate that something is still to be said about: at the gate, on trial, or awaiting a person's answer."""
    at_gate, on_trial, waiting = pending(records), trial(records), challenger(records)
    if at_gate or on_trial:
        return at_gate or (on_trial.candidate if on_trial else None)
    if waiting is None or not found.model.promotion.approval:
        return waiting
    judged = _partition(project, found, verdicts(records)[waiting].body["partition"])
    return waiting if found.night.end - judged.end < found.model.promotion.approval_timeout else None


def _partition(project: Project, found: Begun, key: str) -> Partition:
    rows = project.catalog.dataset(found.model.rows)
    return partition_from_key(key, rows.partition, rows.timezone)


def _places(earlier: Partition, later: Partition) -> int:
    """Return how many partitions later the one is than the other."""
    if earlier.grain in ("hour", "day", "week"):
        step = {"hour": 1.0, "day": 24.0, "week": 168.0}[earlier.grain]
        return round((later.start - earlier.start).total_seconds() / 3600 / step)
    count = 0
    while earlier.start < later.start:
        earlier, count = earlier.following(), count + 1
    return count


def _candidate_of(records: Sequence[Record], digest: str | None) -> Record | None:
    found = [r for r in records if r.kind == "candidate" and r.body["candidate"] == digest]
    return found[-1] if found else None


def _refitted(candidate: Record) -> bool:
    """Tell whether a champion was trained up to the newest label, after its recipe had passed the gate."""
    return "refit_of" in candidate.body


def _to_learn(project: Project, found: Begun, candidate: Record | None) -> list[Partition]:
    """Return the labelled partitions that may have something new for a training beside the champion.

    One that was refitted has learned from its own hold-out, and tonight's training would leave its hold-out to the gate: what lies
    in that is nothing that the training could know and the champion does not.
    """
    labelled = labelled_partitions(project, found)
    if candidate is None or not _refitted(candidate) or not labelled:
        return labelled
    sound = labelled_with_features(project, found)
    kept = holdout_of(found.model.gate, found.night.grain, days_told(project, found, sound)).of(len(sound))
    return [p for p in labelled if not sound or p < sound[-kept]]


def _gate_of(records: Sequence[Record], digest: str | None) -> dict[str, Any]:
    found = [r for r in records if r.kind == "gate" and r.body["candidate"] == digest]
    return dict(found[-1].body) if found else {}


def _losses(project: Project, found: Begun, labelled: Collection[str]) -> tuple[Loss, ...]:
    """Return the champion's realised losses on labelled partitions it was not trained on, as measured up to this night."""
    rows = newest_rows(project, found.model.name, found.night.key, 2 * _LOSSES)
    metric = deciding_metric(found.model).name
    told = of_champion(rows, metric, until=found.night.key, version=found.champion)
    chosen = [row for row in told if row["value"] is not None and row[PARTITION] in labelled]
    losses = []
    for row in chosen[-_LOSSES:]:
        age = _places(_partition(project, found, row[PARTITION]), found.night)
        losses.append(Loss(row[PARTITION], age, row["value"], row["standard_error"] or 0.0, row["rows"]))
    return tuple(losses)


def _alarms(project: Project, found: Begun) -> tuple[Alarm, ...]:
    """Return the alarms that stand at the end of the night and matter, those of an earlier champion left out."""
    standing = [
        a for a in Watch(project, found).standing() if a.latched and a.material and a.partition <= found.night.key
    ]
    mine = [a for a in standing if a.model_version in ("", found.champion)]
    return tuple(
        Alarm(f"{a.signal} of {a.subject}", a.since, "performance" if a.model_version else "data") for a in mine
    )


def _health(found: Begun) -> Any:
    features = [r for r in found.ledger.records("features") if r.body["partition"] == found.night.key]
    return "block" if features and features[-1].body["health"] == "block" else found.body["health"]


def _cpu_minutes(project: Project, found: Begun) -> float:
    """Return the CPU minutes of trainings and gates of the nights that ended in the last 7 days of event time."""
    since, nights = found.night.end - timedelta(days=7), []
    night = found.night.preceding()
    while night.end > since:
        nights.append(night.key)
        night = night.preceding()
    costs = _costs(project, found.model.name, nights)
    return round(sum(float(row["cpu_seconds"]) for row in costs if row["step"] in _TRAINING_STEPS) / 60, 4)


def _training_minutes(project: Project, name: str, nights: Sequence[str]) -> float | None:
    """Return the CPU minutes of the newest training of some nights, None when none was measured."""
    for night in sorted(set(nights), reverse=True):
        costs = [float(row["cpu_seconds"]) for row in _costs(project, name, [night]) if row["step"] == "train"]
        found = [seconds for seconds in costs if seconds > _A_TRAINING]
        if found:
            return round(found[-1] / 60, 4)
    return None


def _costs(project: Project, name: str, nights: Sequence[str]) -> list[dict[str, Any]]:
    columns = ["step", "started", "cpu_seconds", PARTITION]
    rows = steps_table(project, "models", name).read(columns, nights).to_pylist()
    return sorted(rows, key=lambda row: (str(row[PARTITION]), row["started"]))
