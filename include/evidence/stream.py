"""Streams of night values and what is known of each: its pool, its frozen forecast, its evidence, its alarm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from include.evidence.alarm import Alarm
from include.evidence.autocorrelation import Forecast, fit_forecast
from include.evidence.bets import ANY_CHANGE, ONLY_UP, Change
from include.evidence.conformal import calendar_labels, without_calendar
from include.evidence.detector import fresh

Floats = NDArray[np.float64]
Role = Literal["feature", "joint", "performance"]

# Below this many nights in the pool a stream cannot tell a change from chance.
FEWEST_NIGHTS = 30
# Studentised values may be infinite (a share that was always zero); ranks need finite ones.
_LARGEST_VALUE = 1e6


@dataclass(frozen=True)
class Stream:
    """One stream of night values.

    Attributes
    ----------
    signal, subject : str
        What is measured, and of what.
    model_version : str
        Of the model whose predictions or losses are measured; empty for the data, whose streams survive a promotion.
    role : str
        ``feature``, ``joint`` (all features, rows per hour) or ``performance`` (predictions, losses): decides the
        share of the yearly rate.
    only_up : bool
        Whether only an increase is bad (losses).
    """

    signal: str
    subject: str
    model_version: str = ""
    role: Role = "feature"
    only_up: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells streams apart."""
        return self.signal, self.subject, self.model_version

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes bet on."""
        return ONLY_UP if self.only_up else ANY_CHANGE


@dataclass(frozen=True)
class StreamState:
    """What is known of a stream after some nights. Rebuilt from the evidence table by `rows.states_from`.

    Attributes
    ----------
    stream : Stream
        Which one.
    partitions, values, raw : tuple
        Nights of the pool in the order of measurement, their studentised values, and their values in the signal's unit.
    reference : int
        How many of them were in the pool before the detectors started.
    levels, residuals : numpy.ndarray of shape (1, n_ages, n_changes)
        States of the two detectors.
    bets : tuple of (float, float)
        P-values since the detectors started: of the level and of the residual, NaN where not drawn.
    alarm : Alarm or None
        The alarm that stands.
    between : float
        Standard deviation between nights beyond that of their rows (see `between.between_nights`), in the signal's unit.
    started : int or None
        Order of measurement of the first night that the present detectors have bet on; None before it.
    """

    stream: Stream
    partitions: tuple[str, ...] = ()
    values: tuple[float, ...] = ()
    raw: tuple[float, ...] = ()
    reference: int = 0
    levels: Floats = field(default_factory=lambda: np.empty(0))
    residuals: Floats = field(default_factory=lambda: np.empty(0))
    bets: tuple[tuple[float, float], ...] = ()
    alarm: Alarm | None = None
    between: float = 0.0
    started: int | None = None

    @classmethod
    def start(
        cls,
        stream: Stream,
        partitions: Sequence[str] = (),
        values: Sequence[float] = (),
        raw: Sequence[float] | None = None,
        between: float = 0.0,
    ) -> StreamState:
        """Return a stream whose pool holds these nights and whose detectors have not started.

        Parameters
        ----------
        stream : Stream
            Which one.
        partitions, values : sequence of length n_nights
            For signals of the data the nights of the training window, with their studentised values; for predictions
            and losses nights after the training cut only, since training nights are in-sample.
        raw : sequence of length n_nights, optional
            Their values in the signal's unit; the studentised ones when omitted.
        between : float
            See the class.
        """
        nights = zip(partitions, values, values if raw is None else raw, strict=True)
        told = [(key, bounded(value), shown) for key, value, shown in nights if not np.isnan(value)]
        empty = fresh(1, stream.changes)
        keys, kept, shown = (tuple(column) for column in zip(*told, strict=True)) if told else ((), (), ())
        return cls(stream, keys, kept, shown, len(kept), empty, empty, between=between)

    @property
    def pool_start(self) -> str:
        """First night of the pool; empty while there is none."""
        return self.partitions[0] if self.partitions else ""

    def restarted(self, since: str) -> StreamState:
        """Return the stream with its pool cut at a change: nights before ``since`` are gone, the detectors start anew.

        Raises
        ------
        ValueError
            When ``since`` is not a night of the pool.
        """
        if since not in self.partitions:
            message = f"{since} is not a night of the pool of {self.stream.signal} of {self.stream.subject}"
            raise ValueError(message)
        first = self.partitions.index(since)
        return StreamState.start(
            self.stream, self.partitions[first:], self.values[first:], self.raw[first:], self.between
        )

    def latched(self, alarm: Alarm | None) -> StreamState:
        """Return the stream with this alarm standing."""
        return replace(self, alarm=alarm)

    def forecast(self, partitions_per_year: float) -> Forecast | None:
        """Return the forecast frozen on the pool's first nights; None while there are fewer than 30.

        Notes
        -----
        Fitted on the nights that filled the pool before the detectors started, or on the first 30 if those are fewer.
        So it never changes afterwards and needs no row of its own.
        """
        count = max(self.reference, FEWEST_NIGHTS)
        if len(self.values) < count:
            return None
        labels = calendar_labels(self.partitions[:count], partitions_per_year)
        return fit_forecast(without_calendar(np.array(self.values[:count]), labels))


def bounded(value: float) -> float:
    """Return a value with infinities replaced by a large number; NaN stays."""
    return float(np.clip(value, -_LARGEST_VALUE, _LARGEST_VALUE))


@dataclass(frozen=True)
class NightValue:
    """One stream's value tonight.

    Attributes
    ----------
    value : float
        In the signal's unit, for people.
    studentised : float
        The value less its expectation, over its spread, at tonight's number of rows; NaN when it cannot be told.
    spread : float
        That spread, in the signal's unit; NaN when it is not known, and then nights are taken as they are.
    """

    value: float
    studentised: float
    spread: float = math.nan

    def among(self, between: float) -> NightValue:
        """Return the value studentised for its rows and for what nights differ beyond them.

        Examples
        --------
        >>> NightValue(0.3, 3.0, spread=0.1).among(0.0).studentised
        3.0
        >>> round(NightValue(0.3, 3.0, spread=0.1).among(0.2).studentised, 3)
        1.342
        """
        if not between > 0.0 or math.isnan(self.spread):
            return self
        total = math.hypot(self.spread, between)
        return NightValue(self.value, self.studentised * self.spread / total, total)
