"""Alarms and notices: what changed, since when, how sure, what it costs, what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import pyarrow as pa

from include.errors import NightshiftError
from include.evidence.words import change, cost, title

AlarmStatus = Literal["open", "acknowledged", "answered"]

# Columns of `models/<m>/alarms`; the table layer adds `_partition`, the night that raised it.
ALARM_SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("signal", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("since", pa.string()),
        pa.field("detector", pa.string()),
        pa.field("log_evidence", pa.float64()),
        pa.field("log_bound", pa.float64()),
        pa.field("false_alarms_per_year", pa.float64()),
        pa.field("effect", pa.float64()),
        pa.field("before", pa.float64()),
        pa.field("after", pa.float64()),
        pa.field("size", pa.float64()),
        pa.field("expected_loss", pa.float64()),
        pa.field("expected_loss_high", pa.float64()),
        pa.field("expected_cost", pa.float64()),
        pa.field("currency", pa.string()),
        pa.field("todo", pa.string()),
        pa.field("status", pa.string()),
        pa.field("material", pa.bool_()),
        pa.field("order", pa.int64()),
    ]
)


_NUMBERS = ("before", "after", "size", "effect", "log_evidence", "log_bound", "false_alarms_per_year")


class AlarmError(NightshiftError):
    """An alarm cannot be acknowledged."""


@dataclass(frozen=True)
class Floor:
    """What a change must reach to be sent to a person; smaller ones stand in the report.

    Attributes
    ----------
    size : float
        Smallest size of a change (see `effect.size_of`), dimensionless.
    expected_loss : float
        Smallest expected loss, in the model's metric a row: a change that surely costs less is not sent.
    """

    size: float = 0.1
    expected_loss: float = 0.0

    def reached(self, size: float, loss_high: float | None) -> bool:
        """Tell whether a change is material; what is not known does not speak against it.

        Parameters
        ----------
        size : float
            Of the change; NaN where it has none.
        loss_high : float or None
            Upper end of what the change may cost.
        """
        cheap = loss_high is not None and loss_high < self.expected_loss
        return not cheap and not abs(size) < self.size


@dataclass(frozen=True, eq=False)
class Alarm:
    """One stream has changed; it stays so (latched) until a person or a promotion answers.

    Attributes
    ----------
    signal, subject, model_version : str
        Which stream; ``model_version`` is empty for signals of the data.
    partition : str
        The night that raised it.
    since : str
        The night from which most of the evidence comes.
    detector : str
        ``levels`` or ``residuals`` (what a frozen one-night forecast leaves); ``notice`` for a single gross night.
    log_evidence, log_bound : float
        Evidence that night, and what the bound was; both natural logarithms.
    false_alarms_per_year : float
        Chance of any false alarm in a year, over all streams together.
    effect : float
        Median of the nights since, less that of the nights before, in standard deviations of night values.
    before, after : float
        Medians of the signal's value before and since, in its own unit.
    size : float
        Of the change from before to after, on a scale that all signals share (`effect.size_of`); NaN without one.
    expected_loss, expected_loss_high : float or None
        By how much the champion's loss a row is higher than before the change, and the upper end of its 90 % interval;
        None when unknown.
    expected_cost : float or None
        The same in money a partition, where the model has a cost matrix; ``currency`` says which.
    todo : str
        What a person should do.
    status : str
        ``open``, ``acknowledged`` by a person, ``answered`` by a promotion.
    material : bool
        Whether size and expected loss reach the floor, so that it is sent.
    order : int
        Order of measurement of the night that raised it.
    kind : str
        ``alarm`` or ``notice``.
    """

    signal: str
    subject: str
    model_version: str
    partition: str
    since: str
    detector: str
    log_evidence: float
    log_bound: float
    false_alarms_per_year: float
    effect: float
    expected_loss: float | None
    todo: str
    status: AlarmStatus = "open"
    material: bool = True
    order: int = 0
    kind: Literal["alarm", "notice"] = "alarm"
    before: float = math.nan
    after: float = math.nan
    size: float = math.nan
    expected_loss_high: float | None = None
    expected_cost: float | None = None
    currency: str | None = None

    @property
    def evidence(self) -> float:
        """Evidence itself: exchangeable nights reach it within T nights with chance at most T / evidence."""
        return math.exp(min(self.log_evidence, 700.0))

    @property
    def latched(self) -> bool:
        """Whether it still stands."""
        return self.kind == "alarm" and self.status == "open"

    @property
    def what(self) -> str:
        """What changed, in words: its title."""
        return title(self.signal, self.subject)

    @property
    def sentence(self) -> str:
        """The alarm in plain words."""
        lasting = self.kind == "alarm"
        told = f"{self.what}: {change(self.signal, self.before, self.after, self.since, lasting=lasting)}"
        far = f"{abs(self.effect):.1f} standard deviations of its nights {'up' if self.effect >= 0 else 'down'}"
        if not lasting:
            return f"{told}; {far}, far beyond all its nights so far."
        return f"{told}; {far}. Chance of any such false alarm in a year: {self.false_alarms_per_year:.2%}."

    @property
    def cost(self) -> str:
        """What it costs, in words; empty when that is unknown."""
        return cost(self.expected_loss, self.expected_loss_high, self.expected_cost, self.currency)

    def acknowledged(self) -> Alarm:
        """Return the alarm as acknowledged by a person.

        Raises
        ------
        AlarmError
            When it does not stand any more.
        """
        return self._closed("acknowledged")

    def answered(self) -> Alarm:
        """Return the alarm as answered by a promotion.

        Raises
        ------
        AlarmError
            When it does not stand any more.
        """
        return self._closed("answered")

    def _closed(self, status: AlarmStatus) -> Alarm:
        if not self.latched:
            raise AlarmError.at(
                f"alarm {self.signal} of {self.subject}, {self.partition}",
                f"is {self.kind if self.kind == 'notice' else self.status}",
                "an open alarm",
                "list the open ones with: python -m include alarms",
            )
        return replace(self, status=status)

    def to_row(self) -> dict[str, Any]:
        """Return the alarm as a row of `ALARM_SCHEMA`, with its night as ``_partition``."""
        row = {field.name: getattr(self, field.name) for field in fields(self)}
        row["_partition"] = row.pop("partition")
        return row

    def __eq__(self, other: object) -> bool:
        """Return whether both say the same; what neither can tell is the same."""
        return self._said == other._said if isinstance(other, Alarm) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._said)

    @property
    def _said(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(None if isinstance(value, float) and math.isnan(value) else value for value in values)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Alarm:
        """Return the alarm that a row of the alarms table holds."""
        known = {field.name: row[field.name] for field in fields(cls) if field.name in row}
        for name in _NUMBERS:
            known[name] = math.nan if known.get(name) is None else known[name]
        return cls(**{**known, "partition": row["_partition"]})
