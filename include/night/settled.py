"""Partitions whose labels are known as a whole: only they are learnt from, judged by, or shown."""

from __future__ import annotations

from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

from include.labels.mature import UNBOUNDED, maturity
from include.night.rows import features_table, labels_table
from include.partitions import partition_from_key
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.config.model import Model
    from include.partitions import Partition
    from include.project import Project

WHOLE = 0.9
"""Of the share of rows that usually get a label: a partition with fewer labels is not judged yet."""
_PLATEAU = 5
_FLAT = 0.05


class Settled:
    """The labels that there are of a model, read once, and which of its partitions are whole at the end of a night.

    Parameters
    ----------
    project, model
        The installation and the model.

    Notes
    -----
    Where the label is known a stated delay after the event, a partition is whole when that delay has passed for all of it.
    Where only a column says when it is known (``target.known_at`` without ``delay``), no clock tells: the partition is
    whole when 90 % as many of its rows have a label as usually get one (`usual_share`), or 31 days after its end, when
    nobody looks for further labels.
    """

    def __init__(self, project: Project, model: Model) -> None:
        self._project, self._model = project, model

    def at(self, night: Partition) -> list[Partition]:
        """Return the partitions that are whole at the end of a night, oldest first."""
        reach = maturity(self._model, self._project.catalog.dataset(self._model.target.dataset))
        if reach is not None:
            return [p for p in self._labelled if p.end + reach <= night.end]
        old = {p.key for p in self._labelled if p.end + UNBOUNDED <= night.end}
        shares = [self._shares[p.key] for p in self._labelled]
        usual = usual_share(shares, len(old))
        return [
            p
            for p, share in zip(self._labelled, shares, strict=True)
            if p.start < night.end and (p.key in old or share >= WHOLE * usual)
        ]

    @cached_property
    def _labels(self) -> Mapping[str, int]:
        contents = labels_table(self._project, self._model.name).contents()
        return {row[PARTITION]: int(row["rows"]) for row in contents if row["rows"]}

    @cached_property
    def _labelled(self) -> list[Partition]:
        rows = self._project.catalog.dataset(self._model.rows)
        return [partition_from_key(key, rows.partition, rows.timezone) for key in sorted(self._labels)]

    @cached_property
    def _shares(self) -> Mapping[str, float]:
        """Return the share of each partition's feature rows that have a label; 0 where there are none."""
        table = features_table(self._project, self._model.name)
        rows: dict[str, int] = {}
        for row in table.contents() if table else ():
            rows[row[PARTITION]] = max(rows.get(row[PARTITION], 0), int(row["rows"]))
        return {key: labels / rows[key] if rows.get(key) else 0.0 for key, labels in self._labels.items()}


def usual_share(shares: Sequence[float], old: int) -> float:
    """Return the share of a partition's rows that get a label in the end.

    Parameters
    ----------
    shares : sequence of float
        Labelled share of each partition, oldest first.
    old : int
        How many of the first are so old that no further label is looked for.

    Returns
    -------
    float
        The median of the old ones; without any that of the five oldest, where they differ by at most 5 % of it and so
        have stopped growing; else 1.

    Examples
    --------
    >>> usual_share([0.7, 0.72, 0.71, 0.5, 0.1], 3)
    0.71
    >>> usual_share([0.7, 0.71, 0.72, 0.71, 0.7, 0.1], 0)
    0.71
    >>> usual_share([0.5, 0.4, 0.3, 0.2, 0.1], 0)
    1.0
    """
    if old:
        return min(median(shares[:old]), 1.0)
    oldest = shares[:_PLATEAU]
    if len(oldest) == _PLATEAU and median(oldest) > 0.0 and max(oldest) - min(oldest) <= _FLAT * median(oldest):
        return min(median(oldest), 1.0)
    return 1.0
