"""Paired night values: champion and candidate on the same rows of the same partitions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.evaluation.metrics import Metric, MetricError, finite_rows
from include.evaluation.plan import LEAST_DAYS

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NightScores:
    """The labelled rows of one partition with the scores of both models.

    `label` (n_rows,) is NaN where not known; `champion`, `candidate` and `anchor` are (n_rows,) or (n_rows, n_classes);
    `slices` maps a column to the value of each row; `weight` is the weight of each row; `day` numbers the day of each row
    where the partition is longer than one.
    """

    partition: str
    label: NDArray[Any]
    champion: NDArray[Any]
    candidate: NDArray[Any]
    weight: NDArray[Any] | None = None
    anchor: NDArray[Any] | None = None
    slices: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    day: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check that everything has one entry a row."""
        n = len(self.label)
        named = {
            "champion": self.champion,
            "candidate": self.candidate,
            "weight": self.weight,
            "anchor": self.anchor,
            "day": self.day,
        }
        for name, array in {**named, **self.slices}.items():
            if array is not None and len(array) != n:
                raise MetricError.at(
                    f"night {self.partition}",
                    f"{name} has {len(array)} rows, label {n}",
                    "equally many",
                    "score the same rows",
                )

    def only(self, rows: NDArray[Any]) -> NightScores:
        """Return the night with only these rows (a mask or positions)."""
        return NightScores(
            self.partition,
            self.label[rows],
            self.champion[rows],
            self.candidate[rows],
            None if self.weight is None else self.weight[rows],
            None if self.anchor is None else self.anchor[rows],
            {name: values[rows] for name, values in self.slices.items()},
            None if self.day is None else self.day[rows],
        )

    def days(self) -> list[NightScores]:
        """Return one night for each of its days, in the order of time; itself where the rows tell fewer than three.

        Examples
        --------
        >>> one = np.zeros(4)
        >>> [d.partition for d in NightScores("2013-03-01", one, one, one, day=np.array([15765, 15765, 15766, 15768])).days()]
        ['2013-03-01 2013-03-01', '2013-03-01 2013-03-02', '2013-03-01 2013-03-04']
        """
        found = np.empty(0, np.int64) if self.day is None else np.unique(self.day)
        if self.day is None or len(found) < LEAST_DAYS:
            return [self]
        named = zip(found, found.astype("datetime64[D]").astype(str), strict=True)
        return [replace(self.only(self.day == day), partition=f"{self.partition} {name}") for day, name in named]


def night_of(unit: str) -> str:
    """Return the partition that a night, or a day of one, belongs to.

    Examples
    --------
    >>> night_of("2013-03-01 2013-03-04"), night_of("2013-03-01T05Z")
    ('2013-03-01', '2013-03-01T05Z')
    """
    return unit.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class PairedNights:
    """One value a night (or a day of one): how much better the candidate is (`gain`, positive is better), both models' own.

    All arrays have shape (n_nights,); `skipped` names the nights that could not be told and why: they do not count.
    """

    partitions: tuple[str, ...]
    gain: FloatArray
    champion: FloatArray
    candidate: FloatArray
    rows: NDArray[np.int64]
    skipped: tuple[tuple[str, str], ...]

    @property
    def nights(self) -> int:
        """How many partitions the values are of."""
        return len({night_of(unit) for unit in self.partitions})

    def values_of(self, nights: int) -> int:
        """Return how many of the values are of the first so many partitions."""
        first = list(dict.fromkeys(map(night_of, self.partitions)))[:nights]
        return sum(night_of(unit) in first for unit in self.partitions)

    def nights_for(self, values: int | None) -> int | None:
        """Return how many partitions like these have so many values."""
        a_night = len(self.gain) / self.nights if self.nights else 1.0
        return None if values is None else math.ceil(values / a_night)

    def blocks(self, length: int) -> FloatArray:
        """Return the mean gain of each whole block of consecutive nights, shape (n_nights // length,).

        The newest nights that do not fill a block wait for it.
        """
        whole = len(self.gain) // length
        means: FloatArray = self.gain[: whole * length].reshape(whole, length).mean(axis=1)
        return means


def paired_nights(nights: Sequence[NightScores], metric: Metric, rival: str = "champion") -> PairedNights:
    """Return each night's paired gain of the candidate over a rival.

    Parameters
    ----------
    nights : sequence of NightScores
        In the order of time.
    metric : Metric
        What to compare; a proper loss gives the most power.
    rival : str
        `champion` or `anchor`.

    Notes
    -----
    Both models are measured on the rows where label and both scores are known. A night without labels, or where the
    metric is not defined (one class for auc), is skipped and named.
    """
    kept, skipped = [], []
    for night in nights:
        label = np.asarray(night.label, dtype=np.float64)
        theirs = getattr(night, rival)
        if theirs is None:
            skipped.append((night.partition, f"no scores of the {rival}"))
            continue
        both = finite_rows(theirs) & finite_rows(night.candidate)
        weight = None if night.weight is None else np.asarray(night.weight, dtype=np.float64)[both]
        old, new = (
            metric.measure(label[both], np.asarray(s, dtype=np.float64)[both], weight)
            for s in (theirs, night.candidate)
        )
        if old.value is None or new.value is None:
            skipped.append((night.partition, old.reason or new.reason))
        else:
            kept.append((night.partition, metric.gain(old.value, new.value), old.value, new.value, old.rows))
    columns = list(zip(*kept, strict=True)) if kept else [(), (), (), (), ()]
    gain, champion, candidate = (np.array(column, dtype=np.float64) for column in columns[1:4])
    return PairedNights(columns[0], gain, champion, candidate, np.array(columns[4], dtype=np.int64), tuple(skipped))
