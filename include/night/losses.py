"""The champion's losses that have no p-value yet: realised ones as labels mature, tonight's estimated one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from include.evidence.stream import NightValue
from include.night.labels import labelled_partitions
from include.night.measure_table import ESTIMATED, REALISED, of_champion, performance_table
from include.night.streams import loss_key
from include.night.tonight import against
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.evidence.stream import StreamState
    from include.night.champion_reference import ChampionReference
    from include.night.reference import Watch

Key = tuple[str, str, str]
_LOOKED_BACK = 60


def losses_of_night(
    place: Watch,
    reference: ChampionReference | None,
    states: Mapping[Key, StreamState],
    pools: Mapping[Key, Mapping[str, NightValue]],
) -> list[tuple[str, dict[Key, NightValue]]]:
    """Return losses without a p-value by partition, oldest first, less what the champion lost on its held-out nights.

    Parameters
    ----------
    place : Watch
        The night.
    reference : ChampionReference or None
        None while there is nothing to compare with: then no loss is judged.
    states : mapping of stream key to StreamState
        Before the night: their partitions have their p-value.
    pools : mapping of stream key to nights
        That new streams begin with.

    Notes
    -----
    Looked at are the newest 60 partitions that were served: a label later than that measures its partition, but its
    p-value would come too late to say anything. A realised loss waits until its partition's own maturity has passed, as
    the pool's nights do: the few labels that are known earlier would use up the one p-value.
    """
    if reference is None or math.isnan(reference.loss):
        return []
    found, model = place.found, place.found.model
    served = sorted(str(r.body["partition"]) for r in found.ledger.records("night_start"))
    keys = [key for key in served if key <= found.night.key][-_LOOKED_BACK:]
    rows = performance_table(place.project, model.name).read(partitions=keys).to_pylist()
    whole = {partition.key for partition in labelled_partitions(place.project, found)}
    values: dict[str, dict[Key, NightValue]] = {}
    for kind in (REALISED, ESTIMATED):
        key = loss_key(model, kind, found.champion)
        known = {*states[key].partitions} if key in states else {*pools.get(key, {})}
        for row in of_champion(rows, key[1], until=found.night.key, kind=kind, version=found.champion):
            early = kind == REALISED and row[PARTITION] not in whole
            if row["value"] is not None and row[PARTITION] not in known and not early:
                values.setdefault(row[PARTITION], {})[key] = _value(row, reference.loss)
    return sorted(values.items())


def _value(row: Mapping[str, Any], centre: float) -> NightValue:
    return against(NightValue(row["value"], math.nan, row["standard_error"] or 0.0), centre)
