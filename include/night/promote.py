"""promote, refuse, roll back, freeze: one ledger record each; MLflow and messages follow from it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from include.errors import LedgerError, NightshiftError
from include.night.messages import flush
from include.night.succession import newest_night, promote, refuse, tell_promotion
from include.registry.artifact import load
from include.registry.champions import challenger, champion, champions, pending, previous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.project import Project
    from include.registry.ledger import Ledger, Record

log = logging.getLogger(__name__)


ACTIONS = ("promote", "refuse", "roll_back", "freeze", "thaw")


def act(
    project: Project,
    name: str,
    *,
    action: str,
    candidate: str = "",
    reason: str = "",
    actor: str | None = None,
    by_hand: bool = False,
) -> dict[str, Any]:
    """Change a model's champion, or keep it from changing.

    Parameters
    ----------
    project : Project
        The installation.
    name : str
        Model.
    action : str
        ``promote``, ``refuse``, ``roll_back``, ``freeze`` or ``thaw``.
    candidate : str
        Digest (or its first characters) or version number; for ``promote`` and ``refuse`` the challenger when empty, for
        ``roll_back`` the champion before the present one when empty.
    reason : str
        Why; needed for all but ``promote``.
    actor : str, optional
        Who; the project's actor when omitted.
    by_hand : bool
        Whether a person asks: then ``promote`` is an approval too, and with a reason it skips shadow nights and canary.

    Returns
    -------
    dict
        ``champion``, ``version``, ``record`` (number of the ledger's record); ``stage`` when the challenger is on trial now.

    Raises
    ------
    LedgerError
        When there is nothing to act on, or a reason is missing.
    BlockedError
        When the champion is frozen, a person must approve first, or the trial is not over.
    ConflictError
        When the candidate was judged against a champion that no longer is one: the next night judges it again.
    """
    if action not in ACTIONS:
        raise LedgerError.at(f"model {name}", f"action {action!r} is not known", f"one of {', '.join(ACTIONS)}")
    if action != "promote" and not reason.strip():
        raise LedgerError.at(f"model {name}", f"{action} has no reason", "a sentence for the ledger", "say why")
    ledger, who = project.model_ledger(name), actor or project.stamp.actor
    if action == "promote":
        record = promote(project, name, candidate, reason, who, by_hand=by_hand)
    elif action == "roll_back":
        record = _roll_back(project, name, ledger, candidate, reason, who)
    elif action == "refuse":
        record = refuse(project, name, candidate, reason, who)
    else:
        record = _frozen(ledger, reason, who, frozen=action == "freeze")
    now = champion(ledger.records())
    project_registry(project, name)
    flush(project)
    told = {"champion": now.candidate if now else None, "version": now.version if now else None}
    return told | {"record": record.number} | ({"stage": record.body["stage"]} if record.kind == "stage" else {})


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


def _roll_back(project: Project, name: str, ledger: Ledger, candidate: str, reason: str, actor: str) -> Record:
    records = ledger.records()
    made = [r for r in records if r.kind == "promotion"][-1:]
    if made and _is_it(made[0].body, candidate, reason):
        return _told(project, name, made[0])  # the same once more
    target = _earlier(name, records, candidate)
    load(project.model_home(name) / "artifacts", target)  # never bring back what cannot be loaded
    serving = champion(records)
    body = {
        "partition": newest_night(records),
        "action": "roll_back",
        "candidate": target,
        "parent": serving.candidate if serving else None,
        "reason": reason,
    }

    def stale(now: Sequence[Record]) -> str | None:
        return None if champion(now) == serving else "the champion has changed meanwhile"

    key = f"roll_back/{target}/{records[-1].number}"
    return _told(project, name, ledger.append("promotion", key, body, unless=stale, actor=actor))


def _is_it(made: Mapping[str, Any], candidate: str, reason: str) -> bool:
    same = made["action"] == "roll_back" and made["reason"] == reason
    return bool(same and candidate and str(made["candidate"]).startswith(candidate))


def _told(project: Project, name: str, record: Record) -> Record:
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


def _frozen(ledger: Ledger, reason: str, actor: str, *, frozen: bool) -> Record:
    number = len(ledger.records())
    return ledger.append("freeze", f"freeze/{frozen}/{number}", {"frozen": frozen, "reason": reason}, actor=actor)
