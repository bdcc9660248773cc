"""Bug or world: what explains a partition's data, compared with the sound partitions around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.evidence.column_faults import leaks
from include.evidence.diagnose import diagnose
from include.night.defects import defects_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.evidence.diagnosis import Diagnosis
    from include.night.summaries import Summaries
    from include.registry.ledger import Record

NIGHTS = 30
"""Sound partitions that one is compared with, the nearest."""
FEWEST_NIGHTS = 5
_COPY = "copy of an earlier partition"


def explained(summaries: Summaries, key: str, records: Sequence[Record]) -> list[Diagnosis]:
    """Return what explains a partition's data, defects first.

    Parameters
    ----------
    summaries : Summaries
        Of the model's partitions.
    key : str
        Of the partition.
    records : sequence of Record
        Of the model's ledger.

    Notes
    -----
    Compared with are the nearest partitions on both sides, as far as there are any: the newest ones before tonight, and
    for one of the history those after it, too, which show what is usual better than its first days alone. Partitions whose
    defects stand are left out, so that a fault which lasts stays one. What a person has accepted is no defect again: it must
    show against the accepted partitions, too. A copy of them is one all the same.
    """
    sound = _around(summaries.keys, key, records)
    tonight = summaries.of(key)
    told = diagnose(tonight, [summaries.of(one) for one in sound])
    for accepted in _accepted(records) & set(sound):
        if not any(one.defect for one in told):
            break
        again = diagnose(tonight, [summaries.of(accepted)] * FEWEST_NIGHTS)
        there = {(one.cause, one.subject) for one in again if one.defect}
        told = [one if one.cause == _COPY or (one.cause, one.subject) in there else _known(one) for one in told]
    return sorted(told, key=lambda one: not one.defect)


def leaking(summaries: Summaries, key: str, labelled: Sequence[str], records: Sequence[Record]) -> list[Diagnosis]:
    """Return the columns that give away the labels of a partition, which have matured.

    Parameters
    ----------
    summaries, key, records
        As of `explained`.
    labelled : sequence of str
        Keys of all labelled partitions.
    """
    sound = _around(labelled, key, records)
    if len(sound) < FEWEST_NIGHTS:
        return []
    tonight, history = summaries.strengths(key), [summaries.strengths(one) for one in sound]
    accepted = [summaries.strengths(one) for one in _accepted(records) & set(sound)]
    classes = summaries.task != "regression"
    told = list(leaks(tonight, history, classes=classes))
    if told and accepted:
        again = {one.subject for one in leaks(tonight, accepted, classes=classes)}
        return [one for one in told if one.subject in again]
    return told


def as_json(told: Iterable[Diagnosis]) -> list[dict[str, Any]]:
    """Return explanations as plain values for the ledger."""
    return [{"what": d.cause, "subject": d.subject, "sentence": d.sentence, "defect": bool(d.defect)} for d in told]


def _around(keys: Iterable[str], key: str, records: Sequence[Record]) -> list[str]:
    """Return the sound partitions that lie nearest to one, oldest first."""
    standing = defects_of(records)
    sound = sorted({one for one in keys if one not in standing} | {key})
    place = sound.index(key)
    nearest = sorted(range(len(sound)), key=lambda other: (abs(other - place), other))[1 : NIGHTS + 1]
    return [sound[other] for other in sorted(nearest)]


def _accepted(records: Iterable[Record]) -> set[str]:
    return {str(record.body["partition"]) for record in records if record.kind == "acceptance"}


def _known(one: Diagnosis) -> Diagnosis:
    return replace(one, defect=False, sentence=f"{one.sentence} A person has accepted that.") if one.defect else one
