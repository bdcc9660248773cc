"""From challenger to champion: approval, shadow nights, canary, one record that is the promotion; or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import BlockedError, LedgerError
from include.night.messages import flush, tell
from include.night.trial import approved
from include.registry.champions import challenger, champion, champions, frozen, pending, verdicts
from include.registry.stages import next_stage, trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.project import Project
    from include.registry.ledger import Record
    from include.registry.stages import Trial


def promote(project: Project, name: str, candidate: str, reason: str, actor: str, *, by_hand: bool) -> Record:
    """Take a challenger one step further; return the record: of the stage that begins, or of the promotion."""
    ledger = project.model_ledger(name)
    records = ledger.records()
    digest = passed(name, records, candidate, reason)
    made = ledger.find(f"promotion/{digest}")
    if made is not None:
        tell_promotion(project, name, made)
        return made
    _refuse_frozen(name, records)
    verdict = verdicts(records)[digest]
    rival = verdict.body["champion"]
    settings = project.catalog.model(name).promotion
    if settings.approval and not approved(records, digest):
        _approve_by_hand(project, name, digest, reason, actor, by_hand=by_hand)
    now = trial(records)
    now = now if now is not None and now.candidate == digest else None
    at_once = by_hand and bool(reason.strip())
    if now is not None and not at_once:
        _refuse_unfinished(name, records, now)
    stage = None if at_once or rival is None else next_stage(now, settings)  # the first champion has nobody beside it
    body = {"partition": newest_night(records), "candidate": digest, "reason": reason or verdict.body["reason"]}
    unless = _stale(digest, rival)
    if stage is not None:
        told = body | {"champion": rival, "stage": stage, "share": settings.canary_share if stage == "canary" else 0.0}
        key = f"stage/{stage}/{digest}/{rival}"
        return ledger.append("stage", key, told, unless=unless, actor=actor)
    body |= {"action": "promote", "parent": rival, "gate": verdict.key}
    body |= {} if verdict.body["verdict"] == "pass" else {"overruled": "golden_set"}
    made = ledger.append("promotion", f"promotion/{digest}", body, unless=unless, actor=actor)
    tell_promotion(project, name, made)
    return made


def tell_promotion(project: Project, name: str, record: Record) -> bool:
    """Put the message about a change of the champion into the outbox, once; returns whether it is new."""
    body, digest = record.body, str(record.body["candidate"])[:12]
    if body["action"] == "roll_back":
        text = f"{record.actor} brought {digest} back: {body['reason']}"
        return tell(
            project, name, "roll_back", "warn", "rolled back", text, partition=body["partition"], key=record.key
        )
    records = project.model_ledger(name).records()
    version = champions([r for r in records if r.number <= record.number])[-1].version
    text = f"Candidate {digest} is the champion: {body['reason']}"
    return tell(
        project,
        name,
        "promotion",
        "info",
        f"champion {version}",
        text,
        partition=body["partition"],
        key=record.key,
    )


def refuse(project: Project, name: str, candidate: str, reason: str, actor: str) -> Record:
    """Refuse a challenger, or a candidate that waits: it will not be promoted."""
    ledger = project.model_ledger(name)
    records = ledger.records()
    waiting = [digest for digest in (challenger(records), pending(records)) if digest]
    found = [digest for digest in waiting if digest.startswith(candidate)]
    if not found:
        raise LedgerError.at(
            f"model {name}",
            f"no candidate that waits begins with {candidate!r}" if candidate else "no candidate waits",
            f"one of {', '.join(d[:12] for d in waiting)}" if waiting else "a challenger, or a candidate at the gate",
            f"see them with: python -m include ledger {name}",
        )
    return write_refusal(project, name, found[0], reason, actor)


def write_refusal(project: Project, name: str, candidate: str, reason: str, actor: str) -> Record:
    """Write that a candidate will not be promoted, and tell the owner."""
    ledger = project.model_ledger(name)
    records = ledger.records()
    serving = champion(records)
    body = {"partition": newest_night(records), "candidate": candidate, "reason": reason}
    rival = serving.candidate if serving else None
    record = ledger.append("refusal", f"refusal/{candidate}", body | {"champion": rival}, actor=actor)
    tell(
        project,
        name,
        "gate",
        "warn",
        f"candidate {candidate[:12]}: refused",
        record.body["reason"],
        partition=record.body["partition"],
        key=record.key,
        impact="The champion stays.",
    )
    return record


def approve(project: Project, name: str, candidate: str, *, by: str, reason: str = "") -> Record:
    """Write that a person approves a challenger against the present champion; once, whoever comes first."""
    ledger = project.model_ledger(name)
    records = ledger.records()
    digest = passed(name, records, candidate)
    rival = verdicts(records)[digest].body["champion"]
    body = {"partition": newest_night(records), "candidate": digest, "champion": rival, "reason": reason}
    return ledger.append("approval", f"approval/{digest}/{rival}", body, actor=by)


def ask(project: Project, name: str, candidate: str) -> bool:
    """Tell the owner that a challenger awaits a person's answer; False when it has its approval already."""
    records = project.model_ledger(name).records()
    digest = passed(name, records, candidate)
    if approved(records, digest) or any(r.key == f"promotion/{digest}" for r in records):
        return False
    verdict = verdicts(records)[digest]
    tell(
        project,
        name,
        "approval",
        "warn",
        f"candidate {digest[:12]} awaits approval",
        verdict.body["reason"],
        partition=verdict.body["partition"],
        key=f"ask/{verdict.key}",
        todo=(
            f"approve or reject it in Airflow: promote_{name}, task `approve`",
            f"or: `python -m include promote {name} {digest[:12]}`",
        ),
        impact="Nobody answering in time is a refusal; the champion stays.",
    )
    flush(project)
    return True


def passed(name: str, records: Sequence[Record], candidate: str, reason: str = "") -> str:
    """Return the digest of what may be promoted: what passed, or, by a person with a reason, what only the golden set failed.

    The challenger when no candidate is named, else the one whose digest begins with the text.
    """
    if not candidate:
        waiting = challenger(records)
        if waiting is None:
            raise LedgerError.at(
                f"model {name}",
                "has no challenger",
                "a candidate that passed the gate",
                "wait for one, or force a retraining",
            )
        return waiting
    last = {digest: record.body for digest, record in verdicts(records).items()}
    may = [digest for digest, body in last.items() if body["verdict"] == "pass" or body["report"]["ask_person"]]
    found = sorted(digest for digest in may if digest.startswith(candidate))
    if len(found) == 1 and last[found[0]]["verdict"] != "pass" and not reason.strip():
        raise LedgerError.at(
            f"model {name}",
            f"candidate {found[0][:12]} failed on the golden set and needs a person's word",
            "a reason for the ledger",
            "say why the newest data are right",
        )
    if len(found) != 1:
        raise LedgerError.at(
            f"model {name}",
            f"{len(found)} candidates that passed the gate begin with {candidate!r}",
            "exactly one",
            f"see them with: python -m include ledger {name}",
        )
    return found[0]


def newest_night(records: Sequence[Record]) -> str:
    """Return the key of the newest night that has begun: what is done now holds from the next one on."""
    return max(str(r.body["partition"]) for r in records if r.kind == "night_start")


def _approve_by_hand(project: Project, name: str, digest: str, reason: str, actor: str, *, by_hand: bool) -> None:
    if not by_hand:
        raise BlockedError.at(
            f"model {name}",
            f"candidate {digest[:12]} has no approval",
            "a person's",
            f"approve it in Airflow, or with: python -m include promote {name} {digest[:12]}",
        )
    approve(project, name, digest, by=actor, reason=reason)


def _refuse_frozen(name: str, records: Sequence[Record]) -> None:
    kept = frozen(records)
    if kept is not None:
        raise BlockedError.at(
            f"model {name}", f"the champion is frozen: {kept}", "a champion that may change", "thaw it first"
        )


def _refuse_unfinished(name: str, records: Sequence[Record], now: Trial) -> None:
    judged = [r.body for r in records if r.kind == "trial" and r.body["candidate"] == now.candidate]
    mine = [b for b in judged if b["stage"] == now.stage and b["champion"] == now.champion]
    if not mine or mine[-1]["verdict"] != "pass":
        told = mine[-1]["reason"] if mine else "no night of it yet"
        raise BlockedError.at(
            f"model {name}",
            f"candidate {now.candidate[:12]} is on trial ({told})",
            "a trial that is over",
            "wait, or promote it at once with a reason: python -m include promote … --reason …",
        )


def _stale(digest: str, rival: str | None) -> Callable[[Sequence[Record]], str | None]:
    """Return what finds out, just before the record is written, why it must not be."""

    def found(now: Sequence[Record]) -> str | None:
        serving = champion(now)
        current = serving.candidate if serving else None
        if current != rival:
            return f"the candidate was judged against {rival}, but the champion is {current}: it is judged again"
        verdict = verdicts(now)[digest].body
        overruled = verdict["report"]["ask_person"]
        if (verdict["verdict"] != "pass" and not overruled) or any(
            r.kind == "refusal" and r.body["candidate"] == digest for r in now
        ):
            return f"candidate {digest[:12]} was refused meanwhile"
        kept = frozen(now)
        return f"the champion is frozen: {kept}" if kept is not None else None

    return found
