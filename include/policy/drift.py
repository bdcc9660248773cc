"""The signals that library rules look at, on every partition against any training window, from one pass of counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from include.policy.adwin import Adwin
from include.policy.windows import parse_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from include.policy.cells import Cell
    from include.policy.history import History
    from include.policy.matrix import Matrix
    from include.policy.timeline import Timeline

FINE = 60
"""Bins of a number: between quantiles of the first history (and one for missing values); PSI joins them to ten."""
_FLOOR = 1e-4
_SMALL = 1000
_ADWIN_ROWS = 100


@dataclass
class Drift:
    """Counts by partition, feature and bin, and what is computed of them.

    Attributes
    ----------
    matrix : Matrix
    time : Timeline
    start : int
        Bins are quantiles of the partitions up to this one.
    """

    matrix: Matrix
    time: Timeline
    start: int
    _counts: NDArray[np.float64] | None = None
    _centres: NDArray[np.float64] | None = None
    _cuts: dict[Cell, list[int]] = field(default_factory=dict)
    _fed: dict[Cell, tuple[Adwin, float]] = field(default_factory=dict)

    def signal(self, name: str, night: int, since: int, champion: Cell) -> float:
        """Return a signal of a night's partition, or of the champion's losses known by then.

        Parameters
        ----------
        name : str
            ``psi``: the largest PSI of a feature against the training window, ten bins; ``drift_share``: the share of
            features that Evidently's default tests call drifted; ``adwin``: cuts in the champion's loss.
        night, since : int
            Tonight, and the night that trained the champion.
        champion : Cell
        """
        if name == "adwin":
            return float(self._adwin(night, champion))
        counts, centres = self.counted()
        first = champion.cut + 1 - parse_window(champion.window).reach(champion.cut + 1)
        reference, current = counts[first : champion.cut + 1].sum(axis=0), counts[night]
        if name == "psi":
            return float(_psi(reference, current, self._numeric()).max())
        there = reference[:, :-1].sum(axis=1) > 0  # a feature that comes later is none yet
        drifted = _drifted(reference[there], current[there], centres[there], self._numeric()[there])
        return float(drifted.mean()) if len(drifted) else 0.0

    def _numeric(self) -> NDArray[np.bool_]:
        return np.array([kind == "q" for kind in self.time.history.kinds])

    def counted(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return counts, shape (n_partitions, n_features, FINE + 1), and the centres of the bins of numbers."""
        if self._counts is None or self._centres is None:
            self._counts, self._centres = _bin_counts(self.time.history, self.start)
        return self._counts, self._centres

    def _adwin(self, night: int, champion: Cell) -> int:
        """Return the cuts until the newest labelled partition of a night, whichever nights were asked about before."""
        newest = int(self.time.newest[night])
        cuts = self._cuts.setdefault(champion, [])
        for place in range(champion.cut + 1 + len(cuts), newest + 1):
            cuts.append(self._feed(champion, place))
        seen = newest - champion.cut
        return cuts[seen - 1] if seen > 0 else 0

    def _feed(self, champion: Cell, place: int) -> int:
        """Return the cuts after the next partition, of the rows whose labels were known when it first counted as labelled.

        Losses are scaled by the first partition's largest ones.
        """
        adwin, scale = self._fed.get(champion, (Adwin(), 0.0))
        rows = np.asarray(self.matrix.scores(champion).losses.get(place, np.empty(0)), np.float64)
        first = int(np.flatnonzero(self.time.newest >= place)[0])
        known = self.time.known_rows(first, place, champion.kind) if len(rows) else None
        rows = (rows if known is None else rows[known])[:_ADWIN_ROWS]
        scale = scale or (float(np.quantile(rows, 0.99)) if len(rows) else 0.0)
        for value in np.clip(rows / (scale or 1.0), 0.0, 1.0).tolist():
            adwin.add(value)
        self._fed[champion] = (adwin, scale)
        return adwin.cuts


def _bin_counts(history: History, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return counts, shape (n_partitions, n_features, FINE + 1), and each bin's centre; the last bin is missing values."""
    places = np.repeat(np.arange(len(history)), np.diff(history.offsets))
    first = slice(0, int(history.offsets[start + 1]))
    counts = np.zeros((len(history), len(history.names), FINE + 1))
    centres = np.zeros((len(history.names), FINE))
    for column, kind in enumerate(history.kinds):
        values = np.asarray(history.features[:, column])
        bins, centres[column] = _numbers(values, values[first]) if kind == "q" else _categories(values)
        found = np.bincount(places * (FINE + 1) + bins, minlength=len(history) * (FINE + 1))
        counts[:, column] = found.reshape(len(history), FINE + 1)
    return counts, centres


def _numbers(values: NDArray[np.float32], known: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    known = known[np.isfinite(known)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, FINE + 1)[1:-1])) if len(known) else np.zeros(1)
    bins = np.searchsorted(edges, values, side="right")
    centres = np.full(FINE, edges[-1], np.float64)
    middles = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])
    centres[: len(middles)] = middles
    return np.where(np.isfinite(values), bins, FINE), centres


def _categories(values: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    codes = np.where(np.isfinite(values), np.minimum(np.nan_to_num(values), FINE - 1), FINE)
    return codes.astype(np.int64), np.arange(FINE, dtype=np.float64)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1.0))


def _psi(
    reference: NDArray[np.float64], current: NDArray[np.float64], numeric: NDArray[np.bool_]
) -> NDArray[np.float64]:
    found = []
    for column, is_number in enumerate(numeric):
        old, new = reference[column], current[column]
        if is_number:
            tenth = np.minimum((np.cumsum(_shares(old)) - _shares(old) / 2) * 10, 9).astype(int)
            tenth[-1] = 10  # missing values are a bin of their own
            old, new = np.bincount(tenth, old, 11), np.bincount(tenth, new, 11)
        p, q = np.maximum(_shares(old), _FLOOR), np.maximum(_shares(new), _FLOOR)
        found.append(float(((q - p) * np.log(q / p)).sum()))
    return np.array(found)


def _drifted(
    reference: NDArray[np.float64],
    current: NDArray[np.float64],
    centres: NDArray[np.float64],
    numeric: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return which features Evidently's defaults call drifted.

    More than 1,000 reference rows: normalised Wasserstein distance ≥ 0.1 for numbers, Jensen-Shannon distance ≥ 0.1 for
    categories. At most 1,000: Kolmogorov-Smirnov, or chi-square, p < 0.05. Re-implemented on bins from its documentation.
    """
    from scipy.special import chdtrc, kolmogorov  # scipy.stats takes most of a second to import

    found = []
    for old, new, middle, is_number in zip(reference[:, :-1], current[:, :-1], centres, numeric, strict=True):
        p, q = _shares(old), _shares(new)
        n_old, n_new = max(old.sum(), 1.0), max(new.sum(), 1.0)
        if old.sum() > _SMALL:
            found.append(_wasserstein(p, q, middle) >= 0.1 if is_number else _jensen_shannon(p, q) >= 0.1)
        elif is_number:
            statistic = np.abs(np.cumsum(p) - np.cumsum(q)).max()
            found.append(kolmogorov(statistic * np.sqrt(n_old * n_new / (n_old + n_new))) < 0.05)
        else:
            pooled = (old + new) / (n_old + n_new)
            there = pooled > 0
            parts = [
                ((c - n * pooled)[there] ** 2 / (n * pooled[there])).sum() for c, n in ((old, n_old), (new, n_new))
            ]
            found.append(there.sum() > 1 and chdtrc(int(there.sum()) - 1, sum(parts)) < 0.05)
    return np.array(found, dtype=bool)


def _wasserstein(p: NDArray[np.float64], q: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    mean = float((p * middle).sum())
    deviation = float(np.sqrt((p * (middle - mean) ** 2).sum()))
    distance = float((np.abs(np.cumsum(p) - np.cumsum(q))[:-1] * np.diff(middle)).sum())
    return distance / max(deviation, 0.001)


def _jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    half = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(x > 0, x * np.log2(x / half), 0.0).sum() / 2 for x in (p, q)]
    return float(np.sqrt(max(0.0, sum(terms))))
