"""A drift study without a night: any file or folder of files against a reference.

>>> import tempfile, pyarrow.parquet as pq
>>> folder = Path(tempfile.mkdtemp())
>>> pq.write_table(pa.table({"x": [1.0, 2.0, 3.0, 4.0]}), folder / "reference.parquet")
>>> pq.write_table(pa.table({"x": [3.0, 4.0, 5.0, 6.0]}), folder / "current.parquet")
>>> found = compare(folder / "reference.parquet", folder / "current.parquet", exact=True)
>>> found["subjects"]["x"]["wasserstein"], found["subjects"]["x"]["ks_statistic"]
(2.0, 0.5)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.signals.binning import edges_from
from include.signals.catalogue import binned_values, exact_values
from include.signals.columns import Kind
from include.signals.domain_auc import domain_auc
from include.signals.edges import Edges
from include.signals.errors import SignalError
from include.signals.grouping import Groups
from include.signals.measure import Signal, feature_signals, infinite_columns
from include.signals.pca_error import LEAST_ROWS, PcaError
from include.signals.profile import Profile
from include.signals.reading import Side
from include.signals.sample import sampled
from include.signals.streaming import THREADS
from include.signals.study_alarms import Night, alarms_of
from include.signals.study_columns import compared_kinds

JOINT_ROWS = 20_000

AlarmsOf = Callable[[Sequence[Night], Sequence[Night]], list[dict[str, Any]]]


def compare(
    reference: str | Path,
    current: str | Path,
    *,
    by: str | None = None,
    exact: bool = False,
    columns: Sequence[str] | None = None,
    categorical: Iterable[str] = (),
    joint: bool = False,
    delimiter: str | None = None,
    seed: int = 0,
    threads: int = THREADS,
    alarms: AlarmsOf = alarms_of,
) -> dict[str, Any]:
    """Return every statistic of every column of one side against a reference, and the alarms, ready for JSON.

    Parameters
    ----------
    reference, current : path
        A Parquet or CSV file, or a folder of them; ``period=2024-01/part-0.parquet`` is compared group by group.
    by : str, optional
        Column whose values split the current rows into groups (and the reference's, for the pool of the alarms).
    exact : bool
        Statistics from all values instead of from profiles: a column of both sides is held in memory at a time.
    columns : sequence of str, optional
        Columns to compare; all of the reference's that both sides have and that can be compared if not given, `by`
        apart. One that the current side lacks (as a label) is ignored, unless it looks like a renamed one.
    categorical : iterable of str
        Columns of numbers to compare as categories.
    joint : bool
        Also measure all columns jointly: domain-classifier AUC and PCA reconstruction error on bounded samples.
    delimiter : str, optional
        One character between the fields of CSV files; what the header of each file shows if not given.
    seed : int
        Of samples and trees.
    threads : int
        Columns worked on at the same time.
    alarms : callable
        From the nights of the reference and of the current side to alarms.

    Returns
    -------
    dict
        ``reference`` and ``current`` (``path``, ``rows``, ``by``, ``groups``, ``delimiters``), ``exact``; ``subjects`` (by column:
        ``kind`` and each statistic, a number, or with groups a number for each); ``studentised`` (the signals of each
        column in spreads under no change, likewise); ``joint``; ``ignored`` (columns left out, and why); ``alarms``
        (``partition``, ``subject``, ``signal``, ``evidence``, ``since``, …). What cannot be told is None.

    Raises
    ------
    SignalError
        When a file cannot be read, the reference has no rows, or a column is missing or of another kind.
    """
    before, after = Side.open(reference, delimiter), Side.open(current, delimiter)
    kinds, ignored = compared_kinds(before, after, by, columns, frozenset(categorical))
    texts = [name for name, kind in kinds.items() if kind == "categorical"]
    edges = edges_from(before.batches(list(kinds)), columns=list(kinds), categorical=texts, seed=seed, threads=threads)
    pool = _Counted.of(before, _groups_of_reference(before, by), edges, threads)
    nights = _Counted.of(after, Groups.of(after, by), edges, threads)
    found = _compared(pool, nights, kinds, exact, alarms)
    found["joint"] = _joint(before, after, list(kinds), seed, threads) if joint else {}
    return {**found, "ignored": ignored}


@dataclass(frozen=True)
class _Counted:
    """One side, its groups and their profiles."""

    side: Side
    groups: Groups
    profiles: Sequence[Profile]

    @classmethod
    def of(cls, side: Side, groups: Groups, edges: Edges, threads: int) -> _Counted:
        return cls(side, groups, groups.profiles(side, edges, threads=threads))

    def whole(self) -> Profile:
        return reduce(Profile.merge, self.profiles)

    def nights(self, reference: Profile, infinite: set[str]) -> list[Night]:
        pairs = zip(self.groups.keys, self.profiles, strict=True)
        return [Night(key, feature_signals(one, reference, key, errors=False, infinite=infinite)) for key, one in pairs]

    def described(self) -> dict[str, Any]:
        keys = None if self.groups.by is None else list(self.groups.keys)
        rows = sum(one.rows for one in self.profiles)
        found = {"path": str(self.side.path), "rows": rows, "by": self.groups.by, "groups": keys}
        return {**found, "delimiters": self.side.delimiters}


def _compared(
    pool: _Counted, counted: _Counted, kinds: Mapping[str, Kind], exact: bool, alarms: AlarmsOf
) -> dict[str, Any]:
    whole, groups = pool.whole(), counted.groups
    if not whole.rows:
        raise SignalError.at(str(pool.side.path), "it has no rows", "rows to compare with", "choose another reference")
    values = _exact(pool.side, counted.side, groups, kinds) if exact else _binned(whole, counted.profiles)
    infinite = infinite_columns([whole, *counted.profiles])
    nights, single = counted.nights(whole, infinite), groups.by is None
    subjects = {name: {"kind": kind, **_by_group(groups.keys, values[name], single)} for name, kind in kinds.items()}
    return {
        "reference": pool.described(),
        "current": counted.described(),
        "exact": exact,
        "subjects": subjects,
        "studentised": _studentised(nights, single),
        "alarms": [] if single else alarms(pool.nights(whole, infinite) if pool.groups.by else [], nights),
    }


def _groups_of_reference(before: Side, by: str | None) -> Groups:
    """Return the reference's groups by the same column, where it has it: they fill the pool of the alarms."""
    known = by is not None and (by in before.kinds or by == before.key)
    return Groups.of(before, by if known else None)


def _binned(reference: Profile, profiles: Sequence[Profile]) -> dict[str, list[dict[str, float]]]:
    return {
        name: [binned_values(before, one.subjects[name]) for one in profiles]
        for name, before in reference.subjects.items()
    }


def _exact(before: Side, after: Side, groups: Groups, kinds: Mapping[str, Kind]) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {}
    for name, kind in kinds.items():
        sides = [before.column(name), *groups.columns(after, name)]
        if kind == "categorical":
            sides = [side.cast(pa.string()) for side in sides]
        found[name] = [exact_values(kind, sides[0], side) for side in sides[1:]]
    return found


def _by_group(keys: Sequence[str], values: Sequence[Mapping[str, float]], single: bool) -> dict[str, Any]:
    """Return each statistic as one number, or as one for each group."""
    if single:
        return {name: _number(value) for name, value in values[0].items()}
    names = values[0] if values else {}
    return {name: {key: _number(one[name]) for key, one in zip(keys, values, strict=True)} for name in names}


def _studentised(nights: Sequence[Night], single: bool) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for night in nights:
        for signal in night.signals:
            _put(found.setdefault(signal.subject, {}), signal, night.partition, single)
    return found


def _put(of_subject: dict[str, Any], signal: Signal, partition: str, single: bool) -> None:
    if single:
        of_subject[signal.signal] = _number(signal.studentised)
    else:
        of_subject.setdefault(signal.signal, {})[partition] = _number(signal.studentised)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _joint(before: Side, after: Side, columns: list[str], seed: int, threads: int) -> dict[str, Any]:
    left, right = (sampled(side.batches(columns), None, JOINT_ROWS, seed) for side in (before, after))
    auc = domain_auc(left, right, seed=seed, threads=threads)
    found = {"domain_auc": _number(auc.value), "domain_auc_studentised": _number(auc.studentised())}
    if left.num_rows >= LEAST_ROWS:
        error = PcaError.fit(left).measure(right)
        found["pca_reconstruction_error"] = _number(error.value)
        found["pca_reconstruction_error_studentised"] = _number(error.studentised())
    return found
