"""A model's past in arrays: ordered partitions, features, labels and when each label was known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from include.errors import PolicyError
from include.partitions import Partition, partition_from_key
from include.policy.named import last_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from include.config.model import Task

_ARRAYS = ("features", "label", "known", "days", "offsets", "rows")
SAMPLE_SEED = 20130101


@dataclass(frozen=True)
class History:
    """Labelled rows of consecutive nights, in the order of time.

    Attributes
    ----------
    model : str
        Whose rows they are.
    task : str
        ``binary`` (labels 0 and 1), ``regression`` or ``multiclass`` (labels are places in `classes`).
    partitions : tuple of Partition, length n_partitions
        Oldest first.
    names, kinds : tuple of str, length n_features
        Features, and ``q`` (number) or ``c`` (category, coded by first appearance) of each.
    classes : tuple of str
        Of a multiclass model.
    features : array of float32, shape (n_rows, n_features)
        Missing values are NaN.
    label : array of float32, shape (n_rows,)
    known : array of int64, shape (n_rows,)
        Instant at which the label was known, in microseconds since 1970 in UTC.
    days : array of int64, shape (n_rows,)
        Number of the local day of the event, where partitions are longer than a day (else all 0).
    offsets : array of int64, shape (n_partitions + 1,)
        Rows of partition i are ``offsets[i]`` to ``offsets[i + 1]``.
    rows : array of int64, shape (n_partitions,)
        Rows that there were, with or without a label.
    kept : int, optional
        Rows of a partition that keep their loss; unset: fewer, the longer the history.
    """

    model: str
    task: Task
    partitions: tuple[Partition, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    classes: tuple[str, ...]
    features: NDArray[np.float32]
    label: NDArray[np.float32]
    known: NDArray[np.int64]
    days: NDArray[np.int64]
    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    kept: int | None = None

    def __len__(self) -> int:
        """Return how many partitions there are."""
        return len(self.partitions)

    def ends(self) -> NDArray[np.int64]:
        """Return the end of each partition in microseconds since 1970 in UTC, shape (n_partitions,)."""
        return np.array([round(p.end.timestamp() * 1_000_000) for p in self.partitions], np.int64)

    def days_told(self, partition: int) -> int:
        """Return the different days among the rows of a partition."""
        return len(np.unique(self.days[self.offsets[partition] : self.offsets[partition + 1]]))

    def digests(self) -> tuple[str, ...]:
        """Return the sha256 of each partition's rows, so that what was computed from equal rows is found again."""
        return tuple(_digest(self, i) for i in range(len(self)))

    def sample(self, partition: int, most: int) -> NDArray[np.int64]:
        """Return the places of at most so many rows of a partition, ascending; the same rows every time."""
        start, end = int(self.offsets[partition]), int(self.offsets[partition + 1])
        if end - start <= most:
            return np.arange(start, end)
        chosen = np.random.default_rng([SAMPLE_SEED, partition]).choice(end - start, most, replace=False)
        return np.asarray(np.sort(chosen) + start)

    def between(self, first: int, last: int) -> History:
        """Return the partitions from place `first` to `last`, both included."""
        start, end = int(self.offsets[first]), int(self.offsets[last + 1])
        return replace(
            self,
            partitions=self.partitions[first : last + 1],
            features=self.features[start:end],
            label=self.label[start:end],
            known=self.known[start:end],
            days=self.days[start:end],
            offsets=self.offsets[first : last + 2] - start,
            rows=self.rows[first : last + 1],
        )

    def occupied(self) -> History:
        """Return the history without the partitions that have no labelled row: nothing can be learned or judged there."""
        there = np.flatnonzero(np.diff(self.offsets))
        if len(there) == len(self):
            return self
        return replace(
            self,
            partitions=tuple(self.partitions[i] for i in there),
            offsets=np.append(self.offsets[there], self.offsets[-1]),
            rows=self.rows[there],
        )

    def until(self, last: str) -> History:
        """Return the partitions until the one of a key, or the last of a period (``2013``, ``2013-Q1``, ``2013-W05``).

        Raises
        ------
        PolicyError
            When it is no period, or all of them are later.
        """
        return self.between(0, last_until(last, self.partitions))

    def save(self, folder: Path) -> None:
        """Write the arrays and what they mean into a folder, for `load` in this or another interpreter."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        told: dict[str, Any] = {name: getattr(self, name) for name in ("model", "task", "names", "kinds", "classes")}
        first = self.partitions[0]
        told |= {"grain": first.grain, "timezone": first.timezone, "keys": [p.key for p in self.partitions]}
        (folder / "history.json").write_text(json.dumps(told), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> History:
        """Return what `save` wrote; arrays are mapped, not read, so that processes share them."""
        told = json.loads((folder / "history.json").read_text(encoding="utf-8"))
        keys, grain, zone = told.pop("keys"), told.pop("grain"), told.pop("timezone")
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        partitions = tuple(partition_from_key(key, grain, zone) for key in keys)
        names, kinds, classes = (tuple(told[name]) for name in ("names", "kinds", "classes"))
        return cls(told["model"], told["task"], partitions, names, kinds, classes, **arrays)


def history_of_arrays(
    partitions: Sequence[Partition],
    places: NDArray[np.int64],
    features: NDArray[np.float32],
    label: NDArray[np.float64],
    known: NDArray[np.int64],
    days: NDArray[np.int64] | None = None,
    **told: Any,
) -> History:
    """Return the history of rows in any order.

    Parameters
    ----------
    partitions : sequence of Partition
        Oldest first.
    places : array, shape (n_rows,)
        Which partition each row belongs to.
    features, label, known, days : arrays
        See `History`; rows without a label (NaN) are counted and left out. Without `days` no partition tells any.
    told : dict
        ``model``, ``task``, ``names``, ``kinds``, ``classes``.

    Raises
    ------
    PolicyError
        When no row has a label.
    """
    rows = np.bincount(places, minlength=len(partitions)).astype(np.int64)
    kept = np.flatnonzero(np.isfinite(label))
    if not len(kept):
        found = f"none of {len(label)} rows has a label"
        raise PolicyError.at(f"history of {told['model']}", found, "labelled rows", "check the target and its dataset")
    order = kept[np.argsort(places[kept], kind="stable")]
    counts = np.bincount(places[order], minlength=len(partitions))
    return History(
        partitions=tuple(partitions),
        features=np.ascontiguousarray(features[order], np.float32),
        label=label[order].astype(np.float32),
        known=known[order].astype(np.int64),
        days=np.zeros(len(order), np.int64) if days is None else days[order].astype(np.int64),
        offsets=np.append(0, np.cumsum(counts)).astype(np.int64),
        rows=rows,
        **told,
    )


def _digest(history: History, partition: int) -> str:
    start, end = int(history.offsets[partition]), int(history.offsets[partition + 1])
    found = hashlib.sha256(repr((history.names, history.kinds, history.classes, history.task)).encode())
    for array in (history.features, history.label, history.known):
        found.update(np.ascontiguousarray(array[start:end]).tobytes())
    if history.days_told(partition) > 1:  # else nothing that was computed before there were days is lost
        found.update(np.ascontiguousarray(history.days[start:end]).tobytes())
    return found.hexdigest()
