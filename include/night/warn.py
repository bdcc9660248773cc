"""Telling people: what explains a strange night, whose fault it is, and what changed that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.explained import explained
from include.night.messages import tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.alerts.message import Kind
    from include.evidence.alarm import Alarm
    from include.night.reference import Watch

_MOST = 5  # alarms told one by one in a message; the page has all


def warn(place: Watch, raised: Sequence[Alarm], suspects: Sequence[str]) -> None:
    """Explain a night once, then tell the owners what they should look at.

    Parameters
    ----------
    place : Watch
        The night.
    raised : sequence of Alarm
        Its alarms and notices.
    suspects : sequence of str
        Further subjects that are strange enough to be diagnosed; nobody is told of them unless the data are defective.
    """
    found, night = place.found, place.found.night.key
    record = found.ledger.find(f"diagnosis/{night}")
    if record is None:
        told = explained(place, {*suspects, *(alarm.subject for alarm in raised)})
        defects = [d for d in told if d["defect"]]
        body = {
            "partition": night,
            "alarms": len(raised),
            "explanations": told,
            "defects": [d["sentence"] for d in defects],
            "datasets": sorted({_dataset_of(place, d["subject"]) for d in defects}),
        }
        record = found.ledger.append("diagnosis", f"diagnosis/{night}", body)
    body = dict(record.body)
    if body["defects"]:
        _tell_of_defects(place, body)
    material = [alarm for alarm in raised if alarm.material]
    _tell_of_changes(place, [alarm for alarm in material if alarm.kind == "alarm"], body, kind="alarm")
    _tell_of_changes(place, [alarm for alarm in material if alarm.kind == "notice"], body, kind="notice")


def _dataset_of(place: Watch, subject: str) -> str:
    """Return the dataset that a subject comes from: the one that has such a column, else that of the rows."""
    model = place.found.model
    for name in model.all_datasets:
        snapshots = place.project.snapshots(name)
        if snapshots is not None and subject in snapshots.spec.schema.names:
            return name
    return model.rows


def _tell_of_defects(place: Watch, body: Mapping[str, Any]) -> None:
    """Tell the owners of the datasets at fault; a message a dataset."""
    night, name = place.found.night.key, place.name
    for dataset in body.get("datasets") or [place.found.model.rows]:
        tell(
            place.project,
            dataset,
            kind="defect",
            severity="critical",
            title="defective data",
            text=" ".join(body["defects"][:_MOST]),
            partition=night,
            key=f"defect/{dataset}/{name}/{night}",
            why=f"The night of {name} found it by comparing the partition with those before.",
            impact=f"{name} does not retrain tonight and learns from no row of {night}; its predictions of it may be wrong.",
            todo=(
                f"If the source is wrong, correct it, then `python -m include ingest {dataset} --partition {night}`",
                f"If the data are right, say so: `python -m include acknowledge {name} --partition {night}`",
            ),
            dataset=True,
        )


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
