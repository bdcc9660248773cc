"""Tonight's signals: of the data, of what the champion predicts, and of what moves its predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from include.night.champion_reference import (
    held_out_losses,
    held_out_predictions,
    predictions_against,
    weights_of,
)
from include.night.realised import score_of
from include.night.rows import feature_rows
from include.night.score import predictions_table
from include.night.streams import loss_key, values_of
from include.night.train import seed_of
from include.signals.left_out import left_out
from include.signals.measure import attribution_signals, signals_of
from include.signals.profile import profile
from include.signals.profile_rows import to_rows
from include.signals.sample import sampled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.evidence.stream import NightValue, StreamState
    from include.night.champion_reference import ChampionReference
    from include.night.reference import Watch
    from include.night.unseen import Unseen
    from include.signals.measure import Signal

Key = tuple[str, str, str]


def data_signals(place: Watch, key: str, *, store: bool = False, joint: bool = False) -> list[Signal]:
    """Return the signals of a partition's features and volume, and, tonight, of the domain classifier."""
    model = place.found.model
    made = profile(place.rows([key]), place.profile.edges, threads=place.project.threads)
    if store:
        place.profiles.replace(key, to_rows(made).to_batches())
    samples = None
    if joint:
        samples = (sampled(place.rows([key]), None, model.signals.sample_rows, 0), place.sample)
    hours = place.project.night(model, key).hours
    name = f"{model.name}/{key}"
    # samples are small: more threads would wait for each other longer than they work (measured)
    found = signals_of(made, place.profile, key=name, hours=(hours, place.hours), samples=samples)
    return left_out(found, made, place.profile) if key in place.keys else found


def champion_signals(place: Watch, unseen: Unseen, reference: ChampionReference | None) -> list[Signal]:
    """Return the signals of tonight's predictions and of what moves them, against the champion's held-out nights."""
    found = place.found
    served = predictions_table(place.project, found.model.name)
    rows = served.read(partitions=[found.night.key], role="champion") if served and reference else None
    if rows is None or reference is None or not rows.num_rows:
        return []
    key = f"{found.model.name}/{found.night.key}"
    signals = predictions_against(place, reference, score_of(rows.sort_by("_key"), place.score_columns), key)
    features = list(feature_rows(place.project, found.model.name, [found.night.key], found.feature_version))
    seed = seed_of(found.model.name, found.night.key, "attribution", 0)
    weights = weights_of(unseen.artifact, pa.Table.from_batches(features), seed=seed)
    return signals + attribution_signals(weights, reference.weights, key)


def held_out_values(
    place: Watch, unseen: Unseen, reference: ChampionReference | None, states: Mapping[Key, StreamState]
) -> dict[Key, dict[str, NightValue]]:
    """Return the pools of a new champion's streams: its predictions and losses on its held-out nights.

    Empty once it has streams. Attributions have none: the exact ones of two weeks would cost more than they are worth.
    """
    version = place.found.champion or ""
    if reference is None or any(key[2] == version for key in states):
        return {}
    rows = unseen.of(unseen.before_service)
    found: dict[Key, dict[str, NightValue]] = {}
    for partition, signals in held_out_predictions(place, reference, rows).items():
        for key, value in values_of(signals, version).items():
            found.setdefault(key, {})[partition] = value
    losses = held_out_losses(place, rows)
    key = loss_key(place.found.model, "realised", version)
    found[key] = {partition: against(value, reference.loss) for partition, value in losses.items()}
    return found


def against(value: NightValue, centre: float) -> NightValue:
    """Return a loss as its distance from a centre, in standard errors of its rows."""
    spread = value.spread if value.spread > 0.0 else 1.0
    return replace(value, studentised=(value.value - centre) / spread, spread=spread)
