"""gate: champion and candidate on the same later partitions; pass, fail, or wait for more labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from include.evaluation.gate import judge
from include.evaluation.nights import NightScores
from include.evaluation.terms import Terms
from include.night.begun import begun
from include.night.gate_parts import costs_of, parts_of
from include.night.messages import tell
from include.night.rows import labelled_rows
from include.night.score import artifact_of
from include.night.tracking import show_training
from include.night.train import labelled_with_features
from include.registry.champions import pending
from include.scoring.batch import known_classes, scores
from include.training.fit import fit_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.registry.ledger import Record


def gate(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Judge the candidate of the night, or again the one that waits.

    Returns
    -------
    dict
        ``candidate``, ``verdict``, ``reason``; or ``skipped`` with the reason why nothing is judged.
    """
    found = begun(project, name, partition)
    records = found.ledger.records()
    recorded = [r for r in records if r.kind == "gate" and r.body["partition"] == partition]
    digest = _to_judge(records, partition)
    if digest is None:
        if recorded:
            return _told(recorded[-1])
        return {"skipped": "there is no candidate to judge"}
    record = found.ledger.find(f"gate/{digest}/{partition}") or _judged(project, found, digest)
    looks = [r for r in found.ledger.records("gate") if r.body["candidate"] == digest]
    if record.body["verdict"] != "wait" or len(looks) == 1:  # further waiting nights have nothing new to show
        show_training(project, name, artifact_of(project, name, digest), record)
    if record.body["verdict"] != "wait":
        tell_gate(project, name, record)
    return _told(record)


def _to_judge(records: Sequence[Record], partition: str) -> str | None:
    waiting = pending(records)
    if waiting is None:
        return None
    trained_in = next(
        str(r.body["partition"]) for r in records if r.kind == "candidate" and r.body["candidate"] == waiting
    )
    return waiting if trained_in <= partition else None


def _told(record: Record) -> dict[str, Any]:
    return {name: record.body[name] for name in ("candidate", "verdict", "reason")}


def _judged(project: Project, found: Begun, digest: str) -> Record:
    records = found.ledger.records()
    trained = next(r for r in records if r.kind == "candidate" and r.body["candidate"] == digest)
    held_out = [p.key for p in labelled_with_features(project, found) if p.key >= trained.body["holdout"]["first"]]
    candidate = artifact_of(project, found.model.name, digest)
    bootstrap = trained.body["parent"] is None
    champion = (
        _constant(project, found, candidate)
        if bootstrap
        else artifact_of(project, found.model.name, trained.body["parent"])
    )
    terms = _terms(found, bootstrap=bootstrap)
    nights = [_scored(project, found, key, champion, candidate, terms.columns) for key in held_out]
    first = [r for r in records if r.kind == "gate" and r.body["candidate"] == digest]
    looked = int(first[0].body["report"]["nights"]) if first else None
    report = judge(
        nights,
        terms,
        first_look=looked,
        costs=costs_of(project, found, candidate, held_out),
        parts=parts_of(project, found, candidate, held_out),
        bootstrap=bootstrap,
    )
    body = {
        "partition": found.night.key,
        "candidate": digest,
        "champion": trained.body["parent"],
        "verdict": report.verdict,
        "reason": report.reason,
        "holdout": held_out,
        "report": report.as_json(),
        "path": [_path(night, terms) for night in nights],
        **_loss(nights, terms),
    }
    return found.ledger.append("gate", f"gate/{digest}/{found.night.key}", body)


def _terms(found: Begun, *, bootstrap: bool) -> Terms:
    """Return the terms of the gate; for the first champion: more likely better than the constant predictor than not.

    It displaces nobody, so there is nothing to protect with the confidence that later candidates must reach; waiting for
    proof would only leave the model without predictions.
    """
    terms = Terms.of(found.model.gate, found.model.task)
    return replace(terms, mode="expected", confidence=0.5) if bootstrap else terms


def _constant(project: Project, found: Begun, candidate: Artifact) -> Artifact:
    """Return the constant predictor that the first champion is judged against."""
    lineage = candidate.manifest.lineage
    versions = {item.table.rsplit("/", 1)[-1]: item.version for item in lineage.inputs}
    classes = candidate.manifest.classes
    return fit_constant(
        lambda: labelled_rows(
            project,
            found.model.name,
            lineage.train,
            lineage.feature_version,
            versions["features"],
            versions["labels"],
            classes=classes,
        ),
        task=found.model.task,
        classes=classes,
    )


def _scored(
    project: Project, found: Begun, key: str, champion: Artifact, candidate: Artifact, columns: Sequence[str]
) -> NightScores:
    classes = known_classes(champion, candidate)
    batches = list(labelled_rows(project, found.model.name, [key], found.feature_version, classes=classes))
    if not batches:
        return NightScores(key, np.empty(0), np.empty(0), np.empty(0))
    return NightScores(
        partition=key,
        label=np.concatenate([b.column("label").to_numpy(zero_copy_only=False) for b in batches]),
        champion=np.concatenate([scores(champion, b, project.threads, classes=classes) for b in batches]),
        candidate=np.concatenate([scores(candidate, b, project.threads, classes=classes) for b in batches]),
        slices={c: np.concatenate([b.column(c).to_numpy(zero_copy_only=False) for b in batches]) for c in columns},
    )


def _path(night: NightScores, terms: Terms) -> dict[str, Any]:
    champion = terms.metric.measure(night.label, night.champion)
    candidate = terms.metric.measure(night.label, night.candidate)
    return {
        "partition": night.partition,
        "champion": champion.value,
        "candidate": candidate.value,
        "rows": champion.rows,
    }


def _loss(nights: Sequence[NightScores], terms: Terms) -> dict[str, Any]:
    """Return the candidate's mean loss over the held-out nights and its standard error between nights."""
    values = [terms.metric.measure(n.label, n.candidate).value for n in nights if len(n.label)]
    found = np.array([v for v in values if v is not None], np.float64)
    spread = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else None
    return {"candidate_loss": float(found.mean()) if len(found) else None, "candidate_standard_error": spread}


def tell_gate(project: Project, name: str, record: Record) -> bool:
    """Put the message about a verdict into the outbox, once; returns whether it is new."""
    body = record.body
    return tell(
        project,
        name,
        "gate",
        "info" if body["verdict"] == "pass" else "warn",
        f"candidate {body['candidate'][:12]}: {body['verdict']}",
        body["reason"],
        partition=body["partition"],
        key=record.key,
        impact="It becomes champion with the next night." if body["verdict"] == "pass" else "The champion stays.",
    )
