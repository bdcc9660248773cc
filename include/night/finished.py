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
    mine = [r for r in records if r.body.get("partition") == partition]
    candidates = [r for r in mine if r.kind == "candidate" and "refit_of" not in r.body]
    if decision.body["decision"]["verdict"] == "retrain" and not candidates:
        return "was to train a candidate and did not: `train` failed"
    judged = [r for r in mine if r.kind == "gate"]
    if candidates and not any(r.body["candidate"] == candidates[-1].body["candidate"] for r in judged):
        return "trained a candidate that was not judged: `gate` failed"
    again = {r.body["candidate"] for r in judged if r.body["verdict"] == "pass" and r.body.get("refit")}
    refitted = {r.body["refit_of"] for r in mine if r.kind == "refit"}
    if any(digest not in refitted for digest in again - {r.body["candidate"] for r in judged if "refit_of" in r.body}):
        return "was to train the candidate that passed again up to the newest label: `gate` failed"
    return ""
