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
    if start + 2 >= len(history) or int(time.newest[start]) < _told_apart(history):
        raise _too_short(model, time, start)
    if options.latency >= len(history) - start - 1:
        raise PolicyError.at(
            f"backtest of {model.name}, --latency",
            f"is {options.latency}, and {len(history) - start - 1} partitions follow the first champion",
            "less: no training would ever serve",
            "shorten it, or begin earlier (--from)",
        )
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
    told = _told_apart(time.history)
    for least in (_LEAST_HISTORY, 1):
        enough = np.flatnonzero(time.newest[start:] >= max(least - 1, told))
        if len(enough) and start + int(enough[0]) <= newest:
            return start + int(enough[0])
    return start


def _told_apart(history: History) -> int:
    """Return the first place until which there are two classes, without which nothing is trained; 0 for numbers.

    The number of partitions where there are never two.
    """
    if history.task == "regression":
        return 0
    others = np.flatnonzero(history.label != history.label[0])
    return int(np.searchsorted(history.offsets, others[0], side="right")) - 1 if len(others) else len(history)


def _too_short(model: Model, time: Timeline, start: int) -> PolicyError:
    partitions = time.history.partitions
    count, first = len(partitions), _told_apart(time.history)
    found = f"has {count} partition{'s' if count != 1 else ''} with labelled rows"
    todo = "cut partitions finer, or bring more history"
    trained = np.flatnonzero(time.newest >= first)
    if first == count:
        found += ", whose labels are all of one class"
        todo = "check the target's column"
    elif not len(trained):
        found += ", of none of which a label is known by the last night"
        todo = "shorten --label-delay, or bring more history"
    elif count >= _LEAST:
        earliest = int(trained[0])
        found += f", a first champion can be trained at {partitions[earliest].key} at the earliest"
        if start > earliest:
            found += f", and --from leaves it to {partitions[start].key}"
            todo = f"begin earlier (--from), {todo}"
    expected = f"a first champion, a night after it that decides, and one that follows: {_LEAST} partitions at least"
    return PolicyError.at(
        f"backtest of {model.name}",
        found,
        expected,
        todo,
    )
