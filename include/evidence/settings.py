"""What a night of evidence needs to know beside its values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from include.evidence.alarm import Floor
from include.evidence.conformal import calendar_labels, without_calendar
from include.evidence.notice import PER_YEAR

Floats = NDArray[np.float64]
Key = tuple[str, str, str]

_LEAST_RATE = 1e-12


@dataclass(frozen=True)
class Settings:
    """What a night of evidence needs to know.

    Attributes
    ----------
    model : str
        Name of the model; part of what breaks ties.
    shares : mapping of stream key to float
        Share of the yearly rate of each stream, see `shares.shares`; they sum to at most 1.
    false_alarms_per_year : float
        Chance of any false alarm in a year over all streams.
    partitions_per_year : float
        365.25 for days.
    calendar : bool
        Whether the effect of weekday (or hour of the day) is removed.
    floor : Floor
        Below it an alarm is not material.
    """

    model: str
    shares: Mapping[Key, float]
    false_alarms_per_year: float = 0.05
    partitions_per_year: float = 365.25
    calendar: bool = True
    floor: Floor = field(default_factory=Floor)

    def rate(self, key: Key) -> float:
        """Return the false alarms a night that one detector of a stream may spend: half of the stream's share."""
        return self.false_alarms_per_year * self.shares[key] / (2.0 * self.partitions_per_year)

    def notice_rate(self, key: Key) -> float:
        """Return the notices a night that a stream may raise when nothing has changed: its share of those of a year."""
        return max(PER_YEAR * self.shares[key] / self.partitions_per_year, _LEAST_RATE)

    @property
    def terms(self) -> tuple[float, bool]:
        """The yearly rate, and whether the calendar is removed: what a row keeps of the settings."""
        return self.false_alarms_per_year, self.calendar

    def label_years(self) -> float:
        """Return the grain by which calendar labels are made; infinite when none is removed."""
        return self.partitions_per_year if self.calendar else math.nan


def cleaned(values: Floats, partitions: tuple[str, ...], settings: Settings) -> Floats:
    """Return night values without the calendar's effect, shape (n_nights,)."""
    return without_calendar(values, calendar_labels(partitions, settings.label_years()))
