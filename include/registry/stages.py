"""Between the gate and the crown: a challenger's shadow nights and canary share, and the champion that was replaced.

Everything is read from the ledger's records. A record ``stage`` begins a stage; a promotion or a refusal of the candidate
ends it, and so does another champion: then the candidate is judged again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.registry.champions import champion, champion_of_night, frozen, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.config.model import Promotion
    from include.registry.ledger import Record

Stage = Literal["shadow", "canary"]


@dataclass(frozen=True)
class Trial:
    """A challenger on trial.

    Attributes
    ----------
    candidate, champion : str
        Digests of the challenger and of the champion that it is tried against.
    stage : str
        ``shadow``: it scores beside the champion; ``canary``: it serves a share of the keys.
    since : str
        Key of the night in which the stage was begun; it holds from the next night on.
    share : float
        Of the keys, for a canary.
    """

    candidate: str
    champion: str
    stage: Stage
    since: str
    share: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON."""
        return asdict(self)


def trial(records: Sequence[Record]) -> Trial | None:
    """Return the trial that runs, None when there is none."""
    serving, done = champion(records), settled(records)
    found = [Trial(**_fields(r)) for r in records if r.kind == "stage"]
    running = [t for t in found if t.candidate not in done and serving is not None and t.champion == serving.candidate]
    return running[-1] if running else None


def trial_of_night(records: Sequence[Record], partition: str) -> Trial | None:
    """Return the trial that a night takes part in: one that was begun before it; no canary serves while the champion is frozen."""
    found, serving = trial(records), champion_of_night(records, partition)
    if found is None or serving is None or found.champion != serving.candidate or found.since >= partition:
        return None
    return None if found.stage == "canary" and frozen(records) is not None else found


def next_stage(now: Trial | None, settings: Promotion) -> Stage | None:
    """Return the stage that follows, None when what follows is the promotion."""
    if now is None and settings.shadow_nights:
        return "shadow"
    if (now is None or now.stage == "shadow") and settings.canary_share:
        return "canary"
    return None


def replaced_of_night(records: Sequence[Record], partition: str, nights: int) -> str | None:
    """Return the champion that was replaced by the one that serves a night, for so many nights after its promotion.

    None after a roll back, and for the first champion: there is nothing to go back to.
    """
    serving = champion_of_night(records, partition)
    if serving is None:
        return None
    promotion = [r for r in records if r.kind == "promotion" and r.body["partition"] < partition][-1]
    replaced = promotion.body.get("parent")
    if promotion.body["action"] != "promote" or replaced is None:
        return None
    served = [
        r
        for r in records
        if r.kind == "night_start" and r.number > promotion.number and serving.since < r.body["partition"] < partition
    ]
    return str(replaced) if len(served) < nights else None


def _fields(record: Record) -> dict[str, Any]:
    body = record.body
    return {
        "candidate": body["candidate"],
        "champion": body["champion"],
        "stage": body["stage"],
        "since": body["partition"],
        "share": body.get("share", 0.0),
    }
