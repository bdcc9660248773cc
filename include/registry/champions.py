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


def verdicts(records: Sequence[Record]) -> dict[str, Record]:
    """Return the newest verdict of the gate on each candidate."""
    return {str(r.body["candidate"]): r for r in records if r.kind == "gate"}


def settled(records: Sequence[Record]) -> set[str]:
    """Return the candidates about which nothing is to be decided any more: promoted once, refused, failed, or refit."""
    done = {str(r.body["candidate"]) for r in records if r.kind in ("promotion", "refusal")}
    done |= {str(r.body["refit_of"]) for r in records if r.kind == "gate" and "refit_of" in r.body}
    return done | {digest for digest, record in verdicts(records).items() if record.body["verdict"] == "fail"}


def trained_in(records: Sequence[Record]) -> Record | None:
    """Return the candidate that the training of a night has brought: its refit where that held, never one that was refused."""
    refused = {str(r.body["candidate"]) for r in records if r.kind == "refit" and r.body["verdict"] != "pass"}
    found = [r for r in records if r.kind == "candidate" and r.body["candidate"] not in refused]
    return found[-1] if found else None


def refused_refit(records: Sequence[Record]) -> str:
    """Return why a refit of a night was not taken, in a sentence; empty where none was refused."""
    found = [str(r.body["reason"]) for r in records if r.kind == "refit" and r.body["verdict"] != "pass"]
    return found[-1] if found else ""


def pending(records: Sequence[Record]) -> str | None:
    """Return the candidate whose verdict is awaited, the newest of them.

    It was trained and has neither passed nor failed yet (a refit awaits no verdict of its own), or it passed against a champion that no longer is one: then it
    must be judged again, against the present one.
    """
    done, latest = settled(records), verdicts(records)
    trained = [str(r.body["candidate"]) for r in records if r.kind == "candidate" and "refit_of" not in r.body]
    open_ones = [d for d in trained if d not in done and (d not in latest or latest[d].body["verdict"] == "wait")]
    return open_ones[-1] if open_ones else stale(records)


def challenger(records: Sequence[Record]) -> str | None:
    """Return the candidate that passed the gate against the present champion and is neither promoted nor refused yet."""
    found = _passed(records)
    rival = _serving(records)
    fresh = [digest for digest, record in found.items() if record.body["champion"] == rival]
    return fresh[-1] if fresh else None


def stale(records: Sequence[Record]) -> str | None:
    """Return the candidate that passed the gate against a champion that no longer is one, and is not settled."""
    found = _passed(records)
    rival = _serving(records)
    old = [digest for digest, record in found.items() if record.body["champion"] != rival]
    return old[-1] if old else None


def frozen(records: Sequence[Record]) -> str | None:
    """Return why a person has frozen the champion, None when it is not frozen."""
    found = [r for r in records if r.kind == "freeze"]
    return str(found[-1].body["reason"]) if found and found[-1].body["frozen"] else None


def _serving(records: Sequence[Record]) -> str | None:
    found = champion(records)
    return found.candidate if found else None


def _passed(records: Sequence[Record]) -> dict[str, Record]:
    """Return the newest verdicts of the candidates that passed and are not settled, in the order of their verdicts."""
    done = settled(records)
    passed = [r for r in verdicts(records).values() if r.body["verdict"] == "pass" and r.body["candidate"] not in done]
    return {str(r.body["candidate"]): r for r in sorted(passed, key=lambda r: r.number)}
