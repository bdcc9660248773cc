"""The heaviest values of a stream in bounded memory (Misra–Gries), with the largest error of their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

CAPACITY = 64


@dataclass(frozen=True)
class HeavyHitters:
    """The values that are frequent in a stream of texts, however many different values it has.

    Attributes
    ----------
    counts : mapping of str to int
        At most `capacity` values. The true count of a value lies between its count here and that plus `error`; the
        true count of a value that is not here is at most `error`.
    error : int
        Largest amount by which a count is too low, at most rows / (capacity + 1); 0 while no value was dropped.
    capacity : int
        Number of values kept.

    Notes
    -----
    Two summaries merge by adding their counts, then subtracting the (capacity + 1)-th largest from all and dropping
    what is not positive. Merging is commutative, and associative while nothing is dropped; afterwards the counts
    depend on the order but the bounds hold for every order.

    References
    ----------
    J. Misra, D. Gries, *Finding repeated elements*, 1982. P. Agarwal et al., *Mergeable summaries*, PODS 2012.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    error: int = 0
    capacity: int = CAPACITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", MappingProxyType(dict(self.counts)))

    @classmethod
    def of(cls, texts: pa.Array, capacity: int = CAPACITY) -> HeavyHitters:
        """Return the summary of an array of texts (or of a dictionary of texts); nulls do not count.

        Examples
        --------
        >>> HeavyHitters.of(pa.array(["a", "b", "a", None, "c"]), capacity=2)
        HeavyHitters(counts={'a': 1}, error=1)
        """
        return cls.of_counts(*counted(texts), capacity)

    @classmethod
    def of_counts(cls, values: pa.Array, totals: npt.NDArray[np.int64], capacity: int = CAPACITY) -> HeavyHitters:
        """Return the summary of texts that were counted before, as `counted` does."""
        cut = 0
        if len(totals) > capacity:
            cut = int(np.partition(totals, -capacity - 1)[-capacity - 1])
        kept = values.filter(pa.array(totals > cut)).to_pylist()
        return cls(dict(zip(kept, (totals[totals > cut] - cut).tolist(), strict=True)), cut, capacity)

    def merge(self, other: HeavyHitters) -> HeavyHitters:
        """Return the summary of both streams together.

        Examples
        --------
        >>> HeavyHitters({"a": 2}).merge(HeavyHitters({"a": 1, "b": 1}))
        HeavyHitters(counts={'a': 3, 'b': 1}, error=0)
        """
        totals = dict(self.counts)
        for value, count in other.counts.items():
            totals[value] = totals.get(value, 0) + count
        cut = 0
        if len(totals) > self.capacity:
            cut = sorted(totals.values(), reverse=True)[self.capacity]
            totals = {value: count - cut for value, count in totals.items() if count > cut}
        return HeavyHitters(totals, self.error + other.error + cut, self.capacity)

    def ranked(self) -> list[tuple[str, int]]:
        """Return values and counts, most frequent first, ties by text."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeavyHitters):
            return NotImplemented
        return dict(self.counts) == dict(other.counts) and self.error == other.error

    def __hash__(self) -> int:
        return hash((tuple(self.ranked()), self.error))

    def __repr__(self) -> str:
        return f"HeavyHitters(counts={dict(self.ranked())}, error={self.error})"


def counted(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return the different texts of an array (or of a dictionary of texts) and their counts; nulls do not count."""
    if not pa.types.is_dictionary(texts.type):
        pairs = pc.value_counts(texts.drop_null())
        return pairs.field("values"), pairs.field("counts").to_numpy()
    indices = texts.indices.drop_null().to_numpy()
    counts = np.bincount(indices, minlength=len(texts.dictionary))
    if len(pc.unique(texts.dictionary)) == len(texts.dictionary):
        return texts.dictionary, counts
    return counted(texts.dictionary_decode())  # a dictionary may hold a text twice
