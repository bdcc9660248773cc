"""Estimated performance: what the champion's metrics will be on rows that have no label yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.evaluation.metrics import Metric, metric
from include.night.measure_table import ESTIMATED, performance_row, performance_rows, performance_table
from include.night.metrics import deciding_metric, metrics_of
from include.night.realised import score_of, with_labels
from include.night.rows import feature_columns, feature_rows, labels_table
from include.night.score import predictions_table
from include.night.train import seed_of
from include.scoring.batch import score_columns
from include.signals.errors import SignalError
from include.signals.performance import Performance
from include.storage.specs import PARTITION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.night.begun import Begun
    from include.night.unseen import Scored, Unseen
    from include.project import Project
    from include.signals.estimate import Estimate

_LEVEL = 0.95
_THREADS = 1  # small data: more threads wait for each other longer than they work (measured)
_BY_ROOT = {"rmse": "mse", "rmsle": "msle"}


def measure_estimated(project: Project, found: Begun, unseen: Unseen) -> list[dict[str, Any]]:
    """Estimate the champion's metrics on tonight's rows without labels, once.

    Returns
    -------
    list of dict
        Rows of the performance table: those written now, or on an earlier attempt; empty when nothing was scored or
        every row has its label.

    Notes
    -----
    The reference is labelled rows after the champion's training cut, never rows it was trained on. With too few of
    them the rows say ``cannot_tell``.
    """
    table = performance_table(project, found.model.name)
    night = found.night.key
    known = [{n: v for n, v in r.items() if n != PARTITION} for r in table.read(partitions=[night]).to_pylist()]
    there = [row for row in known if row["kind"] == ESTIMATED]
    if there:
        return there
    features, score = _without_label(project, found, score_columns(unseen.artifact.manifest))
    if not len(score):
        return []
    told = estimates(found, unseen.newest(), features, score)
    rows = [performance_row(_as_performance(one), version=str(found.champion), night=night) for one in told]
    table.replace(night, performance_rows([*known, *rows]).to_batches())
    return rows


def estimates(found: Begun, reference: Scored, features: pa.Table, score: np.ndarray[Any, Any]) -> list[Estimate]:
    """Return the estimate of each metric on rows without labels; ``cannot_tell`` where the reference is too small.

    Parameters
    ----------
    found : Begun
        The night.
    reference : Scored
        Labelled rows that the champion was not trained on.
    features : pyarrow.Table
        Of the rows.
    score : numpy.ndarray of shape (n_rows,) or (n_rows, n_classes)
        The champion's.

    Notes
    -----
    Classes by calibrated confidence, numbers by direct loss. The reference is weighted to look like the rows where
    that leaves enough of it; features that name the night (weather, prices of a day) tell its rows from all others, and
    then the unweighted estimate stands: it takes for granted that a score still comes true as often as it did.
    """
    model, seed = found.model, seed_of(found.model.name, found.night.key, "estimate", 0)
    wanted = _estimable(metrics_of(model), model.task)
    try:
        if model.task == "regression":
            from include.signals.direct_loss import DirectLoss

            taught = DirectLoss(reference.label, reference.score, reference.features, seed=seed, threads=_THREADS)
            return taught.estimate(wanted, score, features, level=_LEVEL)
        from include.signals.estimate import PerformanceEstimator

        estimator = PerformanceEstimator(
            reference.label, reference.score, reference.features, seed=seed, threads=_THREADS
        )
        weighted = estimator.estimate(wanted, score, features, level=_LEVEL)
        if all(one.health == "cannot_tell" for one in weighted):
            return estimator.estimate(wanted, score, level=_LEVEL)
    except SignalError as error:
        return [_cannot_tell(one.name, len(score), str(error)) for one in wanted]
    return weighted


def _estimable(metrics: Sequence[Metric], task: str) -> list[Metric]:
    """Return the metrics that can be estimated: of numbers, means over rows and their roots."""
    return [one for one in metrics if task != "regression" or metric(_BY_ROOT.get(one.name, one.name)).additive]


def _cannot_tell(name: str, rows: int, reason: str) -> Estimate:
    from include.signals.estimate import Estimate

    return Estimate(name, None, None, None, None, rows, _LEVEL, 0.0, "cannot_tell", reason)


def _without_label(project: Project, found: Begun, names: Sequence[str]) -> tuple[pa.Table, np.ndarray[Any, Any]]:
    """Return the features and the champion's scores of tonight's rows that have no label, in one order."""
    name, night = found.model.name, found.night.key
    predictions = predictions_table(project, name)
    served = predictions.read(partitions=[night], role="champion") if predictions else pa.table({})
    if not served.num_rows:
        return pa.table({}), np.empty(0)
    joined = with_labels(served, labels_table(project, name).read(["_key", "known_at"], [night]))
    waiting = joined.filter(joined.column("known_at").is_null())
    rows = pa.Table.from_batches(list(feature_rows(project, name, [night], found.feature_version)))
    place = pc.index_in(waiting.column("_key"), value_set=rows.column("_key").combine_chunks())
    return rows.take(place).select(feature_columns(project, name)), score_of(waiting, names)


def _as_performance(one: Estimate) -> Performance:
    return Performance(
        metric=one.metric,
        slice="",
        role="champion",
        kind=ESTIMATED,
        value=one.value,
        standard_error=one.standard_error,
        low=one.low,
        high=one.high,
        rows=one.rows,
        health=one.health,
        reason=one.reason,
    )


def estimated_loss(found: Begun, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the estimate of the loss that decides, None where there is none."""
    name = deciding_metric(found.model).name
    return next((row for row in rows if row["metric"] == name and row["value"] is not None), None)
