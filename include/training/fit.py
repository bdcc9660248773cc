"""A candidate from labelled rows: xgboost, deterministic, streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from include.errors import ModelError
from include.registry.artifact import Artifact, sha256
from include.registry.manifest import Fit, Lineage, Manifest
from include.training.blocks import MEMORY_BYTES, encode_rows
from include.training.calibrate import isotonic
from include.training.recipe import check_labels, libraries, parameters_of, recorded, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    import xgboost as xgb

    from include.config.model import Learner, Task
    from include.registry.manifest import Calibration, Tuning
    from include.storage.locations import Location
    from include.training.blocks import Block, Blocks

    Rows = Callable[[], Iterator[pa.RecordBatch]]


def fit(
    rows: Rows,
    *,
    features: Sequence[str],
    learner: Learner,
    task: Task,
    seed: int,
    nthread: int,
    weights: Mapping[str, float] | None = None,
    classes: Sequence[str] = (),
    categorical: Sequence[str] = (),
    lineage: Lineage | None = None,
    memory_bytes: int = MEMORY_BYTES,
    study: Location | None = None,
) -> Artifact:
    """Return a trained model.

    Parameters
    ----------
    rows : callable
        Gives the labelled rows: features, `label`, and `_partition` where weights, calibration or tuning need it.
    features : sequence of str
        Columns to learn from: numbers, booleans, texts (as categories).
    learner : Learner
        Parameters, rounds, constraints, calibration, tuning, device.
    task : str
        ``binary`` (labels 0 and 1), ``regression`` or ``multiclass`` (labels are places in `classes`).
    seed, nthread : int
        The same rows in the same order, seed, thread count, device and library versions give the same bytes, however the
        rows are divided into batches.
    weights : mapping of str to float, optional
        Weight of a row by its partition.
    classes : sequence of str
        Names of the classes.
    categorical : sequence of str
        Columns of whole numbers or booleans to be taken as categories.
    lineage : Lineage, optional
        Written into the manifest.
    memory_bytes : int
        Encoded rows beyond this size are kept and quantised on disk.
    study : Location, optional
        Folder in which an interrupted tuning (`learner.tune`) is found again.

    Raises
    ------
    ModelError
        Without rows or features, with one class only, with missing labels, with columns that cannot be encoded, and for
        parameters that xgboost refuses.

    Notes
    -----
    Calibration trains on the older four fifths of the rows and fits its table on the newest fifth. Numbers are rounded
    to float32, as xgboost works with them: whole numbers beyond 2**24 lose their last digits.
    """
    if not features:
        raise ModelError.at("training rows", "have no features", "at least one column to learn from", "add one")
    parameters = parameters_of(learner, task, seed, nthread, classes, features)
    encoded = encode_rows(
        rows(),
        features=features,
        categorical=categorical,
        max_categories=learner.max_categories,
        weights=weights,
        memory_bytes=memory_bytes,
    )
    with encoded:
        check_labels(encoded.labels, task, classes)
        parts = older, newer = _divided(encoded, learner.calibrate)
        chosen = _chosen(encoded, older, learner, parameters, study)
        booster = train_blocks(encoded, older, chosen.parameters, chosen.rounds)
        model = bytes(booster.save_raw("ubj"))
        manifest = Manifest(
            task=task,
            features=encoded.features,
            classes=tuple(classes),
            calibration=_calibration(booster, newer, task),
            model_sha256=sha256(model),
            model_bytes=len(model),
            fit=_described(encoded, parts, chosen, learner.max_categories, weights or {}),
            lineage=lineage or Lineage(),
        )
    return Artifact(manifest, model)


class _Chosen(NamedTuple):
    """What is trained with: xgboost's parameters, rounds, and how they were found where they were searched for."""

    parameters: dict[str, Any]
    rounds: int
    tuning: Tuning | None


def _chosen(
    encoded: Blocks, older: Sequence[Block], learner: Learner, parameters: dict[str, Any], study: Location | None
) -> _Chosen:
    """Return the learner's parameters and rounds, or those that a search on the rows to train on finds."""
    if learner.tune is None:
        return _Chosen(parameters, learner.rounds, None)
    from include.training.tune import tune

    return _Chosen(*tune(encoded, sum(len(block.label) for block in older), learner, parameters, study=study))


def fit_constant(
    rows: Rows,
    *,
    task: Task,
    weights: Mapping[str, float] | None = None,
    classes: Sequence[str] = (),
    lineage: Lineage | None = None,
) -> Artifact:
    """Return the model that predicts the labels' mean (or the classes' shares) for every row.

    The first champion is gated against it. Raises ModelError as `fit` does, except that one class is enough.
    """
    encoded = encode_rows(rows(), features=(), weights=weights)
    with encoded:
        label, weight = encoded.labels.astype(np.float64), encoded.weights
        check_labels(label, "regression", classes)
        if task == "multiclass":
            mass = np.bincount(label.astype(np.int64), weight, minlength=len(classes))
            constant = tuple((mass / mass.sum()).tolist())
        else:
            constant = (float(np.average(label, weights=weight)),)
        record = Fit(rows=len(label), label_mean=_mean(encoded), rows_sha256=encoded.sha256)
    manifest = Manifest(
        kind="constant",
        task=task,
        classes=tuple(classes),
        constant=constant,
        model_sha256=sha256(b""),
        model_bytes=0,
        fit=record,
        lineage=lineage or Lineage(),
    )
    return Artifact(manifest, b"")


def train_blocks(encoded: Blocks, blocks: Sequence[Block], parameters: dict[str, Any], rounds: int) -> xgb.Booster:
    """Return a booster trained on some encoded rows."""
    import xgboost as xgb

    from include.training.quantise import quantised

    with refusals():
        matrix = quantised(encoded, blocks, nthread=parameters["nthread"], max_bin=parameters.get("max_bin"))
        return xgb.train(parameters, matrix, num_boost_round=rounds)


def _divided(encoded: Blocks, calibrate: bool) -> tuple[list[Block], list[Block]]:
    """Return the rows to train on and those to calibrate on: the newest fifth, by partition, then by their order."""
    if not calibrate:
        return encoded.blocks, []
    cut = encoded.rows - encoded.rows // 5
    if cut == encoded.rows:
        raise ModelError.at("training rows", f"are {cut}", "at least 5 to calibrate", "switch `calibrate` off")
    older, newer = encoded.between(0, cut), encoded.between(cut, encoded.rows)
    return older, newer


def _calibration(booster: xgb.Booster, newer: Sequence[Block], task: Task) -> tuple[Calibration, ...]:
    if not newer:
        return ()
    booster.set_param({"device": "cpu"})
    raw = np.concatenate([booster.inplace_predict(np.ascontiguousarray(block.matrix)) for block in newer])
    label = np.concatenate([block.label for block in newer])
    found = [block.weight for block in newer if block.weight is not None]
    weight = np.concatenate(found) if found else None
    if raw.ndim == 1:
        return (isotonic(raw, label, weight, share=task == "binary"),)
    return tuple(isotonic(raw[:, i], (label == i).astype(float), weight) for i in range(raw.shape[1]))


def _described(
    encoded: Blocks,
    parts: tuple[Sequence[Block], Sequence[Block]],
    chosen: _Chosen,
    max_categories: int,
    weights: Mapping[str, float],
) -> Fit:
    parameters = chosen.parameters
    trained, calibrating = (sum(len(block.label) for block in part) for part in parts)
    return Fit(
        objective=str(parameters["objective"]),
        parameters=recorded(parameters),
        rounds=chosen.rounds,
        seed=parameters["seed"],
        nthread=parameters["nthread"],
        device=parameters["device"],
        rows=trained,
        calibration_rows=calibrating,
        label_mean=_mean(encoded),
        rows_sha256=encoded.sha256,
        libraries=libraries(),
        tuning=chosen.tuning,
        max_categories=max_categories,
        weights=dict(weights),
    )


def _mean(encoded: Blocks) -> float:
    return float(np.average(encoded.labels.astype(np.float64), weights=encoded.weights))
