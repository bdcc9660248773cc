"""The losses that a gate may compare, by kind of task, without loading what computes them."""

from __future__ import annotations

_CLASSES = (
    "log_loss", "brier", "auc", "average_precision", "calibration_error", "accuracy", "f1", "precision", "recall", "specificity",
)  # fmt: skip
METRICS: dict[str, tuple[str, ...]] = {
    "binary": _CLASSES,
    "multiclass": _CLASSES,
    "regression": ("mse", "rmse", "mae", "mape", "msle", "rmsle", "quantile_loss"),
}
"""All metrics of `include.evaluation.metrics` that need no further options."""
