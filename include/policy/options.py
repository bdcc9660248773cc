"""How a backtest looks at the past: what a person asks for, and what follows from it for one history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from include.errors import PolicyError
from include.evaluation.plan import holdout_of
from include.partitions import typical_hours
from include.policy.matrix import MEMORY_BYTES
from include.policy.named import first_from
from include.policy.windows import ALL, parse_window, usual_windows
from include.policy.world import Setup

if TYPE_CHECKING:
    from datetime import timedelta

    from include.config.model import Model
    from include.policy.history import History
    from include.policy.timeline import Timeline

MOST_NIGHTS = 400
"""Nights that decide, at most: the newest; a longer past would take a day to compute."""
_LEAST = 3
"""Partitions: one to learn from, one whose night decides, one on which the decision is seen."""
_LEAST_HISTORY = 2
_FIFTH = 5
_ROUNDING = 0.05


@dataclass(frozen=True)
class Options:
    """How a backtest looks at the past.

    Attributes
    ----------
    first, last : str or None
        The first night that decides and the last partition; everything before the first is history. A key, or a period:
        ``2013``, ``2013-Q1``, ``2013-03``, ``2013-W05``, of which the first night counts and the last one.
    label_delay : timedelta, int or None
        Time (or whole partitions) from the end of a partition until its labels are known; the rows' own when left out.
    latency : int
        Partitions from a training to its serving, beside the one that follows.
    windows : tuple of str
        Windows in partitions, all history always among them; those of the YAML, or usual ones, when empty.
    gates : bool
        Whether every policy is also replayed under each mode of the gate.
    workers : int or None
        Processes; as many as fit into cores and memory when left out, 0 for this one.
    memory_bytes : int
        That the processes may use together.
    seed : int
        Of intervals and random schedules.
    """

    first: str | None = None
    last: str | None = None
    label_delay: timedelta | int | None = None
    latency: int = 0
    windows: tuple[str, ...] = ()
    gates: bool = True
    workers: int | None = None
    memory_bytes: int = MEMORY_BYTES
    seed: int = 0


def setup_of(model: Model, time: Timeline, options: Options, delay: int) -> Setup:
    """Return what a replay of a history takes as given.

    Raises
    ------
    PolicyError
        When the past is too short, or a window cannot be read.
    """
    history = time.history
    grain = history.partitions[0].grain
    start = _start(time, options.first)
    if start + 2 >= len(history) or int(time.newest[start]) < 0:
        raise _too_short(model, time, start)
    holdout = holdout_of(model.gate, grain, history.days_told(start))
    windows = options.windows or usual_windows(model.policy.windows, grain, delay)
    checked = tuple(parse_window(window).text for window in windows)
    return Setup(start, tuple(dict.fromkeys((ALL, *checked))), options.latency, holdout)


def delay_partitions(delay: timedelta | int | None, history: History) -> int | None:
    """Return a label delay in whole partitions, rounded up with a twentieth of tolerance: 31 days are one month."""
    if delay is None or isinstance(delay, int):
        return delay
    partitions = delay.total_seconds() / 3600 / typical_hours(history.partitions[0].grain)
    return int(np.ceil(partitions - _ROUNDING))


def _start(time: Timeline, first: str | None) -> int:
    """Return the night of the first champion: before the first one asked for, else after a fifth of the past."""
    partitions = time.history.partitions
    newest = len(partitions) - _LEAST
    if first is None:
        start = min(max(_LEAST_HISTORY, len(partitions) // _FIFTH), newest)
    else:
        start = first_from(first, partitions) - 1
    start = max(start, 0, len(partitions) - 1 - MOST_NIGHTS)
    for least in (_LEAST_HISTORY, 1):
        enough = np.flatnonzero(time.newest[start:] >= least - 1)
        if len(enough) and start + int(enough[0]) <= newest:
            return start + int(enough[0])
    return start


def _too_short(model: Model, time: Timeline, start: int) -> PolicyError:
    count = len(time.history)
    found = f"has {count} partition{'s' if count != 1 else ''} with labelled rows"
    todo = "begin earlier (--from), cut partitions finer, or bring more history"
    if not (time.newest >= 0).any():
        found += ", of none of which a label is known by the last night"
        todo = "shorten --label-delay, or bring more history"
    elif count >= _LEAST:
        key = time.history.partitions[start].key
        found += f", and a first champion could be trained at {key} at the earliest"
    expected = f"at least {_LEAST}: one to learn from, one whose night decides, and one that follows"
    return PolicyError.at(
        f"backtest of {model.name}",
        found,
        expected,
        todo,
    )
