"""Partitions whose data a diagnosis found defective: nothing is trained or judged on them unless a person accepts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.project import Project
    from include.registry.ledger import Record


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


def accept(project: Project, name: str, partition: str) -> Sequence[str]:
    """Accept the data of a partition as they are; a ledger record says who did.

    Returns
    -------
    sequence of str
        What had been found.

    Raises
    ------
    LedgerError
        When no defect of the partition stands.
    """
    ledger = project.model_ledger(name)
    standing = defects_of(ledger.records())
    if partition not in standing:
        raise LedgerError.at(
            f"model {name}",
            f"no defect of {partition} stands",
            f"one of {', '.join(sorted(standing)) or 'none'}",
            f"see: python -m include ledger {name} --kind diagnosis",
        )
    found = standing[partition]
    ledger.append("acceptance", f"acceptance/{partition}", {"partition": partition, "defects": list(found)})
    return found
