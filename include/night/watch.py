"""Signals, evidence and alarms of a night: each p-value drawn once, stored for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.evidence.alarm import ALARM_SCHEMA
from include.evidence.between import between_nights
from include.evidence.conformal import calendar_labels
from include.evidence.night import update
from include.evidence.rows import EVIDENCE_SCHEMA, reference_rows
from include.evidence.stream import NightValue, StreamState
from include.night.alarms import ORDERS, answer_by_champion
from include.night.champion_reference import first_weights, reference_of_champion
from include.night.diagnosed import diagnose_night
from include.night.expected import costed
from include.night.losses import losses_of_night
from include.night.reference import Watch
from include.night.states import keep, states_of
from include.night.streams import settings_of, stream_of, values_of
from include.night.tonight import champion_signals, data_signals, held_out_values
from include.night.warn import warn
from include.signals.measure import signals_table
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.evidence.alarm import Alarm
    from include.evidence.night import NightResult
    from include.evidence.settings import Settings
    from include.night.begun import Begun
    from include.night.unseen import Unseen
    from include.project import Project

Key = tuple[str, str, str]


def watch(project: Project, found: Begun, unseen: Unseen | None) -> list[Alarm]:
    """Measure the signals of a night, draw their p-values, raise alarms; a night that was watched is left as it is.

    Parameters
    ----------
    project, found
        The installation and the night.
    unseen : Unseen or None
        Rows that the champion was not trained on; None without a champion.

    Returns
    -------
    list of Alarm
        Alarms and notices of this night.
    """
    place = Watch(project, found)
    raised = _raised(place, unseen)
    warn(place, raised, diagnose_night(place, raised))
    return raised


def _raised(place: Watch, unseen: Unseen | None) -> list[Alarm]:
    """Return the alarms and notices of the night, raised now or when it was watched before."""
    found = place.found
    if unseen is None or place.first is None or found.night.key in place.keys:
        return []
    first = order_of(found)
    if found.night.key not in {row[PARTITION] for row in place.evidence.contents()}:
        answer_by_champion(place, unseen.artifact.manifest.lineage.train, first)
        _measure(place, unseen)
    return [alarm for alarm in place.standing() if alarm.order // ORDERS == first // ORDERS]


def order_of(found: Begun) -> int:
    """Return the first order of measurement of a night: a later night's is larger, whatever its partition."""
    record = found.ledger.find(f"night/{found.night.key}")
    return (record.number if record else 0) * ORDERS


@dataclass
class _Evidence:
    """Rows and alarms of a night in the making, and the streams as they stand."""

    states: dict[Key, StreamState]
    order: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    def add(self, result: NightResult) -> None:
        self.states, self.order = dict(result.states), self.order + 1
        self.rows += result.rows
        self.alarms += [*result.alarms, *result.notices]

    def fill(self, key: Key, nights: Mapping[str, NightValue], share: float, labels: Sequence[str] | None) -> None:
        """Start a stream with a pool of nights that are not judged."""
        between = between_nights(list(nights.values()), labels)
        stream = stream_of(key)
        self.rows += reference_rows(stream, nights.keys(), nights.values(), share, self.order, between)
        values = [value.among(between) for value in nights.values()]
        self.states[key] = StreamState.start(
            stream, list(nights), [v.studentised for v in values], [v.value for v in values], between
        )


def _measure(place: Watch, unseen: Unseen) -> None:
    """Draw the night's p-values and raise its alarms."""
    found, night = place.found, place.found.night.key
    version = found.champion or ""
    evidence = _Evidence(states_of(place, place.standing()), order_of(found))
    history = {} if evidence.states else _history(place)
    reference = reference_of_champion(place, unseen)
    tonight = data_signals(place, night, store=True, joint=True)
    tonight += champion_signals(place, unseen, reference)
    place.signals.replace(night, signals_table(tonight, version).to_batches())
    values = values_of(tonight, version)
    pools = {**history, **held_out_values(place, unseen, reference, evidence.states)}
    losses = losses_of_night(place, reference, evidence.states, pools)
    keys = {*values, *pools, *(key for _, of_night in losses for key in of_night)}
    settings = settings_of(
        place, evidence.states, keys, first_weights(place), reference.loss if reference else float("nan")
    )
    for key, nights in pools.items():
        evidence.fill(key, nights, settings.shares[key], _labels(list(nights), settings))
    # the order leaves room for the nights of every pool, so that a replay sorts them before tonight
    evidence.order += max((len(nights) for nights in pools.values()), default=0)
    for partition, of_night in [*losses, (night, values)]:
        for key in of_night:
            evidence.states.setdefault(key, StreamState.start(stream_of(key)))
        evidence.add(update(evidence.states, partition, of_night, settings, evidence.order))
    _keep(place, evidence, costed(place, evidence.alarms, evidence.states, reference, settings.floor))


def _labels(partitions: Sequence[str], settings: Settings) -> list[str]:
    return calendar_labels(partitions, settings.label_years())


def _history(place: Watch) -> dict[Key, dict[str, NightValue]]:
    """Return the data's signals of the nights that fill the pools; nothing was fitted to their distances.

    All features jointly only of those outside the reference: the others are in the sample that the classifier is given.
    """
    found: dict[Key, dict[str, NightValue]] = {}
    stored = {}
    for key in place.pool_keys:
        signals = data_signals(place, key, joint=key not in place.keys)
        stored[key] = signals_table(signals, "")
        for stream, value in values_of(signals, "").items():
            found.setdefault(stream, {})[key] = value
    place.signals.append_all(stored, run_key="signals/reference")
    return found


def _keep(place: Watch, evidence: _Evidence, alarms: Sequence[Alarm]) -> None:
    """Store alarms first, then the evidence whose presence says that the night was watched."""
    night = place.found.night.key
    if alarms:
        place.alarms.append_all(by_partition([a.to_row() for a in alarms], ALARM_SCHEMA), run_key=f"alarms/{night}")
    if evidence.rows:
        place.evidence.append_all(by_partition(evidence.rows, EVIDENCE_SCHEMA), run_key=f"evidence/{night}")
    keep(place, evidence.states)


def by_partition(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> dict[str, pa.Table]:
    """Return rows as one table a partition."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row[PARTITION]), []).append({k: v for k, v in row.items() if k != PARTITION})
    return {key: pa.Table.from_pylist(found, schema) for key, found in grouped.items()}
