"""Signals of a night that is part of its own reference, as if the reference did not hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from include.signals.measure import Signal
from include.signals.profile import Profile
from include.signals.unseen_share import UNSEEN_SHARE

_DISTANCES = {"wasserstein_standardised": 1, "js_divergence": 2}  # and the power of the difference that they grow with


def left_out(signals: Iterable[Signal], part: Profile, whole: Profile) -> list[Signal]:
    """Return the signals of a partition that is part of the reference as if the reference did not hold it.

    Parameters
    ----------
    signals : iterable of Signal
        Of the partition against the whole reference.
    part, whole : Profile
        Of both.

    Notes
    -----
    A part is closer to the whole than a stranger is: with n of N rows, F_part − F_whole = (1 − n/N)(F_part − F_rest).
    So a linear distance to the rest is N / (N − n) times as large, while its mean and spread under no change grow by
    √((1/n + 1/(N−n)) / (1/n + 1/N)) only; together a factor r = √((N + n) / (N − n)), squared for the Jensen-Shannon
    divergence. A category that only this partition has is unseen by the rest. Without all this the nights of a reference
    look calmer than every night after it: one of seven days by half a standard deviation.
    """
    if not 0 < part.rows < whole.rows:
        return list(signals)
    ratio = math.sqrt((whole.rows + part.rows) / (whole.rows - part.rows))
    return [_left_out(one, ratio, part, whole) for one in signals]


def _left_out(one: Signal, ratio: float, part: Profile, whole: Profile) -> Signal:
    if one.health != "pass" or not one.spread > 0:
        return one
    if one.signal == UNSEEN_SHARE.name:
        before, mine = whole.categorical(one.subject), part.categorical(one.subject)
        own = float(mine.counts[mine.counts == before.counts].sum()) / mine.n
        return replace(one, value=one.value + own, studentised=one.studentised + own / one.spread)
    if one.signal in _DISTANCES:
        further = (ratio ** _DISTANCES[one.signal] - 1.0) * one.value / one.spread
        return replace(one, studentised=one.studentised + further)
    return replace(one, studentised=one.studentised * ratio)
