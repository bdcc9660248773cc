"""What the nights after a pass say: of a challenger on trial, and of a new champion beside the one it replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.labels.mature import refreshable
from include.night.compared import compared, scored_nights
from include.registry.champions import challenger, champion, frozen, verdicts
from include.registry.stages import trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.config.model import Model
    from include.night.begun import Begun
    from include.project import Project
    from include.registry.ledger import Record

Start = dict[str, str]


def judge_trial(project: Project, found: Begun) -> Record | None:
    """Judge the challenger that took part in the night, once: ``pass`` after its nights, ``fail`` when proven worse, or ``wait``.

    None when there was none, or its trial has ended otherwise.
    """
    recorded = found.ledger.find(f"trial/{found.night.key}")
    records = found.ledger.records()
    on_trial = found.body.get("trial")
    if recorded is None and on_trial and _runs(records, on_trial):
        recorded = found.ledger.append("trial", f"trial/{found.night.key}", _trial_body(project, found, on_trial))
    return recorded


def judge_champion(project: Project, found: Begun) -> Record | None:
    """Judge the champion beside the one it replaced, once a night: ``keep``, or ``roll_back`` when it is proven worse.

    Also in nights after those that both scored, as long as labels of these may come.
    """
    recorded = found.ledger.find(f"beside/{found.night.key}")
    if recorded is not None:
        return recorded
    records = found.ledger.records()
    serving = champion(records)
    if serving is None or serving.candidate != found.champion or _rolled_back(records):
        return None
    starts = [r.body for r in records if r.kind == "night_start" and r.body["champion"] == serving.candidate]
    replaced = next((b["previous"] for b in reversed(starts) if b.get("previous")), None)
    nights = [b["partition"] for b in starts if b.get("previous") == replaced and b["partition"] <= found.night.key]
    if not replaced or not nights or not (found.body.get("previous") or _labels_come(project, found, nights[-1])):
        return None
    seen = compared(project, found, replaced, serving.candidate, nights)
    kept = frozen(records)
    verdict = "roll_back" if seen.worse and kept is None else "keep"
    reason = f"version {serving.version} beside the one it replaced: {seen.sentence}"
    body = {
        "partition": found.night.key,
        "champion": serving.candidate,
        "previous": replaced,
        "verdict": verdict,
        "reason": reason + (f"; the champion is frozen: {kept}" if seen.worse and kept else ""),
        "evidence": seen.as_json(),
    }
    return found.ledger.append("beside", f"beside/{found.night.key}", body)


def _labels_come(project: Project, found: Begun, newest: str) -> bool:
    """Tell whether the newest night that both scored may have got labels since it was judged last."""
    target = project.catalog.dataset(found.model.target.dataset)
    night = project.night(found.model, newest)
    return any(p.start < night.end and p.end > night.start for p in refreshable(found.model, target, found.night))


def to_start(records: Sequence[Record], partition: str) -> Start | None:
    """Return what is to be done about the champion as the records stand, None when nothing is.

    Returns
    -------
    dict or None
        ``action``, ``candidate``, ``reason``, ``run`` (a name, the same whenever the same is started).
    """
    serving, waiting, kept = champion(records), challenger(records), frozen(records)
    beside = [r.body for r in records if r.kind == "beside"]
    if kept is not None:
        return None
    told = beside[-1] if beside else None
    if told and serving and told["champion"] == serving.candidate and told["verdict"] == "roll_back":
        name = f"roll_back__{told['champion']}"
        return {"action": "roll_back", "candidate": told["previous"], "reason": told["reason"], "run": name}
    if waiting is None:
        return None
    now = trial(records)
    if now is None:
        return {"action": "promote", "candidate": waiting, "reason": "", "run": _run_of(records, waiting, partition)}
    judged = [r.body for r in records if r.kind == "trial" and r.body["candidate"] == now.candidate]
    if judged and judged[-1]["verdict"] == "pass" and judged[-1]["stage"] == now.stage:
        name = f"promote__{now.candidate}__{now.stage}"
        return {"action": "promote", "candidate": now.candidate, "reason": "", "run": name}
    return None


def on_its_way(model: Model, records: Sequence[Record]) -> Start | None:
    """Return the change of the champion that the newest night has started and that needs no person; it comes before the next night."""
    nights = [str(r.body["partition"]) for r in records if r.kind == "night_start"]
    if not nights:
        return None
    found = to_start(records, nights[-1])
    if found is None:
        return None
    if found["action"] == "promote" and model.promotion.approval and not approved(records, found["candidate"]):
        return None
    said = [r.body["partition"] for r in records if r.kind in ("gate", "trial", "beside")]
    return found if nights[-1] in said else None


def approved(records: Sequence[Record], candidate: str) -> bool:
    """Tell whether a person has approved a candidate against the present champion."""
    serving = champion(records)
    rival = serving.candidate if serving else None
    return any(
        r.kind == "approval" and r.body["candidate"] == candidate and r.body["champion"] == rival for r in records
    )


def _run_of(records: Sequence[Record], candidate: str, partition: str) -> str:
    """Return the name of the run that promotes a candidate: one a judgement, so that another judgement starts another."""
    verdict = verdicts(records)[candidate]
    first = [
        r for r in records if r.kind == "gate" and r.body["candidate"] == candidate and r.body["verdict"] == "pass"
    ]
    again = "" if verdict.number == first[0].number and verdict.body["partition"] == partition else f"__{partition}"
    return f"promote__{candidate}{again}"


def _runs(records: Sequence[Record], on_trial: dict[str, Any]) -> bool:
    now = trial(records)
    return now is not None and (now.candidate, now.stage) == (on_trial["candidate"], on_trial["stage"])


def _rolled_back(records: Sequence[Record]) -> bool:
    return bool([r for r in records if r.kind == "promotion"][-1].body["action"] != "promote")


def _trial_body(project: Project, found: Begun, on_trial: dict[str, Any]) -> dict[str, Any]:
    records, settings = found.ledger.records(), found.model.promotion
    new, old, stage = on_trial["candidate"], on_trial["champion"], on_trial["stage"]
    starts = [r.body for r in records if r.kind == "night_start" and r.body["partition"] <= found.night.key]
    took_part = [b for b in starts if (b.get("trial") or {}).get("candidate") == new and b["trial"]["champion"] == old]
    nights = {b["partition"]: b["trial"]["stage"] for b in took_part}
    scored = scored_nights(project, found.model.name, new)
    done = sum(nights[key] == stage for key in nights if key in scored)
    wanted = settings.shadow_nights if stage == "shadow" else settings.canary_nights
    seen = compared(project, found, old, new, [key for key in nights if key in scored])
    kept = frozen(records)
    verdict = "fail" if seen.worse else "pass" if done >= wanted and kept is None else "wait"
    reason = f"night {done} of {wanted} as {stage}: {seen.sentence}"
    return {
        "partition": found.night.key,
        "candidate": new,
        "champion": old,
        "stage": stage,
        "nights": done,
        "verdict": verdict,
        "reason": reason + (f"; the champion is frozen: {kept}" if kept else ""),
        "evidence": seen.as_json(),
    }
