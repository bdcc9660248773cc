"""What tells that the ledger was cut or written anew: each step's commit says which records there were when it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import NightshiftError
from include.storage.schemas import STEPS
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.project import Project
    from include.registry.ledger import Record


@dataclass(frozen=True)
class Seen:
    """What a step saw of its ledger when it ended.

    Attributes
    ----------
    partition, step : str
        Which step of which night.
    records : int
        How many records there were.
    digest : str
        Of the newest of them.
    """

    partition: str
    step: str
    records: int
    digest: str


@dataclass(frozen=True)
class Difference:
    """Where the ledger is not what the tables have seen."""

    partition: str
    what: str
    recorded: Any
    again: Any


def seen_at(project: Project, kind: str, name: str, partition: str, step: str) -> dict[str, str]:
    """Return what the commit of a step says about its ledger; nothing when there is none yet, or it cannot be read."""
    ledger = project.model_ledger(name) if kind == "models" else project.dataset_ledger(name)
    try:
        records = ledger.records()
    except (NightshiftError, OSError):  # the cost is recorded all the same, and the step tells its own error
        return {}
    if not records:
        return {}
    said = {"partition": partition, "step": step, "records": str(len(records)), "digest": records[-1].digest}
    return {f"ledger.{word}": value for word, value in said.items()}


def seen(project: Project, name: str) -> list[Seen]:
    """Return what the steps of a model saw of its ledger, fewest records first; commits from before are left out.

    Notes
    -----
    The log of a table outlives its data files: neither compaction nor retention takes anything away from this.
    """
    table = _steps(project, name).opened()
    commits = table.history() if table is not None else []
    found = [
        Seen(c["ledger.partition"], c["ledger.step"], int(c["ledger.records"]), c["ledger.digest"])
        for c in commits
        if "ledger.digest" in c
    ]
    return sorted(found, key=lambda one: (one.records, one.partition))


def unlike_witnessed(project: Project, name: str) -> list[Difference]:
    """Return where a model's ledger is not what its tables witness; nothing when it is.

    Notes
    -----
    A chain of digests shows what was changed inside of it, not that all of it was written anew, nor that its newest records
    are gone. The tables do: records that steps have seen, nights that were scored, and decisions that were taken. They say
    nothing of records that were written after the newest step, such as a promotion that a person has made since.
    """
    witnesses, steps = seen(project, name), _done(project, name)  # before the ledger, which may grow meanwhile
    scored = _scored(project, name)
    records = project.model_ledger(name).records()
    begun = {str(r.body["partition"]) for r in records if r.kind == "night_start"}
    decided = {str(r.body["partition"]) for r in records if r.kind == "decision"}
    return [
        *_unlike(witnesses, records),
        *(
            Difference(p, "record night_start of a night with predictions", "none", "scored")
            for p in sorted(scored - begun)
        ),
        *(
            Difference(p, "record of the decision that its step has taken", "none", "decided")
            for p in sorted({str(row[PARTITION]) for row in steps if row["step"] == "decide"} - decided)
        ),
    ]


def _unlike(witnesses: Sequence[Seen], records: Sequence[Record]) -> Iterator[Difference]:
    """Yield the first records that are not those that a step has seen, and those that are gone."""
    agreed = 0
    for one in witnesses:
        if one.records > len(records):
            what = f"number of records of the ledger, as the step {one.step} saw it"
            yield Difference(one.partition, what, len(records), one.records)
            return
        newest = records[one.records - 1]
        if newest.digest == one.digest:
            agreed = one.records
            continue
        earlier = f", or one before it from record {agreed} on," if one.records - agreed > 1 else ""
        what = f"digest of record {newest.number} ({newest.key}){earlier} as the step {one.step} saw it"
        yield Difference(one.partition, what, newest.digest[:12], one.digest[:12])
        return


def _steps(project: Project, name: str) -> Table:
    return Table(project.model_home(name) / "steps", STEPS)


def _done(project: Project, name: str) -> Iterable[Mapping[str, Any]]:
    rows = _steps(project, name).read(["step", "state", PARTITION]).to_pylist()
    return [row for row in rows if row["state"] == "done"]


def _scored(project: Project, name: str) -> set[str]:
    table = Table.existing(project.model_home(name) / "predictions", f"predictions of {name}")
    return {str(row[PARTITION]) for row in table.contents() if row["rows"]} if table else set()
