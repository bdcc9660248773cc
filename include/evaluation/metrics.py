"""The metric zoo: one registry of named metrics, each with a value, a standard error and a health."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from include.errors import NightshiftError
from include.evaluation import calibration, confusion, losses, ranking

FloatArray = NDArray[np.float64]
Direction = Literal["lower", "higher"]
Health = Literal["pass", "fail", "cannot_tell"]
Influence = Callable[..., tuple[float, FloatArray]]

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"


class MetricError(NightshiftError):
    """A metric is unknown, or its options or arrays do not fit it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's value on some rows.

    `value` and `standard_error` are None where `health` is `cannot_tell`; `reason` says why the health is not `pass`.
    `standard_error` treats the rows as independent; between nights the spread is larger, see the gate.
    """

    metric: str
    value: float | None
    standard_error: float | None
    rows: int
    health: Health
    reason: str = ""

    def as_json(self) -> dict[str, float | int | str | None]:
        """Return the fields as plain types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its options fixed.

    `influence` returns the value and each row's influence on it, `(n_rows,)`, whose weighted mean is 0; for an additive
    metric the row's own contribution is value plus influence.
    """

    name: str
    direction: Direction
    tasks: frozenset[str]
    additive: bool
    unit: str
    influence: Influence
    probability: bool = False
    both_classes: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def gain(self, champion: float, candidate: float) -> float:
        """Return how much better the candidate's value is, positive is better, in the metric's unit."""
        return champion - candidate if self.direction == "lower" else candidate - champion

    def rows(self, label: FloatArray, score: FloatArray) -> FloatArray:
        """Return each row's contribution, `(n_rows,)`; their (weighted) mean is the value.

        Raises
        ------
        MetricError
            The metric is not a mean over rows (auc, f1, rmse, …).
        """
        if not self.additive:
            raise MetricError.at(
                f"metric {self.name}",
                "it is not a mean over rows",
                "an additive metric",
                "use `measure` or `influence`",
            )
        value, psi = self.influence(label, score, None, **self.options)
        return psi + value

    def measure(self, label: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> Measured:
        """Return the value with its standard error, or `cannot_tell` with the reason.

        Parameters
        ----------
        label : array of shape (n_rows,)
            NaN where the label is not known: such rows are left out. Classes are 0, 1, … .
        score : array of shape (n_rows,) or (n_rows, n_classes)
            Probability of class 1, of each class, or the predicted number.
        weight : array of shape (n_rows,), optional
            Weight of each row, dimensionless.

        Notes
        -----
        The standard error is √(Σ wᵢ²ψᵢ²) / Σ wᵢ with ψ the influence of each row (the delta method; for auc the
        structural components of DeLong). Empty, all null or one class: `cannot_tell`. A labelled row without a score,
        or a probability outside [0, 1]: `fail`, with the value of the rows that are in order.
        """
        kept, unusable = _usable(label, score, self.probability)
        label, score = label[kept], score[kept]
        weight = None if weight is None else weight[kept]
        reason = self._why_not(label)
        if reason and not (unusable and not len(label)):
            return Measured(self.name, None, None, len(label), "cannot_tell", reason)
        broken = f"{unusable} labelled rows have no usable score" if unusable else ""
        if not len(label):
            return Measured(self.name, None, None, 0, "fail", broken)
        value, psi = self.influence(label, score, weight, **self.options)
        if not np.isfinite(value):
            return Measured(self.name, None, None, len(label), "cannot_tell", "it is not defined on these rows")
        return Measured(
            self.name, float(value), standard_error(psi, weight), len(label), "fail" if broken else "pass", broken
        )

    def _why_not(self, label: FloatArray) -> str:
        if not len(label):
            return "no row has a label"
        if self.both_classes and label.min() == label.max():
            return "only one class among the labels"
        return ""


def standard_error(psi: FloatArray, weight: FloatArray | None = None) -> float | None:
    """Return the standard error of a weighted mean of influences; None below two rows.

    >>> standard_error(np.array([-1.0, 1.0]))
    1.0
    """
    n = len(psi)
    if n < 2:
        return None
    w = np.full(n, 1.0) if weight is None else weight
    return float(np.sqrt(n / (n - 1) * np.sum((w * psi) ** 2)) / w.sum())


def _usable(label: FloatArray, score: FloatArray, probability: bool) -> tuple[NDArray[np.bool_], int]:
    labelled = np.isfinite(label)
    fine = finite_rows(score)
    if probability:
        with np.errstate(invalid="ignore"):
            inside = (score >= 0) & (score <= 1)
        fine &= inside if score.ndim == 1 else inside.all(axis=1)
    return labelled & fine, int((labelled & ~fine).sum())


def finite_rows(score: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which rows have every score, shape (n_rows,).

    >>> finite_rows(np.array([[0.1, 0.9], [0.2, np.nan]])).tolist(), finite_rows(np.empty(0)).tolist()
    ([True, False], [])
    """
    fine = np.isfinite(np.asarray(score, dtype=np.float64))
    return np.asarray(fine if fine.ndim == 1 else fine.all(axis=1))


def _registry() -> dict[str, Metric]:
    binary, multiclass, regression = frozenset({BINARY}), frozenset({MULTICLASS}), frozenset({REGRESSION})
    classes = binary | multiclass
    rows = [
        Metric("log_loss", "lower", classes, True, "nats", losses.log_loss, probability=True),
        Metric("brier", "lower", classes, True, "dimensionless", losses.brier, probability=True),
        Metric("auc", "higher", classes, False, "dimensionless", ranking.auc, both_classes=True),
        Metric(
            "average_precision", "higher", classes, False, "dimensionless", ranking.average_precision, both_classes=True
        ),
        Metric(
            "calibration_error",
            "lower",
            classes,
            False,
            "dimensionless",
            calibration.calibration_error,
            probability=True,
        ),
        Metric("accuracy", "higher", classes, True, "share", confusion.accuracy),
        Metric("f1", "higher", classes, False, "dimensionless", confusion.f1),
        Metric("precision", "higher", classes, False, "share", confusion.precision),
        Metric("recall", "higher", classes, False, "share", confusion.recall),
        Metric("specificity", "higher", classes, False, "share", confusion.specificity),
        Metric("business_value", "higher", classes, True, "currency a row", confusion.business_value),
        Metric("mse", "lower", regression, True, "label unit squared", losses.mse),
        Metric("rmse", "lower", regression, False, "label unit", losses.rmse),
        Metric("mae", "lower", regression, True, "label unit", losses.mae),
        Metric("mape", "lower", regression, True, "share", losses.mape),
        Metric("msle", "lower", regression, True, "dimensionless", losses.msle),
        Metric("rmsle", "lower", regression, False, "dimensionless", losses.rmsle),
        Metric("quantile_loss", "lower", regression, True, "label unit", losses.quantile_loss),
    ]
    return {row.name: row for row in rows}


_METRICS = _registry()
_OPTIONS: dict[str, frozenset[str]] = {
    "accuracy": frozenset({"threshold"}),
    "f1": frozenset({"threshold"}),
    "precision": frozenset({"threshold"}),
    "recall": frozenset({"threshold"}),
    "specificity": frozenset({"threshold"}),
    "business_value": frozenset({"threshold", "matrix"}),
    "quantile_loss": frozenset({"quantile"}),
    "calibration_error": frozenset({"bins"}),
}
_DEFAULT = {BINARY: "log_loss", MULTICLASS: "log_loss", REGRESSION: "mse"}
_ALSO_CALLED = {
    "roc_auc": "auc",
    "logloss": "log_loss",
    "ece": "calibration_error",
    "brier_score": "brier",
    "pinball_loss": "quantile_loss",
}


def metric(name: str, task: str | None = None, **options: Any) -> Metric:
    """Return the metric of that name with its options fixed.

    Parameters
    ----------
    name : str
        One of `metric_names()`.
    task : str, optional
        `binary`, `multiclass` or `regression`; when given, the metric must fit it.
    **options
        `threshold` (at and above it a score counts as class 1; default 0.5), `quantile` (default 0.5), `bins`
        (default 10), `matrix` (value of [actual][predicted], currency; needed by `business_value`).

    Raises
    ------
    MetricError
        Unknown name, metric of another task, or an option that it does not have.

    Examples
    --------
    >>> metric("brier").measure(np.array([0.0, 1.0]), np.array([0.5, 0.5])).value
    0.25
    """
    if name not in _METRICS:
        near = _ALSO_CALLED.get(name) or next(iter(difflib.get_close_matches(name, _METRICS, n=1)), None)
        hint = f"Did you mean '{near}'" if near else "correct the name"
        raise MetricError.at(
            "metric", f"'{name}' is not a known metric", f"one of: {', '.join(metric_names(task))}", hint
        )
    found = _METRICS[name]
    if task is not None and task not in found.tasks:
        raise MetricError.at(
            f"metric {name}",
            f"it is not defined for the task {task}",
            f"one of: {', '.join(metric_names(task))}",
            "choose one of these",
        )
    _check_options(name, options)
    return replace(found, options=options) if options else found


def metric_names(task: str | None = None) -> tuple[str, ...]:
    """Return the names of all metrics, or of those that fit a task, in the registry's order."""
    return tuple(name for name, found in _METRICS.items() if task is None or task in found.tasks)


def lower_is_better(name: str) -> bool:
    """Return whether smaller values of a measured metric are better; true of shares that are no metric of the zoo.

    >>> lower_is_better("accuracy"), lower_is_better("unknown_class_share")
    (False, True)
    """
    return name not in _METRICS or _METRICS[name].direction == "lower"


def default_metric(task: str) -> Metric:
    """Return the proper loss by which models of the task are compared unless another is named.

    >>> default_metric("regression").name
    'mse'
    """
    return metric(_DEFAULT[task], task)


def _check_options(name: str, options: Mapping[str, Any]) -> None:
    allowed = _OPTIONS.get(name, frozenset())
    wrong = sorted(set(options) - allowed)
    if wrong:
        expected = f"one of: {', '.join(sorted(allowed))}" if allowed else "no options"
        raise MetricError.at(f"metric {name}", f"{', '.join(wrong)} is not an option of it", expected, "leave it out")
    if name == "business_value" and "matrix" not in options:
        raise MetricError.at(
            "metric business_value", "no matrix", "matrix = value of [actual][predicted]", "give the cost matrix"
        )
