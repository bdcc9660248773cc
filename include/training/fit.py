"""A candidate from labelled rows: xgboost, deterministic, streamed."""

from __future__ import annotations

import platform
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from include.errors import ModelError
from include.registry.artifact import Artifact, sha256
from include.registry.manifest import Fit, Lineage, Manifest
from include.training.blocks import MEMORY_BYTES, Block, encode_rows
from include.training.calibrate import isotonic
from include.training.device import device_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import xgboost as xgb

    from include.config.model import Learner, Task
    from include.registry.manifest import Calibration
    from include.training.blocks import Blocks

    Rows = Callable[[], Iterator[pa.RecordBatch]]

OBJECTIVES = {"binary": "binary:logistic", "regression": "reg:squarederror", "multiclass": "multi:softprob"}
OURS = ("seed", "nthread", "device", "num_class", "monotone_constraints", "verbosity")


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
) -> Artifact:
    """Return a trained model.

    Parameters
    ----------
    rows : callable
        Gives the labelled rows, oldest first: features, `label`, `_partition` (where weights or calibration need it).
    features : sequence of str
        Columns to learn from: numbers, booleans, texts (as categories).
    learner : Learner
        Parameters, rounds, constraints, calibration, device.
    task : str
        ``binary`` (labels 0 and 1), ``regression`` or ``multiclass`` (labels are places in `classes`).
    seed, nthread : int
        The same rows, seed, thread count, device and library versions give the same bytes.
    weights : mapping of str to float, optional
        Weight of a row by its partition.
    classes : sequence of str
        Names of the classes.
    categorical : sequence of str
        Columns of whole numbers or booleans to be taken as categories.
    lineage : Lineage
        Written into the manifest.
    memory_bytes : int
        Encoded rows beyond this size are kept and quantised on disk.

    Raises
    ------
    ModelError
        Without rows or features, with one class only, with missing labels, with columns that cannot be encoded, and for
        parameters that xgboost refuses.

    Notes
    -----
    Calibration trains on the older four fifths of the rows and fits its table on the newest fifth.
    """
    encoded = encode_rows(
        rows(),
        features=_checked(features, learner),
        categorical=categorical,
        max_categories=learner.max_categories,
        weights=weights,
        memory_bytes=memory_bytes,
    )
    with encoded:
        _check_labels(encoded, task, classes)
        older, newer = _divided(encoded) if learner.calibrate else (encoded.blocks, [])
        parameters = parameters_of(learner, task, seed, nthread, classes, features)
        booster = _trained(encoded, older, parameters, learner.rounds)
        model = bytes(booster.save_raw("ubj"))
        manifest = Manifest(
            task=task,
            features=encoded.features,
            classes=tuple(classes),
            calibration=_calibration(booster, newer, task),
            model_sha256=sha256(model),
            model_bytes=len(model),
            fit=_fit_record(encoded, older, newer, parameters, learner, nthread),
            lineage=lineage or Lineage(),
        )
    return Artifact(manifest, model)


def fit_constant(
    rows: Rows,
    *,
    task: Task,
    weights: Mapping[str, float] | None = None,
    classes: Sequence[str] = (),
    lineage: Lineage | None = None,
) -> Artifact:
    """Return the model that predicts the labels' mean (or the classes' shares) for every row.

    The first champion is gated against it. Raises ModelError as `fit` does.
    """
    encoded = encode_rows(rows(), features=(), weights=weights)
    with encoded:
        _check_labels(encoded, task, classes)
        label, weight = encoded.labels.astype(np.float64), encoded.weights
        if task == "multiclass":
            mass = np.bincount(label.astype(np.int64), weight, minlength=len(classes))
            constant = tuple((mass / mass.sum()).tolist())
        else:
            constant = (float(np.average(label, weights=weight)),)
        record = Fit(rows=len(label), label_mean=_mean(label, weight), rows_sha256=encoded.sha256)
    return Artifact(
        Manifest(
            kind="constant",
            task=task,
            classes=tuple(classes),
            constant=constant,
            model_sha256=sha256(b""),
            model_bytes=0,
            fit=record,
            lineage=lineage or Lineage(),
        ),
        b"",
    )


def parameters_of(
    learner: Learner, task: Task, seed: int, nthread: int, classes: Sequence[str], features: Sequence[str]
) -> dict[str, Any]:
    """Return all parameters given to xgboost: the defaults, the learner's own, then what Nightshift decides."""
    reserved = [name for name in learner.parameters if name in OURS]
    if reserved:
        raise ModelError.at(
            "learner.parameters",
            f"{reserved[0]} is set by Nightshift",
            f"any other than {', '.join(OURS)}",
            "use the learner's own keys (seed, device, monotone) and remove it there",
        )
    found: dict[str, Any] = {"objective": OBJECTIVES[task], "tree_method": "hist", "max_depth": 6, "eta": 0.1}
    found |= learner.parameters
    if "learning_rate" in learner.parameters:
        del found["eta"]
    found |= {"seed": seed % 2**31, "nthread": max(1, nthread), "device": device_for(learner.device), "verbosity": 1}
    if task == "multiclass":
        found["num_class"] = len(classes)
    if learner.monotone:
        signs = ",".join(str(learner.monotone.get(name, 0)) for name in features)
        found["monotone_constraints"] = f"({signs})"
    return found


def _checked(features: Sequence[str], learner: Learner) -> Sequence[str]:
    if not features:
        raise ModelError.at("training rows", "have no features", "at least one column to learn from")
    unknown = sorted(set(learner.monotone) - set(features))
    if unknown:
        raise ModelError.at(
            "learner.monotone", f"{unknown[0]!r} is not a feature", f"one of {', '.join(features)}", "correct its name"
        )
    return features


def _check_labels(encoded: Blocks, task: Task, classes: Sequence[str]) -> None:
    labels = encoded.labels
    if not len(labels):
        raise ModelError.at(
            "training rows", "are none", "rows with mature labels", "ingest history, or wait until labels have matured"
        )
    if task == "regression":
        return
    found = np.unique(labels)
    allowed = 2 if task == "binary" else len(classes)
    if not np.isin(found, np.arange(allowed)).all():
        expected = "0 and 1" if task == "binary" else f"whole numbers from 0 to {allowed - 1}, one for each class"
        raise ModelError.at(
            "training rows", f"label {found[~np.isin(found, np.arange(allowed))][0]:g} is met", expected
        )
    if len(found) < 2:
        name = classes[int(found[0])] if task == "multiclass" else f"{found[0]:g}"
        raise ModelError.at(
            "training rows",
            f"all {len(labels)} labels are {name}",
            "at least two classes",
            "train on a longer window, or check the target's column",
        )


def _divided(encoded: Blocks) -> tuple[list[Block], list[Block]]:
    """Return the older four fifths and the newest fifth of the rows, by partition, then by their order."""
    ages = np.concatenate(encoded.ages)
    rank = np.empty(len(ages), np.int64)
    rank[np.argsort(ages, kind="stable")] = np.arange(len(ages))
    newest = rank >= len(ages) - max(1, len(ages) // 5)
    older: list[Block] = []
    newer: list[Block] = []
    start = 0
    for block in encoded.blocks:
        chosen = newest[start : start + len(block.label)]
        start += len(block.label)
        for mask, into in ((~chosen, older), (chosen, newer)):
            if mask.all():
                into.append(block)
            elif mask.any():
                weight = None if block.weight is None else block.weight[mask]
                into.append(Block(block.matrix[mask], block.label[mask], weight))
    if not older:
        raise ModelError.at("training rows", "are too few to calibrate on", "at least 2", "switch `calibrate` off")
    return older, newer


def _trained(encoded: Blocks, blocks: Sequence[Block], parameters: dict[str, Any], rounds: int) -> xgb.Booster:
    import xgboost as xgb

    from include.training.quantise import quantised

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            matrix = quantised(encoded, blocks, nthread=parameters["nthread"], max_bin=parameters.get("max_bin"))
            booster = xgb.train(parameters, matrix, num_boost_round=rounds)
        except (xgb.core.XGBoostError, ValueError, TypeError) as error:
            raise ModelError.at(
                "training", f"xgboost refuses ({_plain(error)})", "parameters it accepts", "check learner.parameters"
            ) from error
    unused = [str(w.message) for w in caught if "are not used" in str(w.message)]
    if unused:
        raise ModelError.at(
            "learner.parameters", f"xgboost does not know {_between_braces(unused[0])}", "its own parameter names"
        )
    return booster


def _calibration(booster: xgb.Booster, newer: Sequence[Block], task: Task) -> tuple[Calibration, ...]:
    if not newer:
        return ()
    raw = np.concatenate([booster.inplace_predict(block.matrix) for block in newer])
    label = np.concatenate([block.label for block in newer])
    found = [block.weight for block in newer if block.weight is not None]
    weight = np.concatenate(found) if found else None
    if raw.ndim == 1:
        return (isotonic(raw, label, weight, share=task == "binary"),)
    return tuple(isotonic(raw[:, i], (label == i).astype(float), weight) for i in range(raw.shape[1]))


def _fit_record(
    encoded: Blocks,
    older: Sequence[Block],
    newer: Sequence[Block],
    parameters: dict[str, Any],
    learner: Learner,
    nthread: int,
) -> Fit:
    return Fit(
        objective=str(parameters["objective"]),
        parameters={k: v for k, v in parameters.items() if k not in ("seed", "nthread", "device", "verbosity")},
        rounds=learner.rounds,
        seed=parameters["seed"],
        nthread=max(1, nthread),
        device=parameters["device"],
        rows=sum(len(block.label) for block in older),
        calibration_rows=sum(len(block.label) for block in newer),
        label_mean=_mean(encoded.labels.astype(np.float64), encoded.weights),
        rows_sha256=encoded.sha256,
        libraries=libraries(),
    )


def libraries() -> dict[str, str]:
    """Return the versions that shape a model's bytes."""
    import xgboost as xgb

    return {
        "python": platform.python_version(),
        "xgboost": xgb.__version__,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def _mean(label: np.ndarray[Any, Any], weight: np.ndarray[Any, Any] | None) -> float:
    return float(np.average(label, weights=weight))


def _plain(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip() and "Stack trace" not in line]
    return lines[0].split("] ", 1)[-1].strip()[:200] if lines else type(error).__name__


def _between_braces(text: str) -> str:
    return text.partition("{")[2].partition("}")[0].strip() or text
