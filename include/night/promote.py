"""promote, roll back, freeze: one ledger record each; MLflow and messages follow from it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.errors import BlockedError, LedgerError, NightshiftError
from include.night.messages import flush, tell
from include.registry.artifact import load
from include.registry.champions import challenger, champion, champions, frozen, pending, previous

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.project import Project
    from include.registry.ledger import Ledger, Record

log = logging.getLogger(__name__)


def act(
    project: Project, name: str, *, action: str, candidate: str = "", reason: str = "", actor: str | None = None
) -> dict[str, Any]:
    """Change a model's champion, or keep it from changing.

    Parameters
    ----------
    project : Project
        The installation.
    name : str
        Model.
    action : str
        ``promote``, ``roll_back``, ``freeze`` or ``thaw``.
    candidate : str
        Digest (or its first characters) or version number; for ``promote`` the challenger when empty, for ``roll_back``
        the champion before the present one when empty.
    reason : str
        Why; needed for all but ``promote``.
    actor : str, optional
        Who; the project's actor when omitted.

    Returns
    -------
    dict
        ``champion``, ``version``, ``record`` (number of the ledger's record).

    Raises
    ------
    LedgerError
        When there is nothing to act on, or a reason is missing.
    BlockedError
        When the champion is frozen and a candidate is to be promoted.
    ConflictError
        When the candidate was judged against a champion that no longer is one: it must be judged again.
    """
    actions: dict[str, Callable[[Project, str, Ledger, str, str, str], Record]] = {
        "promote": _promote,
        "roll_back": _roll_back,
        "freeze": _freeze,
        "thaw": _thaw,
    }
    if action not in actions:
        raise LedgerError.at(f"model {name}", f"action {action!r} is not known", f"one of {', '.join(actions)}")
    if action != "promote" and not reason.strip():
        raise LedgerError.at(f"model {name}", f"{action} has no reason", "a sentence for the ledger", "say why")
    ledger = project.model_ledger(name)
    record = actions[action](project, name, ledger, candidate, reason, actor or project.stamp.actor)
    now = champion(ledger.records())
    project_registry(project, name)
    flush(project)
    return {
        "champion": now.candidate if now else None,
        "version": now.version if now else None,
        "record": record.number,
    }


def project_registry(project: Project, name: str) -> bool:
    """Make MLflow's aliases say what the ledger says; False when MLflow cannot be reached now (the next one repairs it)."""
    if project.tracking_uri is None:
        return False
    from include.registry.aliases import project_aliases

    try:
        project_aliases(project.tracking_uri, name, wanted_aliases(project, name))
    except NightshiftError as error:
        log.warning("MLflow's aliases are not up to date and will be repaired: %s", error)
        return False
    return True


def wanted_aliases(project: Project, name: str) -> dict[str, str]:
    """Return where MLflow's aliases belong, as the ledger has it: digest by alias."""
    records = project.model_ledger(name).records()
    now, before = champion(records), previous(records)
    wanted = {
        "champion": now.candidate if now else None,
        "previous": before.candidate if before else None,
        "challenger": challenger(records) or pending(records),
    }
    return {alias: digest for alias, digest in wanted.items() if digest}


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


def _promote(project: Project, name: str, ledger: Ledger, candidate: str, reason: str, actor: str) -> Record:
    records = ledger.records()
    kept = frozen(records)
    if kept is not None:
        raise BlockedError.at(
            f"model {name}", f"the champion is frozen: {kept}", "a champion that may change", "thaw it first"
        )
    digest = _passed(name, records, candidate, reason)
    verdict = next(r for r in reversed(records) if r.kind == "gate" and r.body["candidate"] == digest)
    parent = verdict.body["champion"]

    def stale(now: Sequence[Record]) -> str | None:
        serving = champion(now)
        current = serving.candidate if serving else None
        return (
            None if current == parent else f"the candidate was judged against {parent}, but the champion is {current}"
        )

    body = {
        "partition": verdict.body["partition"],
        "action": "promote",
        "candidate": digest,
        "parent": parent,
        "reason": reason or verdict.body["reason"],
        "gate": verdict.key,
        **({} if verdict.body["verdict"] == "pass" else {"overruled": "golden_set"}),
    }
    record = ledger.append("promotion", f"promotion/{digest}", body, unless=stale, actor=actor)
    tell_promotion(project, name, record)
    return record


def _passed(name: str, records: Sequence[Record], candidate: str, reason: str) -> str:
    """Return the digest of what may be promoted: what passed, or, by a person with a reason, what only the golden set failed."""
    last = {str(r.body["candidate"]): r.body for r in records if r.kind == "gate"}
    passed = [digest for digest, body in last.items() if body["verdict"] == "pass" or body["report"]["ask_person"]]
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
    found = sorted({digest for digest in passed if digest.startswith(candidate)})
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


def _roll_back(project: Project, name: str, ledger: Ledger, candidate: str, reason: str, actor: str) -> Record:
    records = ledger.records()
    target = _earlier(name, records, candidate)
    load(project.model_home(name) / "artifacts", target)  # never bring back what cannot be loaded
    serving = champion(records)
    nights = [str(r.body["partition"]) for r in records if r.kind == "night_start"]
    body = {
        "partition": max(nights),
        "action": "roll_back",
        "candidate": target,
        "parent": serving.candidate if serving else None,
        "reason": reason,
    }

    def stale(now: Sequence[Record]) -> str | None:
        return None if champion(now) == serving else "the champion has changed meanwhile"

    record = ledger.append("promotion", f"roll_back/{target}/{records[-1].number}", body, unless=stale, actor=actor)
    tell_promotion(project, name, record)
    return record


def _earlier(name: str, records: Sequence[Record], candidate: str) -> str:
    served = champions(records)
    now = served[-1].candidate if served else None
    if not candidate:
        before = previous(records)
        if before is None:
            raise LedgerError.at(f"model {name}", "has no earlier champion", "at least two champions", "nothing to do")
        return before.candidate
    found = {c.candidate for c in served if candidate in (str(c.version), c.candidate[: len(candidate)])}
    if len(found) != 1 or found == {now}:
        known = ", ".join(dict.fromkeys(f"{c.version} ({c.candidate[:12]})" for c in served)) or "none"
        raise LedgerError.at(
            f"model {name}",
            f"{candidate!r} names no one earlier champion",
            f"one of {known}",
            "give its version or digest",
        )
    return found.pop()


def _freeze(project: Project, name: str, ledger: Ledger, candidate: str, reason: str, actor: str) -> Record:
    return _frozen(ledger, reason, actor, frozen=True)


def _thaw(project: Project, name: str, ledger: Ledger, candidate: str, reason: str, actor: str) -> Record:
    return _frozen(ledger, reason, actor, frozen=False)


def _frozen(ledger: Ledger, reason: str, actor: str, *, frozen: bool) -> Record:
    number = len(ledger.records())
    return ledger.append("freeze", f"freeze/{frozen}/{number}", {"frozen": frozen, "reason": reason}, actor=actor)
