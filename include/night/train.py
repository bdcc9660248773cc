"""train: a candidate from labelled history, up to a cut that leaves the newest labelled partitions to the gate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from include.errors import ModelError
from include.night.begun import begun
from include.night.decide import decision_of_night
from include.night.defects import defects_of
from include.night.labels import labelled_partitions
from include.night.rows import classes_of, feature_columns, features_table, labelled_rows, labels_table
from include.policy.windows import parse_window
from include.registry.artifact import save
from include.registry.manifest import Lineage, TableInput
from include.storage.specs import PARTITION
from include.training.fit import fit
from include.training.window import cut
from include.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from include.night.begun import Begun
    from include.partitions import Partition
    from include.project import Project
    from include.registry.artifact import Artifact
    from include.registry.ledger import Record
    from include.training.window import Cut


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


def labelled_with_features(project: Project, found: Begun) -> list[Partition]:
    """Return the labelled partitions that have feature rows of the night's feature version and no known defect."""
    table = features_table(project, found.model.name)
    rows = table.contents() if table else []
    there = {r[PARTITION] for r in rows if r["_feature_version"] == found.feature_version and r["rows"]}
    sound = there - defects_of(found.ledger.records()).keys()
    return [p for p in labelled_partitions(project, found) if p.key in sound]


def _trained(project: Project, found: Begun, decision: Record, key: str) -> Record:
    model = found.model
    chosen = decision.body["decision"].get("window")  # what `auto` found right; else the model's own
    window = parse_window(chosen).settings(found.night.grain) if chosen else None
    divided = cut(labelled_with_features(project, found), model, window)
    features, labels = features_table(project, model.name), labels_table(project, model.name)
    if features is None:
        raise ModelError.at(
            f"model {model.name}", "has no feature rows", "those of earlier nights", "run a night first"
        )
    versions = (features.version(), labels.version())
    artifact = fit_candidate(project, found, divided, versions, str(decision.body["decision"]["rule"]))
    save(artifact, project.model_home(model.name) / "artifacts")
    body = {
        "partition": found.night.key,
        "candidate": artifact.digest,
        "parent": found.champion,
        "decision": decision.key,
        "rows": artifact.manifest.fit.rows,
        "train": _span(divided.train) | {"keys": list(divided.train)},
        "holdout": _span(divided.holdout),
        "holdout_partitions": list(divided.holdout),
        "cut": divided.cut_at.isoformat(),
        "features": [features.version(), found.feature_version],
        "labels": labels.version(),
        "model_sha256": artifact.manifest.model_sha256,
        "model_bytes": artifact.manifest.model_bytes,
        **({"tuning": tuned.model_dump()} if (tuned := artifact.manifest.fit.tuning) else {}),
    }
    return found.ledger.append("candidate", key, body)


def fit_candidate(
    project: Project, found: Begun, divided: Cut, versions: tuple[int | None, int | None], trigger: str
) -> Artifact:
    """Return the candidate of a cut, from pinned versions of features and labels."""
    model = found.model
    features_at, labels_at = versions

    # the classes are those seen until the cut, fixed in the manifest; one that comes later is for a later candidate
    classes = classes_of(project, model.name, divided.train, labels_at) if model.task == "multiclass" else ()

    def rows() -> Iterator[pa.RecordBatch]:
        version = found.feature_version
        return labelled_rows(project, model.name, divided.train, version, features_at, labels_at, classes=classes)

    return fit(
        rows,
        features=feature_columns(project, model.name),
        learner=model.learner,
        task=model.task,
        seed=seed_of(model.name, found.night.key, "train", model.learner.seed),
        nthread=project.threads,
        weights=divided.weights,
        study=project.model_home(model.name) / "studies" / found.night.key,
        classes=classes,
        lineage=Lineage(
            model=model.name,
            partition=found.night.key,
            inputs=(
                TableInput(table=f"models/{model.name}/features", version=features_at or 0, partitions=divided.train),
                TableInput(table=f"models/{model.name}/labels", version=labels_at or 0, partitions=divided.train),
            ),
            train=divided.train,
            holdout=divided.holdout,
            window=divided.window,
            feature_version=found.feature_version,
            configuration=str(found.body["configuration"]),
            code=VERSION,
            parent=found.champion or "",
            trigger=trigger,
        ),
    )


def seed_of(model: str, partition: str, purpose: str, seed: int) -> int:
    """Return the seed of a purpose: a hash of model, partition, purpose and the configured seed, below 2**31."""
    text = f"{model}/{partition}/{purpose}/{seed}"
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2**31


def _told(span: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in span.items() if name != "keys"}


def _span(keys: tuple[str, ...]) -> dict[str, Any]:
    return {"first": keys[0], "last": keys[-1], "partitions": len(keys)}
