"""Repeat what was recorded: decisions from their records, p-values and alarms from the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.evidence.night import EvidenceError
from include.evidence.replay import differing
from include.evidence.replay import replay as replay_evidence
from include.evidence.rows import EVIDENCE_SCHEMA
from include.evidence.settings import Settings
from include.evidence.stream import NightValue
from include.night.alarms import alarms_table
from include.night.decide import in_order
from include.night.recomputed import recomputed
from include.night.witnessed import unlike_witnessed
from include.partitions import partitions_per_year
from include.policy.decide import decided_again, decision_of
from include.policy.difference import first_difference
from include.storage.schemas import SIGNALS, with_partition
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.evidence.alarm import Alarm
    from include.project import Project

_OF_AN_ALARM = ("since", "detector", "effect", "log_evidence", "log_bound", "before", "after", "size")

_ADDED_LATER = ("between", "false_alarms_per_year", "calendar")  # null in rows of before


def replayed(project: Project, name: str) -> list[dict[str, Any]]:
    """Return, for each decision of a model, what was decided and whether its record gives the same again.

    Notes
    -----
    Compared are verdict, rule, window and every number of the evidence; the reason is words, which a later version may
    choose better. A night held back because a later one was decided, or because the champion was frozen, is held back again
    by what the ledger held before it. Before anything, every record's file is held against its digest: reading alone takes
    old records from a checkpoint, which does not tell whether their files were changed.

    Raises
    ------
    LedgerError
        When a record was changed or removed.
    """
    ledger = project.model_ledger(name)
    ledger.verify()
    records = ledger.records()
    found = []
    for place, record in enumerate(records):
        if record.kind != "decision":
            continue
        body, partition = dict(record.body), str(record.body["partition"])
        told, again = decision_of(body), in_order(decided_again(body), records[:place], partition)
        different = first_difference(told, again)
        if different is None:
            found.append(_line(partition, told.verdict, again.verdict, told.reason, same=True))
        else:
            what, one, other = different
            found.append(_line(partition, one, other, f"{what} of the decision", same=False))
    return found


def replayed_evidence(project: Project, name: str) -> list[dict[str, Any]]:
    """Return, for each night with evidence, how many p-values and alarms it has and whether the tables give them again.

    Returns
    -------
    list of dict
        ``partition``, ``recorded``, ``again``, ``same`` and ``reason``; where a night differs, the first difference.

    Notes
    -----
    Values are compared with the table of signals too, so that neither table can be changed without the other.
    """
    home = project.model_home(name)
    stored = Table(home / "evidence", with_partition("evidence", EVIDENCE_SCHEMA)).read().to_pylist()
    if not stored:
        return []
    rows = project.catalog.dataset(project.catalog.model(name).rows)
    settings = Settings(model=name, shares={}, partitions_per_year=partitions_per_year(rows.partition))
    try:
        again = replay_evidence(stored, settings)
    except EvidenceError as error:
        return [_line("", f"{len(stored)} rows", "", str(error), same=False)]
    kept = alarms_table(project, name).read().to_pylist()
    found = [
        *_values(stored, Table(home / "signals", SIGNALS).read().to_pylist()),
        *_evidence(stored, again.rows),
        *_alarms(kept, [*again.alarms, *again.notices]),
    ]
    return _by_night(stored, kept, found)


def replayed_tables(project: Project, name: str, partition: str | None = None) -> list[dict[str, Any]]:
    """Return, for each decision and verdict, whether the tables give it again, and what tells that the ledger was cut.

    Returns
    -------
    list of dict
        As `replayed_evidence` gives them; ``reason`` also says what was taken from the record.
    """
    lines = []
    for one in recomputed(project, name, partition):
        if one.difference is not None:
            field, recorded, again = one.difference
            lines.append(_line(one.partition, recorded, again, f"{field} in {one.what}", same=False))
        else:
            told = f"{one.fields} fields" if one.fields != 1 else "1 field"
            left = f" (taken from the record: {one.left})" if one.left else ""
            lines.append(_line(one.partition, told, told, f"{one.what}{left}", same=True))
    unlike = [one for one in unlike_witnessed(project, name) if partition in (None, one.partition)]
    return [*lines, *(_line(one.partition, one.recorded, one.again, one.what, same=False) for one in unlike)]


Found = tuple[str, str, Any, Any]  # partition, what, recorded, again


def _values(evidence: Sequence[Mapping[str, Any]], signals: Iterable[Mapping[str, Any]]) -> Iterator[Found]:
    """Compare what was judged with what was measured; losses, which late labels may change, are left out."""
    measured = {(r[PARTITION], r["signal"], r["subject"], r["model_version"]): r for r in signals}
    of_data = {key[:3]: row for key, row in measured.items()}
    for row in evidence:
        key = row[PARTITION], row["signal"], row["subject"]
        found = measured.get((*key, row["model_version"])) if row["model_version"] else of_data.get(key)
        if found is None or found["spread"] is None:
            continue
        value = NightValue(found["value"], found["studentised"], found["spread"]).among(row["between"] or 0.0)
        again = {"value": value.value, "studentised": value.studentised}
        for column in differing(again, row)[:1]:
            yield row[PARTITION], f"{column} of {_named(row)}", row[column], again[column]


def _evidence(stored: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]) -> Iterator[Found]:
    computed = {_key(row): row for row in again}
    for row in sorted(stored, key=lambda r: r["order"]):
        other = computed.get(_key(row), {})
        told = {name: value for name, value in row.items() if not (value is None and name in _ADDED_LATER)}
        for column in differing(told, other)[:1]:
            yield row[PARTITION], f"{column} of {_named(row)}", row[column], other.get(column)


def _alarms(stored: Iterable[Mapping[str, Any]], again: Iterable[Alarm]) -> Iterator[Found]:
    recorded = {_alarm_key(row): row for row in stored if row["status"] == "open"}
    computed = {_alarm_key(row): row for row in (alarm.to_row() for alarm in again)}
    for key in sorted(recorded.keys() | computed.keys()):
        one, other = recorded.get(key), computed.get(key)
        what = f"{key[1]} of {key[2]} of {key[3]}"
        if one is None or other is None:
            yield key[0], what, "raised" if one else "none", "raised" if other else "none"
            continue
        for column in [c for c in differing(one, other) if c in _OF_AN_ALARM][:1]:
            yield key[0], f"{column} of the {what}", one[column], other[column]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["order"], row[PARTITION], row["signal"], row["subject"], row["model_version"]


def _alarm_key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row[PARTITION], row["kind"], row["signal"], row["subject"], row["model_version"]


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['signal']} of {row['subject']}"


def _by_night(
    stored: Sequence[Mapping[str, Any]], alarms: Sequence[Mapping[str, Any]], found: Iterable[Found]
) -> list[dict[str, Any]]:
    first: dict[str, Found] = {}
    for one in found:
        first.setdefault(one[0], one)
    nights = sorted({*first, *(row[PARTITION] for row in stored if row["health"] != "reference")})
    lines = []
    for night in nights:
        drawn = sum(row[PARTITION] == night and row["p_value"] is not None for row in stored)
        raised = sum(row[PARTITION] == night and row["status"] == "open" for row in alarms)
        told = f"{drawn} p-values, {raised} alarms and notices"
        if night in first:
            _, what, recorded, again = first[night]
            lines.append(_line(night, recorded, again, what, same=False))
        else:
            lines.append(_line(night, told, told, "evidence", same=True))
    return lines


def _line(partition: str, recorded: Any, again: Any, reason: str, *, same: bool) -> dict[str, Any]:
    return {"partition": partition, "recorded": recorded, "again": again, "same": same, "reason": reason}
