"""Partitions whose data a diagnosis found defective: nothing is trained or judged on them unless a person accepts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.project import Project
    from include.registry.ledger import Record

LEAK = "label leakage"


def defects_of(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """Return, by partition, what is wrong with its data; partitions that were accepted are left out.

    Notes
    -----
    A later revision does not heal a partition: training reads features as they were served.
    """
    found: dict[str, tuple[str, ...]] = {}
    for record in records:
        partition = str(record.body.get("partition", ""))
        if record.kind == "diagnosis" and record.body["defects"]:
            found[partition] = (*found.get(partition, ()), *record.body["defects"])
        elif record.kind == "acceptance":
            found.pop(partition, None)
    return found


def accept(project: Project, name: str, partition: str) -> dict[str, tuple[str, ...]]:
    """Accept the data of a partition as they are; a ledger record says who did.

    That a column may tell the label is accepted once: with the partition, those of which nothing else was found.

    Returns
    -------
    dict
        What had been found, by partition; the one named first.

    Raises
    ------
    LedgerError
        When no defect of the partition stands.
    """
    ledger = project.model_ledger(name)
    records = ledger.records()
    standing = defects_of(records)
    if partition not in standing:
        raise LedgerError.at(
            f"model {name}",
            f"no defect of {partition} stands",
            f"one of {', '.join(sorted(standing)) or 'none'}",
            f"see: python -m include ledger {name} --kind diagnosis",
        )
    found = {key: standing[key] for key in (partition, *_same_leaks(records, partition, standing))}
    for key, defects in found.items():
        ledger.append("acceptance", f"acceptance/{key}", {"partition": key, "defects": list(defects)})
    return found


def _same_leaks(records: Iterable[Record], partition: str, standing: Iterable[str]) -> list[str]:
    """Return the other partitions with defects of which all are columns that tell the label, as they do in this one."""
    causes: dict[str, set[tuple[str, str]]] = {}
    for record in records:
        if record.kind == "diagnosis":
            told = {(str(one["what"]), str(one["subject"])) for one in record.body["explanations"] if one["defect"]}
            causes.setdefault(str(record.body["partition"]), set()).update(told)
    leaks = {one for one in causes[partition] if one[0] == LEAK}
    return sorted(key for key in {*standing} - {partition} if causes[key] <= leaks)
