"""Conformal p-values of night values: drawn once, from the pool as it is that night, and never again.

If the nights of the pool are exchangeable, the smoothed p-value of each new night is uniform and independent of all
earlier ones, whatever the law of the values. Redrawing an old p-value against later nights would destroy that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Partitions a year between which they are days.
_FEWEST_DAYS, _MOST_DAYS = 200, 1000


def tie_breaker(model: str, subject: str, partition: str) -> float:
    """Return the number in (0, 1) that breaks ties for one night of one stream; the same arguments, the same number.

    Examples
    --------
    >>> tie_breaker("flight_delay", "dep_hour", "2013-03-01") == tie_breaker("flight_delay", "dep_hour", "2013-03-01")
    True
    """
    text = "\x1f".join((model, subject, partition))
    digest = hashlib.sha256(text.encode()).digest()
    return (int.from_bytes(digest[:6], "big") + 0.5) / 2.0**48


def p_value(scores: Floats, tie: float) -> float:
    """Return the smoothed conformal p-value of the last score among all of them.

    Parameters
    ----------
    scores : numpy.ndarray of shape (n_nights,)
        Scores of the pool's nights, tonight's last; larger is stranger. Finite.
    tie : float
        Uniform number in (0, 1), see `tie_breaker`.

    Returns
    -------
    float
        In (0, 1]; small when tonight is among the strangest.

    Raises
    ------
    ValueError
        When there is no score or one is not finite.

    Notes
    -----
    ``p = (#{s_i > s_t} + tie * #{s_i = s_t}) / t``, tonight itself counting among its ties.

    References
    ----------
    Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random World*, 2nd edition, section 2.2.7.

    Examples
    --------
    >>> p_value(np.array([1.0, 5.0, 3.0]), 0.5)
    0.5
    """
    if scores.size == 0 or not np.isfinite(scores).all():
        message = f"a p-value needs at least one score and only finite ones, got {scores!r}"
        raise ValueError(message)
    tonight = scores[-1]
    larger = int(np.count_nonzero(scores > tonight))
    equal = int(np.count_nonzero(scores == tonight))
    return (larger + tie * equal) / scores.size


def distance_from_median(values: Floats) -> Floats:
    """Return each night's distance from the median of the bag: a score that is blind to direction.

    Examples
    --------
    >>> distance_from_median(np.array([1.0, 2.0, 6.0])).tolist()
    [1.0, 0.0, 4.0]
    """
    return np.abs(values - np.median(values))


def without_calendar(values: Floats, labels: Sequence[Hashable]) -> Floats:
    """Return the values less the effect of their calendar label (weekday, hour), estimated from these values alone.

    Parameters
    ----------
    values : numpy.ndarray of shape (..., n_nights)
        Night values of one or more streams.
    labels : sequence of length n_nights
        The calendar label of each night.

    Returns
    -------
    numpy.ndarray of shape (..., n_nights)

    Notes
    -----
    The effect of a label with k nights is its mean's distance from the overall mean, shrunk by
    ``v / (v + s2 / k)``: s2 is the variance within labels and v the variance between them beyond what s2 explains. So
    a stream without a calendar effect is left as it is, and a label with one night is not forced to zero. The effect
    is a symmetric function of the nights that share a label, hence the p-values stay valid when nights are
    exchangeable apart from the calendar. With fewer than two nights a label on average nothing is removed.

    References
    ----------
    Efron, Morris, *Stein's estimation rule and its competitors*, JASA 68 (1973).

    Examples
    --------
    >>> without_calendar(np.array([0.0, 10.0, 0.0, 10.0, 0.0, 10.0]), "ababab").round(6).tolist()
    [5.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    """
    member = _membership(labels)
    counts = member.sum(axis=0)
    effects = _effects(values @ member, np.square(values).sum(axis=-1), counts)
    cleaned: Floats = values - effects @ member.T
    return cleaned


def _effects(sums: Floats, squares: Floats, counts: Floats) -> Floats:
    """Return the shrunk effect of each label from the sums of its nights and the sum of all squares.

    Shapes: sums (..., n_labels), squares (...), counts (n_labels,) and the result (..., n_labels).
    """
    nights, groups = float(counts.sum()), counts.size
    if groups < 2 or nights < 2 * groups:
        return np.zeros_like(sums)
    means = sums / counts
    centre = sums.sum(axis=-1, keepdims=True) / nights
    within = np.maximum(squares - (np.square(means) * counts).sum(axis=-1), 0.0) / (nights - groups)
    spread = (counts * np.square(means - centre)).sum(axis=-1)
    denominator = nights - float(np.square(counts).sum()) / nights
    between = np.maximum((spread - (groups - 1) * within) / denominator, 0.0)[..., np.newaxis]
    noise = within[..., np.newaxis] / counts
    kept = np.divide(between, between + noise, out=np.zeros_like(noise), where=between > 0.0)
    effects: Floats = kept * (means - centre)
    return effects


def _membership(labels: Sequence[Hashable]) -> Floats:
    """Return the indicator matrix of shape (n_nights, n_labels), labels in order of first appearance."""
    position = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    return np.eye(len(position))[[position[label] for label in labels]]


def upper_p_values(values: Floats, first: int, ties: Floats, labels: Sequence[Hashable] | None = None) -> Floats:
    """Return the p-values of many streams at once, each night's drawn from that night's pool.

    Parameters
    ----------
    values : numpy.ndarray of shape (n_nights, n_streams)
        Night values, finite.
    first : int
        Nights before this one fill the pool and get no p-value.
    ties : numpy.ndarray of shape (n_nights - first, n_streams)
        Uniform numbers in (0, 1).
    labels : sequence of length n_nights, optional
        Calendar labels whose effect is removed each night as `without_calendar` does.

    Returns
    -------
    numpy.ndarray of shape (n_nights - first, n_streams)
        Small when the night's value is among the largest so far.
    """
    member = _membership(labels if labels is not None else [0] * values.shape[0])
    groups = [values[member[:, label] > 0.0] for label in range(member.shape[1])]
    tied = labels is not None or bool((np.diff(np.sort(values, axis=0), axis=0) == 0.0).any())
    counts = np.cumsum(member, axis=0)
    sums, squares = member[:first].T @ values[:first], np.square(values[:first]).sum(axis=0)
    result = np.empty((values.shape[0] - first, values.shape[1]))
    for night in range(first, values.shape[0]):
        own = member[night].argmax()
        sums[own] += values[night]
        squares += np.square(values[night])
        effects = _effects_by_label(sums, squares, counts[night])
        earlier = (counts[night] - member[night]).astype(int)
        larger, equal = np.zeros(values.shape[1]), np.ones(values.shape[1])
        for label in np.flatnonzero(earlier):
            # A value less its effect against tonight's less tonight's: the same as a threshold for each label.
            rows, threshold = groups[label][: earlier[label]], values[night] - effects[own] + effects[label]
            larger += _column_counts(rows > threshold)
            equal += _column_counts(rows == threshold) if tied else 0
        result[night - first] = (larger + ties[night - first] * equal) / (night + 1)
    return result


def _effects_by_label(sums: Floats, squares: Floats, counts: Floats) -> Floats:
    """Return the effect of each label on each stream, shape (n_labels, n_streams); 0 for labels not seen yet."""
    effects = np.zeros_like(sums)
    present = counts > 0.0
    if present.sum() > 1:
        effects[present] = _effects(sums[present].T, squares, counts[present]).T
    return effects


def _column_counts(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of true flags a column; blocks of 255 rows fit one byte, which is several times faster."""
    bytes_ = flags.view(np.uint8)
    total = np.zeros(flags.shape[1], dtype=np.int64)
    for start in range(0, flags.shape[0], 255):
        total += np.add.reduce(bytes_[start : start + 255], axis=0, dtype=np.uint8)
    return total


def calendar_labels(partitions: Sequence[str], partitions_per_year: float) -> list[str]:
    """Return the calendar label of each partition key: weekday for days, UTC hour for hours, one label otherwise.

    Parameters
    ----------
    partitions : sequence of str
        Partition keys, local dates (``2013-03-01``) or UTC hours (``2013-03-01T05Z``).
    partitions_per_year : float
        About 8,766 for hours, 365 for days, 52 for weeks, 12 for months.

    Examples
    --------
    >>> calendar_labels(["2013-03-01", "2013-03-02"], 365)
    ['4', '5']
    >>> calendar_labels(["2013-03-01T05Z"], 8766)
    ['05']
    """
    if partitions_per_year > _MOST_DAYS:
        return [key[11:13] for key in partitions]
    if partitions_per_year > _FEWEST_DAYS:
        return [_weekday(key) for key in partitions]
    return [""] * len(partitions)


@lru_cache(maxsize=65536)
def _weekday(key: str) -> str:
    return str(date.fromisoformat(key).weekday())
