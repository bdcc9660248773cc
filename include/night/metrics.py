"""What is measured of predictions: the metrics of a task, with a model's own threshold, quantile and cost matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.evaluation.metrics import Metric, metric
from include.evaluation.terms import Terms

if TYPE_CHECKING:
    from include.config.model import Model, Value

_USUAL = {
    "binary": (
        "log_loss",
        "auc",
        "average_precision",
        "brier",
        "calibration_error",
        "accuracy",
        "f1",
        "precision",
        "recall",
    ),
    "multiclass": ("log_loss", "auc", "brier", "calibration_error", "accuracy", "f1"),
    "regression": ("mse", "rmse", "mae", "mape"),
}
_AT_A_THRESHOLD = ("accuracy", "f1", "precision", "recall")


def deciding_metric(model: Model) -> Metric:
    """Return the loss by which a model's versions are compared."""
    return Terms.of(model.gate, model.task).metric


def metrics_of(model: Model) -> tuple[Metric, ...]:
    """Return the metrics that are measured for a model, the deciding one first.

    Notes
    -----
    Decisions are taken at ``value.threshold`` where a model has one, else at 0.5; with ``value`` the business value is
    measured too. The quantile loss is measured where the learner fits a quantile.
    """
    first = deciding_metric(model)
    names = [name for name in _USUAL[model.task] if name != first.name]
    return (first, *(metric(name, model.task, **_options(model, name)) for name in names), *_own(model))


def business_value(model: Model) -> Metric | None:
    """Return the metric of money, None for a model without ``value``."""
    if model.value is None:
        return None
    return metric("business_value", model.task, matrix=_matrix(model.value), threshold=model.value.threshold)


def sliced_metrics_of(model: Model) -> tuple[Metric, ...]:
    """Return the metrics that are measured by slice: the deciding one, and money."""
    money = business_value(model)
    return (deciding_metric(model), *([money] if money else []))


def _own(model: Model) -> list[Metric]:
    found = [business_value(model)]
    parameters = model.learner.parameters
    if parameters.get("objective") == "reg:quantileerror":
        found.append(metric("quantile_loss", model.task, quantile=float(parameters.get("quantile_alpha", 0.5))))
    return [one for one in found if one is not None and one.name != deciding_metric(model).name]


def _options(model: Model, name: str) -> dict[str, Any]:
    return {"threshold": model.value.threshold} if model.value is not None and name in _AT_A_THRESHOLD else {}


def _matrix(value: Value) -> list[list[float]]:
    return [[value.true_negative, value.false_positive], [value.false_negative, value.true_positive]]
