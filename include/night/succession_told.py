"""What a night has meant for the champion, in a sentence for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.registry.ledger import Record


def told_of_succession(newest: Mapping[str, Record]) -> str:
    """Return what happened between challenger and champion, from the newest record of each kind of one night; may be empty."""
    parts = [_promotion(newest), _trial(newest)]
    if "beside" in newest:
        parts.append(str(newest["beside"].body["reason"]))
    return "; ".join(part for part in parts if part)


def _promotion(newest: Mapping[str, Record]) -> str:
    made = newest.get("promotion")
    if made is not None:
        return f"{made.body['action'].replace('_', ' ')} by {made.actor}: {made.body['reason']}"
    refused = newest.get("refusal")
    if refused is not None:
        return f"candidate {refused.body['candidate'][:12]} was refused by {refused.actor}: {refused.body['reason']}"
    gate = newest.get("gate")
    if gate is not None and gate.body["report"]["ask_person"]:
        return (
            "the newest nights and the golden set disagree, so nothing is promoted until a person has looked; with a "
            f"reason, `promote` makes candidate {gate.body['candidate'][:12]} champion all the same"
        )
    if gate is not None and gate.body["verdict"] == "pass" and "stage" not in newest:
        return "the candidate passed; its promotion has been started and takes effect with the next night"
    return ""


def _trial(newest: Mapping[str, Record]) -> str:
    begun, judged = newest.get("stage"), newest.get("trial")
    parts = [f"candidate {judged.body['candidate'][:12]}, {judged.body['reason']}"] if judged else []
    if begun is not None:
        body, what = begun.body, "scores beside the champion"
        if body["stage"] == "canary":
            what = f"serves {body['share']:.0%} of the keys"
        parts.append(f"candidate {body['candidate'][:12]} {what} from the next night on")
    return "; ".join(parts)
