"""Train a model version again from the table versions it pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.errors import LedgerError
from include.night.pinned import training_rows
from include.night.score import artifact_of
from include.registry.champions import champions
from include.training.reproduce import reproduce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.project import Project


def reproduced(project: Project, name: str, version: str) -> dict[str, Any]:
    """Return whether a version of a model comes out byte for byte again, or that rows of its training were erased.

    Parameters
    ----------
    project, name
        The installation and the model.
    version : str
        Number of a champion, or digest (or its first characters) of any candidate.

    Returns
    -------
    dict
        ``model``, ``digest``, ``answer`` (``same``, ``different`` or ``erased``: it cannot be told any more), ``same``,
        ``expected`` and ``found`` (hashes of the model; found is empty when erased) and ``reasons``.

    Raises
    ------
    LedgerError
        When it names no one version.
    """
    digest = _digest_of(project, name, version)
    manifest = artifact_of(project, name, digest).manifest
    erased = _erased(project, name, digest, manifest.lineage.train)
    if erased:
        return {
            "model": name,
            "digest": digest,
            "answer": "erased",
            "same": False,
            "expected": manifest.model_sha256,
            "found": "",
            "reasons": erased,
        }
    found = reproduce(lambda: training_rows(project, name, manifest), manifest)
    return {
        "model": name,
        "digest": digest,
        "answer": "same" if found.same else "different",
        "same": found.same,
        "expected": found.expected,
        "found": found.found,
        "reasons": list(found.reasons),
    }


def _erased(project: Project, name: str, digest: str, trained_on: Sequence[str]) -> list[str]:
    """Return a sentence a receipt for rows that the version was trained on and that were erased since."""
    records = project.model_ledger(name).records()
    trained = next((r.number for r in records if r.kind == "candidate" and r.body["candidate"] == digest), -1)
    found = []
    for record in records:
        if record.kind != "erasure" or record.number < trained:
            continue
        tables = record.body["tables"]
        mine = [t for n in ("features", "labels") if (t := tables.get(f"models/{name}/{n}"))]
        keys = sorted({key for table in mine for key in table["partitions"]} & set(trained_on))
        if keys:
            found.append(
                f"rows of {len(keys)} training partitions ({keys[0]} to {keys[-1]}) were erased on {record.at[:10]}, "
                f"record {record.number}: {record.body['reason']}"
            )
    return found


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
