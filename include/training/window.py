"""Which labelled partitions a candidate learns from, and which are kept for the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config.durations import format_duration
from include.config.model import WindowSettings
from include.errors import ModelError
from include.evaluation.plan import LEAST_DAYS, holdout_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from include.config.model import Model
    from include.partitions import Partition


@dataclass(frozen=True)
class Cut:
    """Labelled history, divided between training and gate.

    Attributes
    ----------
    train, holdout : tuple of str
        Keys, oldest first; every key of `holdout` is later than every key of `train`.
    cut_at : datetime
        End of the newest training partition, in UTC.
    weights : mapping of str to float, or None
        Weight of a training row by its partition's key (dimensionless, 1 for the newest); None when all weigh the same.
    window : str
        The window in words, as `described` writes and `window_from` reads it.
    """

    train: tuple[str, ...]
    holdout: tuple[str, ...]
    cut_at: datetime
    weights: Mapping[str, float] | None = None
    window: str = "expanding"


def cut(
    labelled: Sequence[Partition], model: Model, window: WindowSettings | None = None, days: int = LEAST_DAYS
) -> Cut:
    """Return the training window and the hold-out of a candidate.

    Parameters
    ----------
    labelled : sequence of Partition
        Partitions with mature labels, in any order.
    model : Model
        Its `gate.holdout` and `window` count.
    window : WindowSettings, optional
        Taken instead of the model's own: what `auto` chose. Where the model says `auto` and nothing was chosen yet,
        all history is used.
    days : int
        Different days among the rows of a partition: how long the hold-out is by default depends on it.

    Raises
    ------
    ModelError
        With fewer than two labelled partitions: one would be left for training or for the gate, not both.

    Notes
    -----
    The hold-out is the newest ``G = max(1, min(round(holdout / partition length), n // 5))`` of n partitions; see
    `include.evaluation.plan` where the YAML names none.
    """
    ordered = sorted(labelled)
    count = holdout_of(model.gate, ordered[0].grain, days).of(len(ordered)) if ordered else 1
    if len(ordered) <= count:
        raise ModelError.at(
            f"model {model.name}",
            f"has {len(ordered)} labelled partitions",
            "at least 2, one to train on and one for the gate",
            "ingest more history, or wait until more labels have matured",
        )
    chosen = window or (model.window if isinstance(model.window, WindowSettings) else WindowSettings())
    train = training_window(ordered[:-count], chosen)
    holdout = tuple(partition.key for partition in ordered[-count:])
    return Cut(tuple(p.key for p in train), holdout, train[-1].end, weights(train, chosen.decay), described(chosen))


def training_window(labelled: Sequence[Partition], window: WindowSettings) -> list[Partition]:
    """Return the partitions of a window, oldest first: all of them, or those that start within `last` of the newest end.

    At least the newest partition is returned when there is any.
    """
    ordered = sorted(labelled)
    if window.last is None or not ordered:
        return ordered
    earliest = ordered[-1].end - window.last
    return [p for p in ordered if p.start >= earliest] or ordered[-1:]


def described(window: WindowSettings) -> str:
    """Return a window in words.

    Examples
    --------
    >>> described(WindowSettings(last="90d", decay="30d")), described(WindowSettings())
    ('last 90d, decay 30d', 'expanding')
    """
    parts = [
        f"{name} {format_duration(value)}"
        for name, value in (("last", window.last), ("decay", window.decay))
        if value is not None
    ]
    return ", ".join(parts) or "expanding"


def window_from(words: str) -> WindowSettings:
    """Return the window that `described` wrote.

    Raises
    ------
    ModelError
        When the words are none of its.
    """
    try:
        parts = dict(part.split(" ", 1) for part in words.split(", ")) if words != "expanding" else {}
        return WindowSettings.model_validate(parts)
    except ValueError as error:
        raise ModelError.at(f"window {words!r}", "is not known", "such as 'expanding' or 'last 90d'") from error


def weights(train: Sequence[Partition], decay: timedelta | None) -> dict[str, float] | None:
    """Return the weight of the rows of each partition: halved for each `decay` of age before the newest one.

    Returns
    -------
    dict of str to float, or None
        ``0.5 ** ((newest end - end) / decay)``; None without decay.
    """
    if decay is None or not train:
        return None
    newest = max(p.end for p in train)
    return {p.key: 0.5 ** ((newest - p.end) / decay) for p in train}
