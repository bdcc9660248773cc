"""Whether a night ended well, told from the ledger alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.night.decide import decision_of_night

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.registry.ledger import Record


def unfinished_steps(records: Sequence[Record], partition: str) -> str:
    """Return what a night lacks to be done, empty when nothing is."""
    decision = decision_of_night(records, partition)
    if decision is None:
        return "was not decided: a step before `decide` failed"
    candidates = [r for r in records if r.kind == "candidate" and r.body["partition"] == partition]
    if decision.body["decision"]["verdict"] == "retrain" and not candidates:
        return "was to train a candidate and did not: `train` failed"
    judged = [r for r in records if r.kind == "gate" and r.body["partition"] == partition]
    if candidates and not any(r.body["candidate"] == candidates[-1].body["candidate"] for r in judged):
        return "trained a candidate that was not judged: `gate` failed"
    return ""
