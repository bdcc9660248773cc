"""refit: a candidate that passed is trained again by the same recipe up to the newest label, and promoted in its place.

What is promoted then is not what was judged. So it is checked on the golden set and for how much its predictions differ
from the judged bytes; where a check fails, the judged bytes go on after all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.evaluation.checks import churn_part, limit_part
from include.evaluation.golden import golden_part
from include.evaluation.nights import NightScores
from include.evaluation.terms import Terms
from include.evaluation.verdict import Part, unset
from include.night.fitting import Plan, candidate_body, fit_candidate
from include.night.gate_parts import costs_of, parts_of
from include.night.held_out import Rivals, golden_night
from include.night.labels import labelled_with_features
from include.night.messages import tell
from include.night.pinned import pins_of, training_rows
from include.night.rows import feature_rows
from include.night.score import artifact_of
from include.scoring.batch import known_classes, scores
from include.training.fit import fit_constant
from include.training.reproduce import learner_of
from include.training.window import Cut, training_window, weights, window_from

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.registry.ledger import Record

NO_LIMIT = 1.0


def refitted(project: Project, found: Begun, judged: Record) -> Record:
    """Return the verdict on what is to be promoted: on the refit, or on the judged candidate where the refit fails.

    Parameters
    ----------
    judged : Record
        Kind ``gate``, a pass.

    Notes
    -----
    Three records: kind ``candidate`` (with ``refit_of``), kind ``refit`` (the checks), and, where they hold, kind ``gate``
    with the judged candidate's numbers. Each is found again by its key, so an interrupted refit goes on.
    """
    digest = str(judged.body["candidate"])
    key = f"candidate/{found.night.key}/refit/{digest}"
    trained = found.ledger.find(key) or _trained(project, found, judged, key)
    checked = found.ledger.find(f"refit/{digest}") or _checked(project, found, judged, trained)
    if checked.body["verdict"] != "pass":
        return judged
    report = judged.body["report"]
    body = {
        **judged.body,
        "candidate": trained.body["candidate"],
        "refit_of": digest,
        "reason": checked.body["reason"],
        "report": {**report, "reason": checked.body["reason"], "parts": [*report["parts"], *checked.body["parts"]]},
    }
    return found.ledger.append("gate", f"gate/{trained.body['candidate']}/{found.night.key}", body)


def _trained(project: Project, found: Begun, judged: Record, key: str) -> Record:
    digest = str(judged.body["candidate"])
    manifest = artifact_of(project, found.model.name, digest).manifest
    first = next(r for r in found.ledger.records("candidate") if r.body["candidate"] == digest)
    window = window_from(manifest.lineage.window)
    chosen = training_window(labelled_with_features(project, found), window)
    keys = tuple(p.key for p in chosen)
    plan = Plan(
        divided=Cut(keys, (), chosen[-1].end, weights(chosen, window.decay), manifest.lineage.window),
        pins=pins_of(project, found),
        learner=learner_of(manifest),  # tuned parameters stand in the manifest: nothing is searched again
        seed=manifest.fit.seed,
        nthread=manifest.fit.nthread,
        parent=judged.body["champion"],
        trigger=manifest.lineage.trigger,
        refit_of=digest,
    )
    artifact = fit_candidate(project, found, plan)
    return found.ledger.append("candidate", key, candidate_body(found, artifact, plan, str(first.body["decision"])))


def _checked(project: Project, found: Begun, judged: Record, trained: Record) -> Record:
    name = found.model.name
    new = artifact_of(project, name, trained.body["candidate"])
    old = artifact_of(project, name, judged.body["candidate"])
    parts = [replace(part, name=f"refit: {part.name}") for part in _parts(project, found, judged, old, new)]
    broken = [part for part in parts if part.finding in ("fail", "cannot_tell")]
    newest = trained.body["train"]["last"]
    said = "; ".join(f"{part.name.removeprefix('refit: ')}: {part.reason}" for part in broken or parts[:2])
    told = (
        f"its refit up to {newest} fails ({said}), so what was judged goes on in its place"
        if broken
        else f"the refit up to {newest} of candidate {old.digest[:12]}, which passed ({judged.body['reason']}); {said}"
    )
    body = {
        "partition": found.night.key,
        "candidate": new.digest,
        "refit_of": old.digest,
        "verdict": "fail" if broken else "pass",
        "reason": told,
        "parts": [part.as_json() for part in parts],
    }
    record = found.ledger.append("refit", f"refit/{old.digest}", body)
    if broken:
        _tell(project, found, record)
    return record


def _parts(project: Project, found: Begun, judged: Record, old: Artifact, new: Artifact) -> list[Part]:
    """Return what can be checked of a model that has learned from every label there is."""
    terms, settings = Terms.of(found.model.gate, found.model.task), found.model.gate
    parts = [_golden(project, found, judged, new, terms), _churn(project, found, old, new, terms)]
    costs = costs_of(project, found, new, judged.body["holdout"])
    if settings.max_microseconds_per_row is not None:
        limit = settings.max_microseconds_per_row
        parts.append(limit_part("latency", costs.microseconds_per_row, limit, "microseconds a row"))
    if settings.max_megabytes is not None:
        parts.append(limit_part("size", costs.megabytes, settings.max_megabytes, "megabytes"))
    return [*parts, *parts_of(project, found, new, judged.body["holdout"])]


def _golden(project: Project, found: Begun, judged: Record, new: Artifact, terms: Terms) -> Part:
    """Return whether the refit keeps what the champion does on the golden set: the judged candidate had to, too."""
    if not terms.golden_set:
        return unset("golden_set")
    name, parent = found.model.name, judged.body["champion"]
    champion = (
        artifact_of(project, name, parent)
        if parent
        else fit_constant(
            lambda: training_rows(project, name, new.manifest), task=new.manifest.task, classes=new.manifest.classes
        )
    )
    night = golden_night(project, found, Rivals(champion, new), terms)
    if night is None:
        return Part("golden_set", "cannot_tell", "no golden set is frozen in the night's feature version")
    return golden_part(night, terms.metric, terms.golden_margin, terms.confidence)


def _churn(project: Project, found: Begun, old: Artifact, new: Artifact, terms: Terms) -> Part:
    """Return how many of tonight's predictions would change sides between the judged bytes and the refit."""
    classes = known_classes(old, new)
    batches = list(feature_rows(project, found.model.name, [found.night.key], found.feature_version))
    batches = [batch for batch in batches if batch.num_rows]
    if not batches:
        return Part("churn", "cannot_tell", "tonight has no feature rows")
    batch = pa.concat_batches(batches)
    before, now = (scores(each, batch, project.threads, classes=classes) for each in (old, new))
    night = NightScores("tonight", np.full(batch.num_rows, np.nan), before, now)
    limit = NO_LIMIT if terms.max_churn is None else terms.max_churn
    part = churn_part([night], limit, classes=terms.classes)
    if terms.max_churn is not None:
        return part
    share: Any = part.numbers["share"]
    return replace(part, finding="unset", reason=f"{share:.1%} of tonight's predictions change; no limit is set")


def _tell(project: Project, found: Begun, record: Record) -> None:
    tell(
        project,
        found.model.name,
        "gate",
        "warn",
        "the refit is not promoted",
        f"Candidate {record.body['refit_of'][:12]} passed; {record.body['reason']}.",
        partition=found.night.key,
        key=record.key,
        impact="What was judged becomes champion with the next night; it has not learned from the newest labels.",
        todo=("look at the newest labels: the golden set or the churn limit says that something changed there",),
    )
