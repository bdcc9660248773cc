"""What an alarm costs: how much more the champion has lost since the change, in its metric and in money."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from include.night.labels import labelled_partitions
from include.night.measure_table import of_champion, performance_table
from include.night.metrics import business_value, deciding_metric
from include.night.streams import loss_key
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.evidence.alarm import Alarm, Floor
    from include.evidence.stream import StreamState
    from include.night.champion_reference import ChampionReference
    from include.night.reference import Watch

Key = tuple[str, str, str]
_ONE_SIDED_95 = 1.6449
_LOOKED_BACK = 60


@dataclass(frozen=True)
class Cost:
    """What a change costs a row, the upper end of its 90 % interval, and in money a partition; None when unknown."""

    loss: float | None = None
    high: float | None = None
    money: float | None = None


def costed(
    place: Watch,
    alarms: Sequence[Alarm],
    states: Mapping[Key, StreamState],
    reference: ChampionReference | None,
    floor: Floor,
) -> list[Alarm]:
    """Return alarms with what they cost, and whether that is enough to tell a person."""
    currency = place.found.model.value.currency if place.found.model.value else None
    found = []
    for alarm in alarms:
        cost = _cost_since(place, alarm.since, states, reference)
        found.append(
            replace(
                alarm,
                expected_loss=cost.loss,
                expected_loss_high=cost.high,
                expected_cost=cost.money,
                currency=currency if cost.money is not None else None,
                material=floor.reached(alarm.size, cost.high),
            )
        )
    return found


def _cost_since(
    place: Watch, since: str, states: Mapping[Key, StreamState], reference: ChampionReference | None
) -> Cost:
    losses = _losses(place, states)
    loss, high = extra(
        [value for key, value in losses.items() if key < since],
        [value for key, value in losses.items() if key >= since],
        higher_is_better=deciding_metric(place.found.model).direction == "higher",
    )
    return Cost(loss, high, _money_since(place, since, reference))


def _losses(place: Watch, states: Mapping[Key, StreamState]) -> dict[str, float]:
    """Return the champion's loss by partition: realised where labels have matured, else estimated."""
    found: dict[str, float] = {}
    for kind in ("estimated", "realised"):
        state = states.get(loss_key(place.found.model, kind, place.found.champion))
        if state is not None:
            found.update(zip(state.partitions, state.raw, strict=True))
    return found


def extra(
    before: Sequence[float], after: Sequence[float], *, higher_is_better: bool = False
) -> tuple[float | None, float | None]:
    """Return how much worse the mean over nights is after a change, and the upper end of its 90 % interval.

    Parameters
    ----------
    before, after : sequence of float
        One value a night.
    higher_is_better : bool
        Whether a fall is worse.

    Returns
    -------
    (float or None, float or None)
        Positive is worse; None without a night on both sides, the upper end infinite below three nights in all.

    Notes
    -----
    Nights are the unit: their common variance within the two sides, divided by the number of nights of each.

    Examples
    --------
    >>> loss, high = extra([0.30, 0.32, 0.28], [0.40, 0.42])
    >>> round(loss, 3), round(high, 3)
    (0.11, 0.138)
    """
    if not before or not after:
        return None, None
    worse = float(np.mean(after) - np.mean(before)) * (-1.0 if higher_is_better else 1.0)
    free = len(before) + len(after) - 2
    if free < 1:
        return worse, math.inf
    squares = sum(float(np.square(np.array(side) - np.mean(side)).sum()) for side in (before, after))
    error = math.sqrt(squares / free * (1.0 / len(before) + 1.0 / len(after)))
    return worse, worse + _ONE_SIDED_95 * error


def _money_since(place: Watch, since: str, reference: ChampionReference | None) -> float | None:
    """Return the money that a partition has lost on average since a change; None without matrix, labels or a level."""
    metric = business_value(place.found.model)
    if metric is None or reference is None:
        return None
    night = place.found.night.key
    served = sorted(str(r.body["partition"]) for r in place.found.ledger.records("night_start"))
    keys = [key for key in served if key <= night][-_LOOKED_BACK:]
    table = performance_table(place.project, place.name).read(partitions=keys).to_pylist()
    rows = of_champion(table, metric.name, until=night, version=place.found.champion)
    whole = {partition.key for partition in labelled_partitions(place.project, place.found)}
    told = [row for row in rows if row["value"] is not None and row[PARTITION] in whole]
    after = [row for row in told if row[PARTITION] >= since]
    before = [row["value"] for row in told if row[PARTITION] < since] or [reference.money]
    if not after or math.isnan(before[0]):
        return None
    lost = float(np.mean(before)) - float(np.mean([row["value"] for row in after]))
    return lost * float(np.mean([row["rows"] for row in after]))
