"""gate, as a step of the night: new candidate, challenger on trial and new champion, each judged by what is known tonight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.begun import begun
from include.night.gate import gate
from include.night.succession import write_refusal
from include.night.trial import judge_champion, judge_trial, to_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.project import Project
    from include.registry.ledger import Record


def judge(project: Project, name: str, partition: str) -> dict[str, Any]:
    """Judge whatever is to be judged in a night.

    Returns
    -------
    dict
        ``candidate``, ``verdict``, ``reason`` of the candidate, else of the challenger on trial; ``beside``: what the
        champion that was replaced says of the new one; ``start``: what is to be done about the champion
        (`include.night.trial.to_start`); or ``skipped`` with the reason why nothing is judged.
    """
    found = begun(project, name, partition)
    back = judge_champion(project, found)
    tried = judge_trial(project, found)
    if tried is not None and tried.body["verdict"] == "fail":
        body = tried.body
        write_refusal(project, name, body["candidate"], f"on trial, {body['reason']}", project.stamp.actor)
    result = gate(project, name, partition)
    if "skipped" in result and tried is not None:
        result = {
            "candidate": tried.body["candidate"],
            "verdict": tried.body["verdict"],
            "reason": tried.body["reason"],
        }
    if back is not None:
        result |= {"beside": back.body["reason"]}
    records = found.ledger.records()
    newest = max(str(r.body["partition"]) for r in records if r.kind == "night_start")
    start = (to_start(records, partition) if partition == newest else None) or _done(records, partition)
    if start is not None:
        result |= {"start": start}
    if start is not None or back is not None:
        result.pop("skipped", None)
    return result


def _done(records: Sequence[Record], partition: str) -> dict[str, str] | None:
    """Return the change that the night has led to already: what follows from its record may not have been done yet.

    A roll back only as long as it is the newest change, for to start it again later would be another one.
    """
    every = [r for r in records if r.kind == "promotion"]
    made = [r.body for r in every if r.body["partition"] == partition]
    if not made or (made[-1]["action"] != "promote" and made[-1] is not every[-1].body):
        return None
    action, candidate = str(made[-1]["action"]), str(made[-1]["candidate"])
    return {
        "action": action,
        "candidate": candidate,
        "reason": str(made[-1]["reason"]),
        "run": f"{action}__{candidate}",
    }
