"""The streams of a model: which there are, what they share of the yearly rate, and tonight's values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from include.evidence.alarm import Floor
from include.evidence.settings import Settings
from include.evidence.shares import shares
from include.evidence.stream import NightValue, Stream
from include.night.metrics import deciding_metric
from include.partitions import partitions_per_year

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.config.model import Model
    from include.evidence.stream import StreamState
    from include.night.reference import Watch
    from include.signals.measure import Signal

Key = tuple[str, str, str]
_JOINT = ("rows_per_hour", "domain_auc")
_PREDICTIONS = ("prediction_distance", "prediction_shift")
_OF_PREDICTIONS = (*_PREDICTIONS, "realised_loss", "estimated_loss")
_OF_A_VERSION = (*_OF_PREDICTIONS, "attribution")
_ONLY_UP = ("domain_auc", "realised_loss", "estimated_loss")
_FLOOR = 0.01
"""Share of the champion's loss below which a change is harmless, unless the model says otherwise."""


def stream_of(key: Key) -> Stream:
    """Return the stream of a signal, a subject and a model version."""
    signal = key[0]
    role: Any = "joint" if signal in _JOINT else "performance" if signal in _OF_PREDICTIONS else "feature"
    return Stream(*key, role=role, only_up=signal in _ONLY_UP)


def loss_key(model: Model, kind: str, version: str | None) -> Key:
    """Return the key of a version's stream of losses; ``kind`` is ``realised`` or ``estimated``."""
    return f"{kind}_loss", deciding_metric(model).name, version or ""


def values_of(signals: Iterable[Signal], version: str) -> dict[Key, NightValue]:
    """Return signals as values of their streams; what cannot be told has no studentised value."""
    found = {}
    for one in signals:
        key = one.signal, one.subject, version if one.signal in _OF_A_VERSION else ""
        told = one.studentised if one.health == "pass" else math.nan
        found[key] = NightValue(one.value, told, one.spread)
    return found


def settings_of(
    place: Watch, states: Mapping[Key, StreamState], tonight: Iterable[Key], weights: Mapping[str, float], loss: float
) -> Settings:
    """Return what a night of evidence needs to know.

    Parameters
    ----------
    place : Watch
        The night.
    states : mapping of stream key to StreamState
        Before the night.
    tonight : iterable of stream keys
        That have a value tonight.
    weights : mapping of str to float
        Mean |SHAP| of each feature by the first champion: fixed, so that shares never sum to more than 1.
    loss : float
        The champion's, for the floor of what counts; NaN when unknown.
    """
    found = place.found
    model, version = found.model, found.champion or ""
    watched = {key: stream_of(key) for key in (*states, *tonight, *_always(place)) if key[2] in ("", version)}
    told = shares(watched.values(), weights)
    return Settings(
        model=model.name,
        shares={key: told.get(key, 0.0) for key in {*told, *states}},
        false_alarms_per_year=model.signals.false_alarms_per_year,
        partitions_per_year=partitions_per_year(found.night.grain),
        calendar=model.signals.calendar == "weekday",
        floor=floor_of(model, loss),
    )


def floor_of(model: Model, loss: float) -> Floor:
    """Return the floor of what is sent to a person."""
    wanted = model.signals.min_expected_loss
    if wanted is None:
        wanted = 0.0 if math.isnan(loss) else _FLOOR * abs(loss)
    return Floor(size=model.signals.min_effect, expected_loss=wanted)


def _always(place: Watch) -> list[Key]:
    """Return the streams that have their share from the first night on, though they begin later."""
    model, version = place.found.model, place.found.champion or ""
    losses = [loss_key(model, kind, version) for kind in ("realised", "estimated")]
    scores = [(signal, name, version) for name in place.score_columns for signal in _PREDICTIONS]
    return [*losses, *scores, ("domain_auc", "features", ""), ("rows_per_hour", "rows", "")]
