"""Every partition is diagnosed before anything learns from it: its data on its night, its labels when they have matured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.night.explained import as_json, explained, leaking
from include.night.labels import labelled_with_features
from include.night.messages import tell
from include.night.rows import features_table
from include.night.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.evidence.alarm import Alarm
    from include.evidence.diagnosis import Diagnosis
    from include.night.begun import Begun
    from include.night.reference import Watch
    from include.project import Project

_ROUNDS = 3
_MOST = 5  # defects told one by one in a message; the ledger has all


def diagnose_earlier(project: Project, found: Begun) -> None:
    """Diagnose the partitions before the night that no night has, and the labels that have matured since the last one.

    Parameters
    ----------
    project, found
        The installation and the night, whose labels have been taken in.

    Notes
    -----
    On a model's first night these are the partitions of its history. What is found keeps a partition out of every
    training and gate from this night on. A kill leaves nothing undone: that a partition has been looked at is written
    down after what was found.
    """
    if features_table(project, found.model.name) is None:
        return
    summaries = Summaries(project, found)
    defects = _of_new(project, found, summaries)
    records = found.ledger.records()
    labelled = [p.key for p in labelled_with_features(project, found)]
    for key in summaries.new_labels(labelled):
        leaks = _recorded(project, found, key, leaking(summaries, key, labelled, records), f"diagnosis/{key}/labels")
        summaries.keep_strengths(key)
        defects[key] = [*defects.get(key, ()), *leaks]
        records = found.ledger.records() if leaks else records
    _tell_of_earlier(project, found, {key: told for key, told in defects.items() if told})


def _of_new(project: Project, found: Begun, summaries: Summaries) -> dict[str, list[Diagnosis]]:
    """Return the defects of the partitions that no night has diagnosed, by partition, after writing them down.

    Notes
    -----
    Those without a defect are looked at again without the defective ones, which widen what seems usual.
    """
    new = [key for key in summaries.new() if key != found.night.key]
    defects: dict[str, list[Diagnosis]] = {}
    for _ in range(_ROUNDS):
        records = found.ledger.records()
        told = {key: explained(summaries, key, records) for key in new if key not in defects}
        wrong = {key: _recorded(project, found, key, one, f"diagnosis/{key}") for key, one in told.items()}
        defects |= {key: one for key, one in wrong.items() if one}
        if not any(wrong.values()):
            break
    for key in new:
        summaries.keep(key)
    return defects


def diagnose_night(place: Watch, raised: Sequence[Alarm]) -> Mapping[str, Any]:
    """Diagnose the night's own partition; tell the owners of the datasets at fault.

    Parameters
    ----------
    place : Watch
        The night.
    raised : sequence of Alarm
        Its alarms and notices, which the diagnosis explains.

    Returns
    -------
    mapping
        ``explanations`` and ``defects`` (sentences). A ledger record holds it where there is a defect or an alarm.
    """
    project, found, night = place.project, place.found, place.found.night.key
    record = found.ledger.find(f"diagnosis/{night}")
    if record is None and features_table(project, found.model.name) is not None:
        summaries = Summaries(project, found)
        told = explained(summaries, night, found.ledger.records()) if night in summaries.keys else []
        body = _body(project, found, night, told) | {"alarms": len(raised)}
        if body["defects"] or raised:
            record = found.ledger.append("diagnosis", f"diagnosis/{night}", body)
        if night in summaries.keys:
            summaries.keep(night)
    if record is None:
        return {"explanations": [], "defects": []}
    for dataset in record.body["datasets"] if record.body["defects"] else ():
        _tell(project, found, dataset, {night: record.body["defects"]}, key=f"defect/{dataset}/{place.name}/{night}")
    return record.body


def _recorded(project: Project, found: Begun, key: str, told: Sequence[Diagnosis], name: str) -> list[Diagnosis]:
    """Return the defects of an earlier partition, after writing them down; none where a record tells of it already."""
    defects = [one for one in told if one.defect]
    if not defects or found.ledger.find(name) is not None:
        return []
    found.ledger.append("diagnosis", name, _body(project, found, key, told) | {"alarms": 0, "night": found.night.key})
    return defects


def _body(project: Project, found: Begun, key: str, told: Sequence[Diagnosis]) -> dict[str, Any]:
    defects = [one for one in told if one.defect]
    return {
        "partition": key,
        "explanations": as_json(told),
        "defects": [one.sentence for one in defects],
        "datasets": sorted({_dataset_of(project, found, one.subject) for one in defects}),
    }


def _dataset_of(project: Project, found: Begun, subject: str) -> str:
    """Return the dataset that a subject comes from: the one that has such a column, else that of the rows."""
    for name in found.model.all_datasets:
        snapshots = project.snapshots(name)
        if snapshots is not None and subject in snapshots.spec.schema.names:
            return name
    return found.model.rows


def _tell_of_earlier(project: Project, found: Begun, defects: Mapping[str, Sequence[Diagnosis]]) -> None:
    """Tell the owners of the datasets at fault, each in one message whatever the number of partitions."""
    of_dataset: dict[str, dict[str, list[str]]] = {}
    for key, told in defects.items():
        for one in told:
            dataset = _dataset_of(project, found, one.subject)
            of_dataset.setdefault(dataset, {}).setdefault(key, []).append(one.sentence)
    for dataset, sentences in of_dataset.items():
        key = f"defect/{dataset}/{found.model.name}/{found.night.key}/{'/'.join(sentences)}"[:200]
        _tell(project, found, dataset, sentences, key=key)


def _tell(project: Project, found: Begun, dataset: str, defects: Mapping[str, Sequence[str]], *, key: str) -> None:
    """Tell the owner of a dataset what is wrong with some of its partitions."""
    name, night = found.model.name, found.night.key
    own = list(defects) == [night]
    told = [sentence if own else f"{one}: {sentence}" for one, found_ in defects.items() for sentence in found_]
    more = [f"{len(told) - _MOST} more are in the ledger."] if len(told) > _MOST else []
    which = ", ".join(list(defects)[:_MOST]) + (f" and {len(defects) - _MOST} more" if len(defects) > _MOST else "")
    first = next(iter(defects))
    tell(
        project,
        dataset,
        kind="defect",
        severity="critical",
        title="defective data",
        text=" ".join([*told[:_MOST], *more]),
        partition=night,
        key=key,
        why=f"The night of {name} found it by comparing the partition with those before.",
        impact=(f"{name} does not retrain tonight and learns" if own else f"{name} learns")
        + f" from no row of {which}; its predictions of them may be wrong.",
        todo=(
            f"If the source is wrong, correct it, then `python -m include ingest {dataset} --partition {first}`",
            f"If the data are right, say so: `python -m include acknowledge {name} --partition {first}`",
        ),
        dataset=True,
    )
