"""Decide recorded nights again from what they recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.policy.decide import decided_again

if TYPE_CHECKING:
    from include.project import Project


def replayed(project: Project, name: str) -> list[dict[str, Any]]:
    """Return, for each decision of a model, what was decided and whether its record gives the same again.

    Notes
    -----
    A night held back because a later one was decided, or because the champion was frozen, is not the policy's doing; its
    rule is asked again all the same and may differ only in that direction.
    """
    found = []
    for record in project.model_ledger(name).records("decision"):
        told = record.body["decision"]
        again = decided_again(dict(record.body))
        held = (
            told["verdict"] == "hold"
            and again.verdict == "retrain"
            and ("decided already" in told["reason"] or "frozen" in told["reason"])
        )
        same = held or (again.verdict, again.reason) == (told["verdict"], told["reason"])
        found.append(
            {
                "partition": record.body["partition"],
                "recorded": told["verdict"],
                "again": again.verdict,
                "same": same,
                "reason": told["reason"],
            }
        )
    return found
