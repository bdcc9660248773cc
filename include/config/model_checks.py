"""What must hold between the keys of a model, and between it and the datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.checks import cron_flaw, rule_flaws
from include.config.effect_checks import without_effect
from include.config.errors import did_you_mean, listed
from include.config.gate_checks import gate_flaws, order_flaws
from include.config.learner_checks import learner_flaws
from include.config.metric_names import METRICS
from include.config.yaml_text import Flaw, KeyPath
from include.errors import ConfigError, PolicyError
from include.partitions import partition_from_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from include.config.dataset import Dataset
    from include.config.model import Model

_NUMBERS = ("float", "int", "uint", "decimal")


def model_flaws(
    model: Model, datasets: Mapping[str, Dataset], broken: Collection[str], sql: str | None
) -> Iterator[Flaw]:
    """Yield what is wrong between the keys of a model, and between it and the datasets.

    Parameters
    ----------
    model : Model
        The model.
    datasets, broken : Mapping[str, Dataset], Collection[str]
        The datasets that could be read, by name, and the names of those that could not.
    sql : str or None
        Text of its SQL file, None when there is no such file.
    """
    yield from _dataset_references(model, datasets, broken)
    rows, target = datasets.get(model.rows), datasets.get(model.target.dataset)
    if rows is not None:
        yield from _rows_flaws(model, rows)
        if model.features is None:
            known = [name for name in rows.contract.columns if name not in rows.outcome]
            yield from column_flaws(model, known, known)
    if target is not None:
        yield from _target_flaws(model, target)
    if rows is not None and target is not None and rows.key != target.key:
        keys = f"({', '.join(rows.key)}) and ({', '.join(target.key)})"
        yield Flaw(("target", "dataset"), f"has another key than the rows: {keys}; labels are found by the same key.")
    if model.features and sql is None:
        yield Flaw(("features",), f"names {model.features!r}, which is not beside this file.")
    for name, rule in model.feature_contract.items():
        yield from rule_flaws(("feature_contract", name), rule, rule.type)
    said = _policy_flaw(model.policy.rule)
    if said:
        yield Flaw(("policy", "rule"), said)
    if any(not length for length in model.policy.windows):
        yield Flaw(("policy", "windows"), "has a window of no length. Expected lengths of time, such as 28d.")
    yield from gate_flaws(model)
    yield from order_flaws(model, _known_others(model, rows))
    yield from learner_flaws(model)
    names = METRICS[model.task]
    if model.gate.metric is not None and model.gate.metric not in names:
        hint = did_you_mean(model.gate.metric, names)
        said = (
            f"is {model.gate.metric!r}, not a metric of a {model.task} task. Expected one of: {', '.join(names)}.{hint}"
        )
        yield Flaw(("gate", "metric"), said)
    yield from without_effect(model)


def column_flaws(model: Model, features: Collection[str], rows: Collection[str]) -> Iterator[Flaw]:
    """Yield the names of features, and of columns that make slices or groups, which do not exist.

    Parameters
    ----------
    features, rows : Collection[str]
        The features there are, and the columns of the rows; either is empty when it is not known.
    """
    for path, name, of_rows_too in _named_columns(model):
        known = list(dict.fromkeys([*features, *rows] if of_rows_too else features))
        told = features and (rows or not of_rows_too)
        if told and name not in known:
            hint = did_you_mean(name, known) or f" Known columns: {listed(known)}."
            yield Flaw(path, f"names {name!r}, which is not a feature.{hint}")


def _named_columns(model: Model) -> Iterator[tuple[KeyPath, str, bool]]:
    for name in model.feature_contract:
        yield ("feature_contract", name), name, False
    for name in model.learner.monotone:
        yield ("learner", "monotone", name), name, False
    for index, name in enumerate(model.signals.columns):
        yield ("signals", "columns", index), name, False
    for index, name in enumerate(model.signals.slices):
        yield ("signals", "slices", index), name, True
    for index, name in enumerate(model.gate.slices):
        yield ("gate", "slices", index), name, True
    for index, name in enumerate(model.gate.fairness.groups if model.gate.fairness else ()):
        yield ("gate", "fairness", "groups", index), name, True
    for index, behaviour in enumerate(model.gate.behaviour):
        yield ("gate", "behaviour", index, "column"), behaviour.column, False


def _known_others(model: Model, rows: Dataset | None) -> dict[str, str]:
    """Return the types of features that are no numbers: those that rules name, of the rows where they are the features."""
    types: dict[str, str] = {}
    if rows is not None and model.features is None:
        types |= {name: rule.type for name, rule in rows.contract.columns.items()}
    types |= {name: rule.type for name, rule in model.feature_contract.items() if rule.type}
    return {name: kind for name, kind in types.items() if not kind.startswith(_NUMBERS)}


def _dataset_references(model: Model, datasets: Mapping[str, Dataset], broken: Collection[str]) -> Iterator[Flaw]:
    places: dict[KeyPath, str] = {("rows",): model.rows, ("target", "dataset"): model.target.dataset}
    places |= {("datasets", index): name for index, name in enumerate(model.datasets)}
    for path, name in places.items():
        if name in broken:
            yield Flaw(path, f"names {name!r}, whose own file has errors: python -m include lint {name}")
        elif name not in datasets:
            hint = did_you_mean(name, datasets) or f" Known datasets: {', '.join(sorted(datasets)) or 'none'}."
            yield Flaw(path, f"names {name!r}, which is not a dataset.{hint}")


def _rows_flaws(model: Model, rows: Dataset) -> Iterator[Flaw]:
    if rows.static:
        yield Flaw(("rows",), f"names {rows.name!r}, which is static; rows need partitions, one a night.")
        return
    if model.schedule is not None:
        said = cron_flaw(model.schedule, rows.partition, rows.timezone)
        if said:
            yield Flaw(("schedule",), said)
    if model.first_partition is not None:
        try:
            partition_from_key(model.first_partition, rows.partition, rows.timezone)
        except ConfigError as error:
            yield Flaw(("first_partition",), f"is wrong: {error}")


def _target_flaws(model: Model, target: Dataset) -> Iterator[Flaw]:
    column, columns = model.target.column, target.contract.columns
    if columns and column not in columns:
        hint = did_you_mean(column, target.outcome or columns)
        yield Flaw(("target", "column"), f"names {column!r}, which {target.name} does not have.{hint}")
    elif column not in target.outcome:
        yield Flaw(
            ("target", "column"),
            f"names {column!r}, which is not an outcome column of {target.name}: features would see the answer. "
            f"Add it to outcome in {target.name}.yaml.",
        )
    known_at = model.target.known_at
    if known_at and columns and known_at not in columns:
        yield Flaw(
            ("target", "known_at"),
            f"names {known_at!r}, which {target.name} does not have.{did_you_mean(known_at, columns)}",
        )


def _policy_flaw(rule: str) -> str | None:
    from include.policy.parse import backtest_only, parse

    try:
        parse(rule)
    except PolicyError as error:
        return f"is wrong: {error}"
    shipped = ", ".join(backtest_only(rule))
    if shipped:
        return f"names {shipped}, which only a backtest knows. Expected a rule of the nights, such as auto or on_alarm."
    return None
