"""nights: one row a model and night, told again from the ledgers and tables, in one commit."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.errors import ConflictError
from include.night.alarms import standing
from include.night.lines import night_lines
from include.registry.champions import trained_in
from include.storage.schemas import NIGHTS
from include.storage.specs import PARTITION, Publication
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.project import Project
    from include.registry.ledger import Record
    from include.report.lines import NightLine

RECENT = timedelta(days=35)  # longer than most labels take: what changes is told again
_TRIES = 5
_BODY = pa.schema([field for field in NIGHTS.schema if field.name != PARTITION])


def nights_table(project: Project) -> Table:
    """Return the table of all models' nights."""
    return Table(project.home / "fleet" / "nights", NIGHTS)


def tell_nights(project: Project, *, whole: bool = False) -> dict[str, Any]:
    """Bring the table of nights up to date.

    Parameters
    ----------
    project : Project
        The installation, with all its files.
    whole : bool
        Tell every night again, not only those that are missing or have a ledger record of the last 35 days.

    Returns
    -------
    dict
        ``told`` (nights looked at) and ``changed`` (keys whose rows were not right).

    Notes
    -----
    A partition of the table holds the night of every model, so all of them are told again when one has changed. Two that
    write at once do not mix: the later one looks again.
    """
    for _ in range(_TRIES):
        try:
            return _told(project, whole=whole)
        except ConflictError:
            continue
    return _told(project, whole=whole)


def _told(project: Project, *, whole: bool) -> dict[str, Any]:
    table = nights_table(project)
    known = _grouped(table.read().to_pylist())
    chosen = _chosen(project, known, whole=whole)
    rows: dict[str, list[dict[str, Any]]] = {key: [] for keys in chosen.values() for key in keys}
    tokens = dict(zip(rows, table.tokens(rows), strict=True))
    for name in project.catalog.models:
        for row in _rows(project, name, sorted(rows)):
            rows[row["night"]].append(row)
    changed = {key: pa.Table.from_pylist(found, _BODY) for key, found in rows.items() if found != known.get(key)}
    staged = {key: table.stage(found.to_batches(), key) for key, found in changed.items()}
    table.publish_all([Publication((file,), token=tokens[key]) for key, file in staged.items()])
    gone = [key for key in known if key not in rows] if whole else []
    for key in gone:
        table.clear(key, run_key="gone")
    return {"told": len(rows), "changed": sorted([*changed, *gone])}


def _grouped(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: str(r["model"])):
        found.setdefault(str(row.pop(PARTITION)), []).append(row)
    return found


def _chosen(project: Project, known: dict[str, list[dict[str, Any]]], *, whole: bool) -> dict[str, set[str]]:
    """Return the keys of the nights to tell, by model."""
    since = project.clock() - RECENT
    there = {(row["model"], key) for key, rows in known.items() for row in rows}
    found: dict[str, set[str]] = {}
    for name in project.catalog.models:
        records = project.model_ledger(name).records()
        begun = {str(r.body["partition"]) for r in records if r.kind == "night_start"}
        recent = {str(r.body.get("partition")) for r in records if datetime.fromisoformat(r.at) > since}
        missing = {key for key in begun if (name, key) not in there}
        found[name] = begun if whole else begun & (recent | missing)
    return found


def _rows(project: Project, name: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    open_alarms = Counter(a.partition for a in standing(project, name) if a.latched)
    by_night: dict[str, list[Record]] = {}
    for record in project.model_ledger(name).records():
        by_night.setdefault(str(record.body.get("partition", "")), []).append(record)
    candidates = {key: str(found.body["candidate"]) for key in keys if (found := trained_in(by_night.get(key, [])))}
    return [
        _row(name, line, candidates.get(line.partition), open_alarms[line.partition])
        for line in night_lines(project, name, keys)
    ]


def _row(name: str, line: NightLine, candidate: str | None, alarms: int) -> dict[str, Any]:
    return {
        "model": name,
        "night": line.partition,
        "health": line.health,
        "rows_ingested": line.ingested,
        "rows_scored": line.scored,
        "decision": line.decision,
        "reason": line.reason,
        "candidate": candidate,
        "verdict": line.gate,
        "champion": line.champion,
        "metric": line.metric.replace(" ", "_"),
        "metric_partition": line.measured_on,
        "metric_value": line.value,
        "metric_rows": line.measured_rows,
        "alarms": alarms,
        "wall_seconds": line.seconds,
        "cpu_seconds": line.cpu_seconds,
    }
