"""The alarms of a model: which stand, and how a person answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.errors import LedgerError
from include.evidence.alarm import ALARM_SCHEMA, Alarm
from include.storage.schemas import with_partition
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.reference import Watch
    from include.project import Project

ORDERS = 1_000_000  # measurements a record of the ledger has room for


def alarms_table(project: Project, name: str) -> Table:
    """Return the table of a model's alarms."""
    table = Table(project.model_home(name) / "alarms", with_partition("alarms", ALARM_SCHEMA))
    return project.as_it_was("alarms", table)


def standing(project: Project, name: str) -> list[Alarm]:
    """Return every alarm and notice of a model in its newest status, in the order they were raised."""
    newest: dict[tuple[str, str, str, str, str], Alarm] = {}
    rows = alarms_table(project, name).read().to_pylist()
    for row in sorted(rows, key=lambda r: (r["order"], r["status"] != "open")):
        alarm = Alarm.from_row({**row, "partition": row[PARTITION]})
        newest[alarm.signal, alarm.subject, alarm.model_version, alarm.partition, alarm.kind] = alarm
    return list(newest.values())


def acknowledge(project: Project, name: str, subject: str | None = None, signal: str | None = None) -> list[Alarm]:
    """Acknowledge the open alarms of a subject; a ledger record says who did.

    Parameters
    ----------
    project, name
        The installation and the model.
    subject : str, optional
        Such as a feature; all that stand when omitted.
    signal : str, optional
        All signals of the subject when omitted.

    Raises
    ------
    LedgerError
        When no such alarm stands.
    """
    open_ones = [a for a in standing(project, name) if a.latched]
    found = [a for a in open_ones if subject in (None, a.subject) and signal in (None, a.signal)]
    if not found:
        known = sorted({a.subject for a in open_ones})
        raise LedgerError.at(
            f"model {name}",
            f"no alarm of {subject!r} stands" if subject else "no alarm stands",
            f"one of {', '.join(known)}" if known else "an alarm that is open",
            f"see: python -m include alarms {name}",
        )
    closed = [a.acknowledged() for a in found]
    append(project, name, closed, "acknowledged")
    for alarm in closed:
        body = {"partition": alarm.partition, "signal": alarm.signal, "subject": alarm.subject, "since": alarm.since}
        project.model_ledger(name).append("acknowledgement", _key(alarm, "acknowledged"), body)
    return closed


def answer_by_champion(place: Watch, trained_on: Sequence[str], order: int) -> list[Alarm]:
    """Close the open alarms that the night's champion answers; their streams start anew from the change on.

    Parameters
    ----------
    place : Watch
        The night.
    trained_on : sequence of str
        Keys of the partitions that its champion was trained on.
    order : int
        Order of measurement of the night: only earlier alarms are answered.

    Notes
    -----
    An alarm of the data is answered by a champion that was promoted after it and has learnt from nights since the
    change; one of an earlier champion's predictions or losses by any other champion.
    """
    champion = place.found.champion
    promoted = [r.number for r in place.found.ledger.records("promotion") if r.body["candidate"] == champion]
    since = max(promoted, default=0) * ORDERS

    def answered(alarm: Alarm) -> bool:
        if alarm.model_version:
            return alarm.model_version != champion
        return alarm.order < since and alarm.since <= max(trained_on, default="")

    closed = [a.answered() for a in place.standing() if a.latched and a.order < order and answered(a)]
    append(place.project, place.name, closed, "answered")
    return closed


def append(project: Project, name: str, alarms: Sequence[Alarm], status: str) -> None:
    """Append the closed alarms, each once."""
    for alarm in alarms:
        row = alarm.to_row()
        partition = str(row.pop(PARTITION))
        rows = pa.Table.from_pylist([row], ALARM_SCHEMA)
        alarms_table(project, name).append(rows, partition, run_key=_key(alarm, status))


def _key(alarm: Alarm, status: str) -> str:
    return f"{status}/{alarm.signal}/{alarm.subject}/{alarm.model_version}/{alarm.partition}"
