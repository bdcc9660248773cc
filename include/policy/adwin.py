"""ADWIN: a window over a stream of bounded numbers that drops its old part when two parts of it differ."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_ROWS = 5
_EVERY = 32
_LEAST = 5


@dataclass
class Adwin:
    """Adaptive windowing with exponential buckets, as libraries ship it.

    Attributes
    ----------
    delta : float
        Confidence of one comparison; 0.002 is the usual default.
    cuts : int
        How often the window was cut because its parts differed.

    References
    ----------
    Bifet, Gavaldà (2007), Learning from time-changing data with adaptive windowing.

    Examples
    --------
    >>> steady, changed = Adwin(), Adwin()
    >>> for i in range(400):
    ...     steady.add(i % 2)
    ...     changed.add(i % 2 if i < 200 else 1.0)
    >>> steady.cuts, changed.cuts > 0
    (0, True)
    """

    delta: float = 0.002
    cuts: int = 0
    _levels: list[list[tuple[float, float]]] = field(default_factory=lambda: [[]])
    _count: int = 0
    _total: float = 0.0
    _squares: float = 0.0
    _seen: int = 0

    def add(self, value: float) -> None:
        """Take one number of the stream, in [0, 1]."""
        self._seen += 1
        self._grow(value)
        if self._seen % _EVERY == 0 and self._count > 2 * _LEAST:
            self._shrink()

    def _grow(self, value: float) -> None:
        if self._count:
            self._squares += self._count * (value - self._total / self._count) ** 2 / (self._count + 1)
        self._count += 1
        self._total += value
        self._levels[0].append((value, 0.0))
        for place, level in enumerate(self._levels):
            if len(level) <= _ROWS:
                return
            size = float(2**place)
            first, second = level.pop(0), level.pop(0)
            joined = first[1] + second[1] + (first[0] - second[0]) ** 2 / (2 * size)
            if place + 1 == len(self._levels):
                self._levels.append([])
            self._levels[place + 1].append((first[0] + second[0], joined))

    def _shrink(self) -> None:
        while self._count > 2 * _LEAST and self._differs():
            self.cuts += 1
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        while not self._levels[-1]:
            self._levels.pop()
        size = float(2 ** (len(self._levels) - 1))
        total, squares = self._levels[-1].pop(0)
        self._count -= int(size)
        self._total -= total
        between = (total / size - self._total / max(self._count, 1)) ** 2
        self._squares = max(0.0, self._squares - squares - between * size * self._count / (size + self._count))

    def _differs(self) -> bool:
        old_count, old_total = 0.0, 0.0
        for place in range(len(self._levels) - 1, -1, -1):
            size = float(2**place)
            for total, _ in self._levels[place]:
                old_count, old_total = old_count + size, old_total + total
                new_count = self._count - old_count
                if new_count < _LEAST:
                    return False
                if old_count >= _LEAST and self._apart(old_count, old_total, new_count):
                    return True
        return False

    def _apart(self, old_count: float, old_total: float, new_count: float) -> bool:
        difference = abs(old_total / old_count - (self._total - old_total) / new_count)
        harmonic = 1 / (old_count - _LEAST + 1) + 1 / (new_count - _LEAST + 1)
        logarithm = math.log(2 * math.log(self._count) / self.delta)
        variance = self._squares / self._count
        return difference > math.sqrt(2 * harmonic * variance * logarithm) + 2 / 3 * harmonic * logarithm
