"""What of xgboost's parameters a model may set, by kind of task, without loading xgboost."""

from __future__ import annotations

OBJECTIVES = {"binary": "binary:logistic", "regression": "reg:squarederror", "multiclass": "multi:softprob"}
"""The objective of a task where `learner.parameters` names none."""
FITTING: dict[str, tuple[str, ...]] = {
    "binary": ("binary:logistic", "reg:logistic", "binary:hinge"),
    "multiclass": ("multi:softprob",),
    "regression": ("reg:", "count:"),
}
"""Objectives, or how their names begin, whose scores are what a task's are: shares from 0 to 1, one a class, or numbers."""
OURS = {
    "seed": "Write learner.seed",
    "nthread": "Set NIGHTSHIFT_THREADS",
    "device": "Write learner.device",
    "num_class": "Remove it: the classes are those of the labels",
    "monotone_constraints": "Write learner.monotone",
    "verbosity": "Remove it",
}
"""Parameters that Nightshift sets, each with what to do in its place."""
