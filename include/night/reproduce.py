"""Train a model version again from the table versions it pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import LedgerError
from include.night.rows import labelled_rows
from include.night.score import artifact_of
from include.registry.champions import champions
from include.training.reproduce import reproduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from include.project import Project


def reproduced(project: Project, name: str, version: str) -> dict[str, Any]:
    """Return whether a version of a model comes out byte for byte again.

    Parameters
    ----------
    project, name
        The installation and the model.
    version : str
        Number of a champion, or digest (or its first characters) of any candidate.

    Raises
    ------
    LedgerError
        When it names no one version.
    """
    digest = _digest_of(project, name, version)
    manifest = artifact_of(project, name, digest).manifest
    lineage = manifest.lineage
    pinned = {item.table.rsplit("/", 1)[-1]: item.version for item in lineage.inputs}

    def rows() -> Iterator[pa.RecordBatch]:
        return labelled_rows(
            project,
            name,
            lineage.train,
            lineage.feature_version,
            pinned["features"],
            pinned["labels"],
            classes=manifest.classes,
        )

    found = reproduce(rows, manifest)
    return {
        "model": name,
        "digest": digest,
        "same": found.same,
        "expected": found.expected,
        "found": found.found,
        "reasons": list(found.reasons),
    }


def _digest_of(project: Project, name: str, version: str) -> str:
    records = project.model_ledger(name).records()
    known = {c.candidate for c in champions(records) if str(c.version) == version}
    known |= {
        d
        for d in (str(r.body["candidate"]) for r in records if r.kind == "candidate")
        if len(version) >= 6 and d.startswith(version)
    }
    if len(known) != 1:
        raise LedgerError.at(
            f"model {name}",
            f"{version!r} names {len(known)} versions",
            "one",
            f"see: python -m include ledger {name} --kind candidate",
        )
    return known.pop()
