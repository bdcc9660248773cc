"""Who serves, who served, who waits: read from the records of a model's ledger, nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.registry.ledger import Record


@dataclass(frozen=True)
class Champion:
    """A model version in service.

    Attributes
    ----------
    candidate : str
        Digest of its manifest.
    version : int
        1 for the first champion, counting promotions of new candidates; a roll back brings an old number back.
    since : str
        Key of the night in which it was promoted; it serves the nights after.
    """

    candidate: str
    version: int
    since: str


def champions(records: Sequence[Record]) -> list[Champion]:
    """Return every champion in the order of service, roll backs included."""
    found: list[Champion] = []
    for record in records:
        if record.kind != "promotion":
            continue
        candidate = str(record.body["candidate"])
        known = {c.candidate: c.version for c in found}
        version = known.get(candidate, max(known.values(), default=0) + 1)
        found.append(Champion(candidate, version, str(record.body["partition"])))
    return found


def champion(records: Sequence[Record]) -> Champion | None:
    """Return the champion, None before the first promotion."""
    found = champions(records)
    return found[-1] if found else None


def champion_of_night(records: Sequence[Record], partition: str) -> Champion | None:
    """Return the newest champion that was promoted in a night before this one: none that has seen its data.

    Keys of one model are of one grain and sort as their partitions do.
    """
    found = [c for c in champions(records) if c.since < partition]
    return found[-1] if found else None


def previous(records: Sequence[Record]) -> Champion | None:
    """Return the champion before the present one."""
    found = champions(records)
    earlier = [c for c in found if c.candidate != found[-1].candidate] if found else []
    return earlier[-1] if earlier else None


def pending(records: Sequence[Record]) -> str | None:
    """Return the candidate whose verdict is awaited: trained, and neither passed nor failed yet (a refit awaits none)."""
    trained = [str(r.body["candidate"]) for r in records if r.kind == "candidate" and "refit_of" not in r.body]
    if not trained:
        return None
    verdicts = {str(r.body["candidate"]): r.body["verdict"] for r in records if r.kind == "gate"}
    return trained[-1] if verdicts.get(trained[-1]) in (None, "wait") else None


def challenger(records: Sequence[Record]) -> str | None:
    """Return the candidate that passed the gate and is neither promoted nor refused yet."""
    passed = [str(r.body["candidate"]) for r in records if r.kind == "gate" and r.body["verdict"] == "pass"]
    if not passed:
        return None
    settled = {str(r.body["candidate"]) for r in records if r.kind in ("promotion", "refusal")}
    return passed[-1] if passed[-1] not in settled else None


def frozen(records: Sequence[Record]) -> str | None:
    """Return why a person has frozen the champion, None when it is not frozen."""
    found = [r for r in records if r.kind == "freeze"]
    return str(found[-1].body["reason"]) if found and found[-1].body["frozen"] else None
