"""The table of performance: realised and estimated values, side by side."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.storage.schemas import PERFORMANCE
from include.storage.specs import PARTITION
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from include.project import Project
    from include.signals.performance import Performance

REALISED, ESTIMATED = "realised", "estimated"
_SHORTLY = 64  # partitions: longer than most labels take
_CHAMPION = ["metric", "slice", "role", "kind", "model_version", "measured_in", "value", "rows", PARTITION]
_SCHEMA = pa.schema([field for field in PERFORMANCE.schema if field.name != PARTITION])


def performance_table(project: Project, name: str) -> Table:
    """Return a model's table of performance."""
    return project.as_it_was("performance", Table(project.model_home(name) / "performance", PERFORMANCE))


def performance_row(one: Performance, *, version: str, night: str) -> dict[str, Any]:
    """Return one value as a row, with the model version that was measured and the night that measured it."""
    told = {name: value for name, value in one.as_json().items() if name in _SCHEMA.names}
    return {**told, "model_version": version, "measured_in": night}


def performance_rows(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return rows in a fixed order, so that the same values give the same file."""
    names = ("kind", "role", "slice", "metric")
    return pa.Table.from_pylist(sorted(rows, key=lambda row: tuple(str(row[n]) for n in names)), _SCHEMA)


def of_champion(
    rows: Iterable[Mapping[str, Any]], metric: str, *, until: str, kind: str = REALISED, version: str | None = None
) -> list[dict[str, Any]]:
    """Return the champion's values of a metric on whole partitions that were measured by a night, oldest first.

    Parameters
    ----------
    rows : iterable of mappings
        Of the performance table.
    metric, until : str
        Metric, and key of the night.
    kind : str
        ``realised`` or ``estimated``.
    version : str, optional
        Only of this model version.
    """
    chosen = [
        dict(row)
        for row in rows
        if row["metric"] == metric
        and row["kind"] == kind
        and row["role"] == "champion"
        and not row["slice"]
        and row["measured_in"] <= until
        and version in (None, row["model_version"])
    ]
    return sorted(chosen, key=lambda row: (str(row[PARTITION]), str(row["measured_in"])))


def newest_realised(
    rows: Sequence[Mapping[str, Any]], metric: str, until: str, whole: Collection[str]
) -> dict[str, Any]:
    """Return the champion's newest realised value of a metric, as known at the end of a night; empty when there is none.

    Parameters
    ----------
    rows : sequence of mappings
        Of the performance table.
    metric, until : str
        Metric, and key of the night.
    whole : collection of str
        Keys of the partitions whose labels are known as a whole: the few labels that come first say little.
    """
    chosen = [row for row in of_champion(rows, metric, until=until) if row[PARTITION] in whole]
    if not chosen:
        return {}
    newest = chosen[-1]
    return {
        "metric": metric,
        "metric_partition": newest[PARTITION],
        "value": newest["value"],
        "rows": newest["rows"],
    }


def realised_of(table: Table, metric: str, nights: Mapping[str, Collection[str]]) -> dict[str, dict[str, Any]]:
    """Return the champion's newest realised value of a metric as each night knew it; see `newest_realised`.

    Parameters
    ----------
    table : Table
        Of performance.
    metric : str
        Metric.
    nights : mapping of str to collection of str
        By night, the partitions that were whole at its end.

    Notes
    -----
    Only the partitions shortly before the nights are read, and all of them where one of the nights finds nothing there.
    """
    if not nights:
        return {}
    there = [key for key in table.partitions() if key <= max(nights)]
    near = bisect_left(there, min(nights)) - _SHORTLY
    for wanted in (there[near:], there) if near > 0 else (there,):
        rows = table.read(_CHAMPION, wanted).to_pylist()
        found = {key: newest_realised(rows, metric, key, whole) for key, whole in nights.items()}
        if all(found.values()):
            break
    return found


def newest_rows(project: Project, name: str, until: str, most: int) -> list[dict[str, Any]]:
    """Return the rows of the newest partitions that have any, none after a night; not the whole history.

    Parameters
    ----------
    project, name
        The installation and the model.
    until : str
        Key of the night.
    most : int
        Partitions.
    """
    table = performance_table(project, name)
    keys = [key for key in table.partitions() if key <= until][-most:]
    found: list[dict[str, Any]] = table.read(partitions=keys).to_pylist()
    return found
