"""train: a candidate from labelled history, up to a cut that leaves the newest labelled partitions to the gate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from include.errors import ModelError
from include.night.begun import begun
from include.night.days import days_told
from include.night.decide import decision_of_night
from include.night.fitting import Plan, candidate_body, fit_candidate
from include.night.golden import freeze
from include.night.labels import labelled_with_features
from include.night.pinned import pins_of
from include.policy.windows import parse_window
from include.training.window import cut

if TYPE_CHECKING:
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.ledger import Record


def train(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Train the candidate that the night's decision asks for, once.

    Returns
    -------
    dict
        ``candidate`` (digest), ``rows``, ``train`` and ``holdout`` (first and last key); or ``skipped`` with the reason
        why nothing is trained.
    """
    found = begun(project, name, partition)
    decision = decision_of_night(found.ledger.records(), partition)
    if decision is None:
        raise ModelError.at(f"model {name}, night {partition}", "is not decided", "a decision", "run `decide` first")
    told = decision.body["decision"]
    if told["verdict"] != "retrain":
        return {"skipped": f"{told['verdict']}: {told['reason']}"}
    key = f"candidate/{partition}/{decision.number}"
    recorded = found.ledger.find(key) or _trained(project, found, decision, key)
    body = recorded.body
    return {
        "candidate": body["candidate"],
        "rows": body["rows"],
        "train": _told(body["train"]),
        "holdout": body["holdout"],
    }


def _trained(project: Project, found: Begun, decision: Record, key: str) -> Record:
    model, told = found.model, decision.body["decision"]
    chosen = told.get("window")  # what `auto` found right; else the model's own
    window = parse_window(chosen).settings(found.night.grain) if chosen else None
    labelled = labelled_with_features(project, found)
    freeze(project, found, labelled)  # before the first training, so that nothing ever learns from these rows
    plan = Plan(
        divided=cut(labelled, model, window, days_told(project, found, labelled)),
        pins=pins_of(project, found),
        learner=model.learner,
        seed=seed_of(model.name, found.night.key, "train", model.learner.seed),
        nthread=project.threads,
        parent=found.champion,
        trigger=str(told["rule"]),
    )
    artifact = fit_candidate(project, found, plan)
    return found.ledger.append("candidate", key, candidate_body(found, artifact, plan, decision.key))


def seed_of(model: str, partition: str, purpose: str, seed: int) -> int:
    """Return the seed of a purpose: a hash of model, partition, purpose and the configured seed, below 2**31."""
    text = f"{model}/{partition}/{purpose}/{seed}"
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2**31


def _told(span: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in span.items() if name != "keys"}
