"""gate: champion and candidate on the same later partitions; pass, fail, or wait for more labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.evaluation.gate import judge
from include.evaluation.terms import Terms
from include.night.asked import asked
from include.night.begun import begun
from include.night.days import days_told
from include.night.gate_parts import costs_of, parts_of
from include.night.golden import freeze
from include.night.held_out import Rivals, golden_night, held_out_keys, mean_loss, night_path, scored_nights
from include.night.labels import labelled_with_features
from include.night.messages import tell
from include.night.pinned import training_rows, versions_now
from include.night.refit import refitted
from include.night.score import artifact_of
from include.night.tracking import show_training
from include.policy.windows import usual_horizon
from include.registry.anchor import anchor
from include.registry.champions import champion, pending, refused_refit
from include.training.fit import fit_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.registry.ledger import Record

_YEAR = timedelta(days=365)


def gate(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Judge the candidate of the night, or again the one that waits; with `gate.refit`, train one that passed again.

    Returns
    -------
    dict
        ``candidate`` (the one to promote), ``verdict``, ``reason``; or ``skipped`` with the reason why nothing is judged.
    """
    found = begun(project, name, partition)
    records = found.ledger.records()
    recorded = [r for r in records if _judged_in(r, partition)]
    digest = _to_judge(records, partition)
    if digest is None and not recorded:
        return {"skipped": "there is no candidate to judge"}
    record = recorded[-1] if digest is None else found.ledger.find(f"gate/{digest}/{partition}")
    if record is None:
        assert digest is not None  # noqa: S101 (else there was a record)
        record = _judged(project, found, digest)
    final = (
        refitted(project, found, record) if record.body["verdict"] == "pass" and record.body.get("refit") else record
    )
    _show(project, found, record, final)
    refit = found.ledger.find(f"refit/{record.body['candidate']}")
    said = [str(final.body["reason"]), refused_refit([refit] if refit else [])]
    return {
        "candidate": final.body["candidate"],
        "verdict": final.body["verdict"],
        "reason": "; ".join(filter(None, said)),
    }


def _judged_in(record: Record, partition: str) -> bool:
    return record.kind == "gate" and record.body["partition"] == partition and "refit_of" not in record.body


def _show(project: Project, found: Begun, record: Record, final: Record) -> None:
    """Show a verdict in MLflow and to the owner; further waiting nights have nothing new to show."""
    name, candidate = found.model.name, record.body["candidate"]
    looks = [r for r in found.ledger.records("gate") if r.body["candidate"] == candidate]
    if record.body["verdict"] != "wait" or len(looks) == 1:
        show_training(project, name, artifact_of(project, name, final.body["candidate"]), final)
    if record.body["verdict"] != "wait":
        tell_gate(project, name, final)


def _to_judge(records: Sequence[Record], partition: str) -> str | None:
    waiting = pending(records)
    if waiting is None:
        return None
    trained_in = next(
        str(r.body["partition"]) for r in records if r.kind == "candidate" and r.body["candidate"] == waiting
    )
    return waiting if trained_in <= partition else None


def _judged(project: Project, found: Begun, digest: str) -> Record:
    tables = versions_now(project, found.model.name)
    then = project.as_of(tables)
    if found.model.gate.golden_set is not None:
        freeze(then, found, labelled_with_features(then, found))  # where the YAML asks for it since the training
    pins = {"settings": asked(project, found.model), "tables": tables}
    body = judged(then, found, digest) | pins
    return found.ledger.append("gate", f"gate/{digest}/{found.night.key}", body)


def judged(project: Project, found: Begun, digest: str) -> dict[str, Any]:
    """Return the verdict on a candidate with all its numbers, as the ledger records it; nothing is written."""
    records = found.ledger.records()
    trained = next(r for r in records if r.kind == "candidate" and r.body["candidate"] == digest)
    serving = champion(records)  # the present one: it may be another than when the candidate was trained
    rival = serving.candidate if serving else None
    labelled = labelled_with_features(project, found)
    terms = _terms(found, records, days_told(project, found, labelled), bootstrap=rival is None)
    rivals = _rivals(project, found, digest, rival, terms)
    held_out = held_out_keys(project, found, _first_held_out(trained), rivals)
    looks = [r for r in records if r.kind == "gate" and r.body["candidate"] == digest]
    first = [r for r in looks if r.body["champion"] == rival]  # against another champion it is another judgement
    looked = int(first[0].body["report"]["nights"]) if first else None
    nights = scored_nights(
        project, found, held_out, rivals, terms, len(first[0].body["holdout"] if first else held_out)
    )
    report = judge(
        nights,
        terms,
        first_look=looked,
        golden=golden_night(project, found, rivals, terms) if terms.golden_set else None,
        costs=costs_of(project, found, rivals.candidate, held_out),
        parts=parts_of(project, found, rivals.candidate, held_out),
        bootstrap=rival is None,
    )
    return {
        "partition": found.night.key,
        "candidate": digest,
        "champion": rival,
        "anchor": rivals.anchor.digest if rivals.anchor else None,
        "verdict": report.verdict,
        "reason": report.reason,
        "refit": found.model.gate.refit,
        "holdout": held_out,
        "report": report.as_json(),
        "path": night_path(nights, terms),
        **mean_loss(nights, terms),
    }


def _first_held_out(trained: Record) -> str:
    """Return a key from which on a candidate has learned from nothing; a refit keeps nothing for the gate."""
    kept = trained.body.get("holdout") or {}
    return str(kept.get("first") or f"{trained.body['train']['last']}~")  # sorts right behind the last


def _rivals(project: Project, found: Begun, digest: str, rival: str | None, terms: Terms) -> Rivals:
    """Return the candidate with the present champion, and the anchor where losses are tolerated."""
    name = found.model.name
    candidate = artifact_of(project, name, digest)
    serving = _constant(project, found, candidate) if rival is None else artifact_of(project, name, rival)
    held = anchor(found.ledger.records()) if terms.mode == "non_inferior" else None
    return Rivals(serving, candidate, artifact_of(project, name, held) if held else None)


def _terms(found: Begun, records: Sequence[Record], days: int, *, bootstrap: bool) -> Terms:
    """Return the terms of the gate; for the first champion: more likely better than the constant predictor than not.

    It displaces nobody, so there is nothing to protect with the confidence that later candidates must reach; waiting for
    proof would only leave the model without predictions.
    """
    terms = Terms.of(
        found.model.gate,
        found.model.task,
        grain=found.night.grain,
        days=days,
        block=1 if bootstrap else None,
        horizon=found.model.policy.horizon or usual_horizon(found.night.grain),
        candidates_per_year=_candidates_of_the_year(found, records),
    )
    return replace(terms, mode="expected", confidence=0.5) if bootstrap else terms


def _candidates_of_the_year(found: Begun, records: Sequence[Record]) -> int:
    """Return how many candidates were trained in the nights of the year up to this one."""
    ends = {r.body["partition"]: datetime.fromisoformat(r.body["end"]) for r in records if r.kind == "night_start"}
    trained = [r for r in records if r.kind == "candidate" and "refit_of" not in r.body]
    nights = [ends[r.body["partition"]] for r in trained if r.body["partition"] in ends]
    return sum(found.night.end - _YEAR < end <= found.night.end for end in nights)


def _constant(project: Project, found: Begun, candidate: Artifact) -> Artifact:
    """Return the constant predictor that the first champion is judged against."""
    return fit_constant(
        lambda: training_rows(project, found.model.name, candidate.manifest),
        task=found.model.task,
        classes=candidate.manifest.classes,
    )


def tell_gate(project: Project, name: str, record: Record) -> bool:
    """Put the message about a verdict into the outbox, once; returns whether it is new."""
    body, passed = record.body, record.body["verdict"] == "pass"
    asked = body["report"]["ask_person"]
    by_hand = f'python -m include promote {name} {body["candidate"][:12]} --reason "…"'
    return tell(
        project,
        name,
        "gate",
        "info" if passed else "critical" if asked else "warn",
        f"candidate {body['candidate'][:12]}: {'a person is asked' if asked else body['verdict']}",
        body["reason"],
        partition=body["partition"],
        key=record.key,
        impact="It becomes champion with the next night." if passed else "The champion stays.",
        todo=(
            "find out which is right: has the world changed since the golden set was frozen, or are the newest data wrong?",
            f"if the world has changed: {by_hand}",
            "if the data are wrong: correct them at their source and let them be ingested again",
        )
        if asked
        else (),
    )
