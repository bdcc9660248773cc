"""What MLflow shows of a training; it is a projection, so a night goes on when MLflow does not."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from include.errors import NightshiftError

if TYPE_CHECKING:
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.registry.ledger import Record

log = logging.getLogger(__name__)


def show_training(project: Project, name: str, artifact: Artifact, gate: Record) -> bool:
    """Show a judged candidate in MLflow: run, inputs, metrics, gate, registered version; once, however often called.

    Returns
    -------
    bool
        False when there is no MLflow, or it cannot be reached now; a later night or `reconcile` shows it then.

    Notes
    -----
    A refit has no held-out rows: its numbers and plots are those of the candidate that was judged for it.
    """
    if project.tracking_uri is None:
        return False
    from include.explain.card import gate_table, model_card
    from include.registry.mlflow import log_training

    model = project.catalog.model(name)
    report, shown = gate.body["report"], _numbers(gate)
    plots, importance = _explained(project, name, artifact)
    card = model_card(
        artifact.manifest,
        description=model.description,
        owner=model.owner.name,
        metrics=shown,
        gate=report,
        importance=importance,
    )
    try:
        log_training(
            project.tracking_uri,
            name,
            artifact,
            metrics=shown,
            tags={"gate": gate.body["verdict"], "environment": project.stamp.environment},
            files={"gate.json": json.dumps(gate.body, indent=1), "model_card.md": card, **plots},
            description=f"{_which(artifact)}\n\n{gate_table(report)}",
            about=model.description,
        )
    except NightshiftError as error:
        log.warning("MLflow does not show this training yet: %s", error)
        return False
    return True


def _numbers(gate: Record) -> dict[str, float]:
    """Return the gate's numbers by the names of MLflow's metrics, without those that are not known."""
    report = gate.body["report"]
    found = {
        "gate_gain": report["gain"],
        "gate_low": report["low"],
        "gate_high": report["high"],
        "holdout_loss": gate.body["candidate_loss"],
    }
    return {key: float(value) for key, value in found.items() if value is not None}


def _explained(project: Project, name: str, artifact: Artifact) -> tuple[dict[str, str], dict[str, float]]:
    """Return plots and importances over held-out rows: of the judged candidate, where this is its refit."""
    from include.explain.plots import plots_of
    from include.night.rows import labelled_rows
    from include.night.score import artifact_of

    judged = artifact.manifest.lineage.refit_of
    seen = artifact_of(project, name, judged) if judged else artifact
    lineage, classes = seen.manifest.lineage, seen.manifest.classes
    held_out = labelled_rows(project, name, lineage.holdout, lineage.feature_version, classes=classes)
    return plots_of(seen, held_out, seed=seen.manifest.fit.seed, nthread=project.threads)


def _which(artifact: Artifact) -> str:
    """Return whether these are the judged bytes, in a sentence."""
    judged = artifact.manifest.lineage.refit_of
    if not judged:
        return "These are the bytes that the gate judged."
    return f"Trained again up to the newest label after candidate {judged[:12]} passed; the numbers and plots are that candidate's."
