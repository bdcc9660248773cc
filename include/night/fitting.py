"""One training of a night: what it reads, pinned; the model it gives; and the ledger's words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.night.golden import golden_keys
from include.night.rows import classes_of, feature_columns, labelled_rows
from include.registry.artifact import save
from include.registry.manifest import Lineage
from include.training.fit import fit
from include.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from include.config.model import Learner
    from include.night.begun import Begun
    from include.night.pinned import Pins
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.training.window import Cut


@dataclass(frozen=True)
class Plan:
    """What is to be trained.

    Attributes
    ----------
    divided : Cut
        Partitions to learn from, and those kept for the gate.
    pins : Pins
        Versions of the tables.
    learner : Learner
        How.
    seed, nthread : int
        Of the training.
    parent : str or None
        Champion that it is judged against.
    trigger : str
        The decision that asked for it, in words.
    refit_of : str
        Digest of the judged candidate whose recipe is trained again; empty for a new candidate.
    """

    divided: Cut
    pins: Pins
    learner: Learner
    seed: int
    nthread: int
    parent: str | None
    trigger: str
    refit_of: str = ""


def fit_candidate(project: Project, found: Begun, plan: Plan) -> Artifact:
    """Return the model of a plan, saved; a search for parameters goes on where an earlier attempt stopped."""
    name, train, pins = found.model.name, plan.divided.train, plan.pins
    # the classes are those seen until the cut, fixed in the manifest; one that comes later is for a later candidate
    classes = classes_of(project, name, train, pins.labels) if found.model.task == "multiclass" else ()
    frozen = golden_keys(project, name, pins.golden)

    def rows() -> Iterator[pa.RecordBatch]:
        at = (found.feature_version, pins.features, pins.labels)
        return labelled_rows(project, name, train, *at, classes=classes, leave_out=frozen)

    artifact = fit(
        rows,
        features=feature_columns(project, name, found.feature_version),
        learner=plan.learner,
        task=found.model.task,
        seed=plan.seed,
        nthread=plan.nthread,
        weights=plan.divided.weights,
        classes=classes,
        study=project.model_home(name) / "studies" / found.night.key,
        lineage=_lineage(found, plan),
    )
    save(artifact, project.model_home(name) / "artifacts")
    return artifact


def _lineage(found: Begun, plan: Plan) -> Lineage:
    name, divided = found.model.name, plan.divided
    return Lineage(
        model=name,
        partition=found.night.key,
        inputs=plan.pins.inputs(name, divided.train),
        train=divided.train,
        holdout=divided.holdout,
        window=divided.window,
        feature_version=found.feature_version,
        configuration=str(found.body["configuration"]),
        code=VERSION,
        parent=plan.parent or "",
        trigger=plan.trigger,
        refit_of=plan.refit_of,
    )


def candidate_body(found: Begun, artifact: Artifact, plan: Plan, decision: str) -> dict[str, Any]:
    """Return what the ledger keeps of a training (kind ``candidate``); `decision` is the key of the record that asked for it."""
    manifest, divided = artifact.manifest, plan.divided
    tuning = manifest.fit.tuning
    return {
        "partition": found.night.key,
        "candidate": artifact.digest,
        "parent": plan.parent,
        "decision": decision,
        "rows": manifest.fit.rows,
        "train": span(divided.train) | {"keys": list(divided.train)},
        "holdout": span(divided.holdout),
        "holdout_partitions": list(divided.holdout),
        "cut": divided.cut_at.isoformat(),
        "features": [plan.pins.features, found.feature_version],
        "labels": plan.pins.labels,
        "golden_set": plan.pins.golden,
        "model_sha256": manifest.model_sha256,
        "model_bytes": manifest.model_bytes,
        **({"tuning": tuning.model_dump()} if tuning else {}),
        **({"refit_of": plan.refit_of} if plan.refit_of else {}),
    }


def span(keys: tuple[str, ...]) -> dict[str, Any]:
    """Return first and last of some keys, and how many they are."""
    return {"first": keys[0] if keys else None, "last": keys[-1] if keys else None, "partitions": len(keys)}
