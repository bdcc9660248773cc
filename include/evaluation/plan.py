"""What a gate takes where the YAML leaves it out: by the length of the partitions, and by whether their rows tell days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.partitions import typical_hours

if TYPE_CHECKING:
    from include.config.model import GateSettings, Promotion
    from include.partitions import Grain

USUAL = timedelta(days=14)
"""Labelled time that is held out, and that a verdict may wait for."""
USUAL_BY_HOUR = timedelta(days=3)
"""The same by hours: a model that hours retrain is old after two weeks, and blocks the next for two more (docs/gate.md)."""
DAY, HALF_A_DAY = 24, 12
"""Hours averaged to one value: the hours of a day follow each other too closely to count one by one."""
DAYS_ENOUGH = timedelta(days=6)
"""Hold-outs of hours from this length on are judged by days, shorter ones by halves of a day: six values either way."""
LEAST_DAYS = 3
"""Days that a partition must tell to be divided into them: below, a verdict would rest on as few values anyway."""
WHOLE = 3
"""Partitions held out where each is one value: as many as a verdict needs (`include.evaluation.sequence.LEAST_NIGHTS`)."""
WHOLE_WAIT = 6
"""Further ones that a verdict may wait for there: of 0 to 14, what captured most on three histories by month (docs/gate.md)."""
_DAY_HOURS = 24.0


@dataclass(frozen=True)
class Holdout:
    """How many of the newest labelled partitions the gate keeps from training.

    Attributes
    ----------
    partitions : int
        At most; and at most a fifth of the history.
    least : int
        Kept all the same where that leaves as many to learn from.
    """

    partitions: int = 1
    least: int = 1

    def of(self, labelled: int) -> int:
        """Return the count for a history of so many labelled partitions.

        Examples
        --------
        >>> Holdout(14).of(60), Holdout(14).of(10), Holdout(3, 3).of(20), Holdout(3, 3).of(6), Holdout(3, 3).of(4)
        (12, 2, 3, 3, 2)
        """
        return max(1, min(self.partitions, max(labelled // 5, min(self.least, labelled // 2))))


def divides(grain: Grain) -> bool:
    """Tell whether partitions of a grain are longer than a day."""
    return typical_hours(grain) > _DAY_HOURS


def holdout_of(settings: GateSettings, grain: Grain, days: int) -> Holdout:
    """Return what the gate of a model keeps from training.

    Parameters
    ----------
    settings : GateSettings
    grain : str
    days : int
        Different days among the rows of a partition.

    Examples
    --------
    >>> from include.config.model import GateSettings
    >>> [holdout_of(GateSettings(), *told).partitions for told in (("hour", 1), ("day", 1), ("week", 7), ("month", 30))]
    [72, 14, 2, 1]
    >>> holdout_of(GateSettings(), "month", 1)
    Holdout(partitions=3, least=3)
    """
    if settings.holdout is None and _whole(grain, days):
        return Holdout(WHOLE, WHOLE)
    return Holdout(max(1, _partitions(settings.holdout or _usual(grain), grain)))


def wait_of(settings: GateSettings, grain: Grain, days: int) -> int:
    """Return the further labelled partitions that a verdict may wait for.

    Examples
    --------
    >>> from include.config.model import GateSettings
    >>> [wait_of(GateSettings(), *told) for told in (("hour", 1), ("day", 1), ("week", 7), ("month", 30), ("month", 1))]
    [72, 14, 2, 1, 6]
    """
    if settings.max_wait is not None:
        return settings.max_wait
    return WHOLE_WAIT if _whole(grain, days) else max(1, _partitions(_usual(grain), grain))


def averaged(settings: GateSettings, grain: Grain) -> int:
    """Return how many neighbouring partitions are averaged to one value before anything is concluded.

    Examples
    --------
    >>> from include.config.model import GateSettings
    >>> averaged(GateSettings(), "hour"), averaged(GateSettings(holdout="14d"), "hour"), averaged(GateSettings(), "day")
    (12, 24, 1)
    """
    if grain != "hour":
        return 1
    return DAY if (settings.holdout or USUAL_BY_HOUR) >= DAYS_ENOUGH else HALF_A_DAY


def _usual(grain: Grain) -> timedelta:
    return USUAL_BY_HOUR if grain == "hour" else USUAL


def beside_of(settings: Promotion, grain: Grain, *, tells_days: bool) -> int:
    """Return the partitions in which a replaced champion goes on scoring beside the new one.

    Parameters
    ----------
    settings : Promotion
    grain : str
    tells_days : bool
        Whether rows have an instant, so that a partition of a week or longer is as many values as it has days.

    Examples
    --------
    >>> from include.config.model import Promotion
    >>> [beside_of(Promotion(), grain, tells_days=True) for grain in ("hour", "day", "week", "month", "year")]
    [72, 14, 2, 1, 1]
    >>> [beside_of(Promotion(), grain, tells_days=False) for grain in ("day", "month")]
    [14, 6]
    """
    if settings.previous_nights is not None:
        return settings.previous_nights
    return WHOLE_WAIT if divides(grain) and not tells_days else max(1, _partitions(_usual(grain), grain))


def _whole(grain: Grain, days: int) -> bool:
    return divides(grain) and days < LEAST_DAYS


def _partitions(length: timedelta, grain: Grain) -> int:
    return round(length.total_seconds() / 3600 / typical_hours(grain))
