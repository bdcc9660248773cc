"""A small made-up history, for the examples of docstrings and for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from include.evaluation.plan import divides
from include.partitions import partition_at, partitions_between
from include.policy.history import history_of_arrays

if TYPE_CHECKING:
    from include.config.model import Task
    from include.partitions import Grain
    from include.policy.history import History


def straight_history(
    count: int,
    rows: int = 60,
    *,
    turn: int | None = None,
    task: Task = "regression",
    grain: Grain = "day",
    delay_days: int = 0,
    seed: int = 1,
    dated: bool = True,
) -> History:
    """Return days on which a number follows from two features; after the day `turn` it follows the other way round.

    Parameters
    ----------
    count, rows : int
        Days, and rows a day.
    turn : int, optional
        Day from which the sign changes.
    task : str
        ``regression``, ``binary`` (above 0) or ``multiclass`` (three classes).
    grain : str
        Of the partitions.
    delay_days : int
        From the start of the partition until a label is known, beside the partition's own length.
    seed : int
    dated : bool
        Rows are spread over their partition; else all are at its start.
    """
    first = partition_at(datetime(2020, 1, 6, tzinfo=UTC), grain, "UTC")
    partitions = partitions_between(first, first.shifted(count - 1))
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count * rows, 2)).astype(np.float32)
    places = np.repeat(np.arange(count), rows)
    sign = np.where(places < (count if turn is None else turn), 1.0, -1.0)
    value = sign * (features[:, 0] + 0.5 * features[:, 1]) + 0.3 * draw.normal(size=count * rows)
    if task == "binary":
        value = (value > 0).astype(float)
    elif task == "multiclass":
        value = np.digitize(value, [-0.5, 0.5]).astype(float)
    starts = np.array([p.start.timestamp() / 86_400 for p in partitions])
    lengths = np.array([p.hours / 24 for p in partitions]) if dated and divides(grain) else np.zeros(count)
    days = np.floor(starts[places] + lengths[places] * np.tile((np.arange(rows) + 0.5) / rows, count)).astype(np.int64)
    ends = np.array([p.end.timestamp() * 1e6 for p in partitions]).astype(np.int64)
    return history_of_arrays(
        partitions, places, features, value, ends[places] + delay_days * 86_400_000_000, days,
        model="made_up", task=task, names=("a", "b"), kinds=("q", "q"),
        classes=("low", "middle", "high") if task == "multiclass" else (),
    )  # fmt: skip
