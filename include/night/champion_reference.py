"""What the champion predicts, weighs and loses on rows it was not trained on: the reference of its own streams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.evidence.stream import NightValue
from include.night.metrics import business_value, deciding_metric
from include.signals.attribution import Attribution, attributions
from include.signals.binning import edges_from
from include.signals.measure import prediction_signals
from include.signals.profile import Profile, profile
from include.signals.profile_rows import PROFILE_SCHEMA, from_rows, to_rows
from include.training.encode import Encoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from include.night.reference import Watch
    from include.night.unseen import Scored, Unseen
    from include.registry.artifact import Artifact
    from include.signals.measure import Signal

Key = tuple[str, str, str]
_WEIGHT, _MEAN = "attribution", "mean"
_COST_BYTES = 2.5e8  # rows times bytes of the model: about 0.4 s of exact SHAP values
_FEWEST_ROWS = 32
LEAST_ROWS = 30
"""Rows below which a champion has no reference."""


@dataclass(frozen=True)
class ChampionReference:
    """The reference of one model version, made once from its held-out nights.

    Attributes
    ----------
    predictions : Profile
        Of its scores.
    weights : mapping of str to Attribution
        What each feature contributes.
    loss : float
        Its mean loss a row over the held-out nights, each counting once, in the deciding metric.
    money : float
        Mean business value a row; NaN without a cost matrix.
    """

    predictions: Profile
    weights: Mapping[str, Attribution]
    loss: float
    money: float


def reference_of_champion(place: Watch, unseen: Unseen) -> ChampionReference | None:
    """Return the reference of the night's champion: made on its first night, then read; None without held-out rows."""
    key = f"champion-{str(place.found.champion)[:16]}"
    stored = place.profiles.read(partitions=[key])
    if stored.num_rows:
        return _from_rows(stored)
    rows = unseen.of(unseen.before_service)
    if len(rows.label) < LEAST_ROWS:
        return None
    made = _made(place, unseen.artifact, rows)
    place.profiles.replace(key, _to_rows(made).to_batches())
    return made


def _made(place: Watch, artifact: Artifact, rows: Scored) -> ChampionReference:
    columns = [score_table(place, rows.score).to_batches()]
    model = place.found.model
    money = business_value(model)
    worth = money.measure(rows.label, rows.score).value if money else None
    losses = [value.value for value in held_out_losses(place, rows).values()]
    return ChampionReference(
        predictions=profile(columns[0], edges_from(columns[0])),
        weights=weights_of(artifact, rows.features, seed=0),
        loss=float(np.mean(losses)) if losses else math.nan,
        money=math.nan if worth is None else worth,
    )


def held_out_losses(place: Watch, rows: Scored) -> dict[str, NightValue]:
    """Return the loss of each partition with its standard error over rows, in the deciding metric, oldest first."""
    metric = deciding_metric(place.found.model)
    found = {}
    for key in np.unique(rows.partition):
        mine = rows.partition == key
        told = metric.measure(rows.label[mine], rows.score[mine])
        if told.value is not None:
            found[str(key)] = NightValue(told.value, math.nan, told.standard_error or math.nan)
    return found


def held_out_predictions(place: Watch, reference: ChampionReference, rows: Scored) -> dict[str, list[Signal]]:
    """Return the signals of the scores of each held-out partition, oldest first."""
    name = place.found.model.name
    return {
        str(key): predictions_against(place, reference, rows.score[rows.partition == key], f"{name}/{key}")
        for key in np.unique(rows.partition)
    }


def predictions_against(
    place: Watch, reference: ChampionReference, score: NDArray[np.float64], key: str
) -> list[Signal]:
    """Return distance and shift of the scores of one partition."""
    current = profile(score_table(place, score).to_batches(), reference.predictions.edges)
    return prediction_signals(current, reference.predictions, key)


def weights_of(artifact: Artifact, features: pa.Table, *, seed: int) -> dict[str, Attribution]:
    """Return the mean |SHAP| of each feature over a sample that is the smaller the larger the model is.

    Returns
    -------
    dict of str to Attribution
        Empty for a model without trees, or without rows.
    """
    if artifact.manifest.kind != "xgboost" or not features.num_rows:
        return {}
    wanted = max(_FEWEST_ROWS, int(_COST_BYTES / max(artifact.manifest.model_bytes, 1)))
    order = np.random.default_rng(seed).permutation(features.num_rows)[:wanted]
    sample = features.take(pa.array(np.sort(order))).combine_chunks().to_batches()
    matrix = np.concatenate([Encoder(artifact.manifest.features).matrix(batch) for batch in sample])
    found = attributions(artifact.booster(), matrix)
    names = artifact.manifest.feature_names
    return dict(zip(names, found.values(), strict=True))


def score_table(place: Watch, score: NDArray[np.float64]) -> pa.Table:
    """Return scores as the columns of the prediction log: ``score``, or one a class."""
    columns = [score] if score.ndim == 1 else list(score.T)
    return pa.table(dict(zip(place.score_columns, columns, strict=True)))


# ---- as rows of the profiles table -----------------------------------------------------------------------------


def _to_rows(made: ChampionReference) -> pa.Table:
    rows = to_rows(made.predictions, with_edges=True).to_pylist()
    for name, weight in made.weights.items():
        rows.append(_row(name, _WEIGHT, weight.rows, weight.mean, weight.deviation**2 * weight.rows))
    rows.append(_row("loss", _MEAN, 0, made.loss, None))
    rows.append(_row("money", _MEAN, 0, made.money, None))
    return pa.Table.from_pylist(rows, PROFILE_SCHEMA)


def _row(subject: str, kind: str, rows: int, mean: float, m2: float | None) -> dict[str, Any]:
    return {
        "subject": subject,
        "kind": kind,
        "reference": "",
        "rows": rows,
        "nulls": 0,
        "count": rows,
        "counts": [],
        "mean": None if math.isnan(mean) else mean,
        "m2": m2,
    }


def _from_rows(stored: pa.Table) -> ChampionReference:
    rows = stored.to_pylist()
    means = {row["subject"]: math.nan if row["mean"] is None else row["mean"] for row in rows if row["kind"] == _MEAN}
    weights = {
        row["subject"]: Attribution(row["mean"], math.sqrt(row["m2"] / row["rows"]), row["rows"])
        for row in rows
        if row["kind"] == _WEIGHT
    }
    profiles = [row for row in rows if row["kind"] not in (_MEAN, _WEIGHT)]
    predictions = from_rows(pa.Table.from_pylist(profiles, PROFILE_SCHEMA))
    return ChampionReference(predictions, weights, means["loss"], means["money"])


def first_weights(place: Watch) -> dict[str, float]:
    """Return the mean |SHAP| by which the first champion weighs its features; they fix the shares of alarms for good."""
    digest = str(place.first["candidate"])[:16] if place.first else ""
    rows = place.profiles.read(["subject", "kind", "mean"], [f"champion-{digest}"]).to_pylist()
    return {row["subject"]: row["mean"] for row in rows if row["kind"] == _WEIGHT}
