"""Telling people what changed that matters, and what explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.messages import tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.alerts.message import Kind
    from include.evidence.alarm import Alarm
    from include.night.reference import Watch

_MOST = 5  # alarms told one by one in a message; the page has all


def warn(place: Watch, raised: Sequence[Alarm], diagnosis: Mapping[str, Any]) -> None:
    """Tell the owners what they should look at: whose data are defective, and what has changed that matters.

    Parameters
    ----------
    place : Watch
        The night.
    raised : sequence of Alarm
        Its alarms and notices.
    diagnosis : mapping
        What explains its data (`include.night.diagnosed`).
    """
    material = [alarm for alarm in raised if alarm.material]
    _tell_of_changes(place, [alarm for alarm in material if alarm.kind == "alarm"], diagnosis, kind="alarm")
    _tell_of_changes(place, [alarm for alarm in material if alarm.kind == "notice"], diagnosis, kind="notice")


def _tell_of_changes(place: Watch, alarms: Sequence[Alarm], body: Mapping[str, Any], *, kind: Kind) -> None:
    """Tell the model's owner what changed, since when, how sure, what it costs, and what to do: one message a night."""
    if not alarms:
        return
    night, name = place.found.night.key, place.name
    ordered = sorted(alarms, key=lambda alarm: -abs(alarm.effect))
    more = f", and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    sentences = [alarm.sentence for alarm in ordered[:_MOST]]
    sentences += [f"{len(ordered) - _MOST} more are on the page."] if len(ordered) > _MOST else []
    subjects = {alarm.subject for alarm in ordered} | {"rows"}
    why = [d["sentence"] for d in body["explanations"] if d["subject"] in subjects]
    defective = bool(body["defects"])
    tell(
        place.project,
        name,
        kind,
        "critical" if defective else "warn",
        f"{ordered[0].what} {'is strange' if kind == 'notice' else 'has changed'}{more}",
        "\n".join(sentences),
        partition=night,
        key=f"{kind}/{name}/{night}",
        why=" ".join(why[:3]),
        impact=_impact(ordered, defective),
        todo=_todo(name, kind, ordered, defective),
    )


def _impact(alarms: Sequence[Alarm], defective: bool) -> str:
    costs = list(dict.fromkeys(alarm.cost for alarm in alarms if alarm.cost))
    told = f"Since then: {costs[0]}." if costs else "What it costs is not known yet: no labels since then."
    return f"{told} Nothing is trained on defective data." if defective else told


def _todo(name: str, kind: str, alarms: Sequence[Alarm], defective: bool) -> tuple[str, ...]:
    if defective:
        return ("Wait for the owner of the data, who was told; the model keeps its champion meanwhile",)
    if kind == "notice":
        return ("Look at the night's page: was it a day like no other, or are the data wrong?",)
    return (
        "If the change will stay, retrain: the promotion answers the alarm. "
        f'`python -m include train {name} --partition {alarms[0].partition} --reason "…"`',
        f"If it is known and harmless: `python -m include acknowledge {name} --subject {alarms[0].subject}`",
    )
