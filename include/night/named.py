"""Columns that a model's file names for its gate and its slices: refused before a night learns from anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from include.config.gate_checks import order_flaws
from include.config.lint import told
from include.config.model_checks import column_flaws
from include.contracts.types import name_of
from include.errors import ConfigError
from include.features.build import default_features
from include.night.rows import feature_columns, features_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.config.model import Model
    from include.project import Project

_READ = ("gate", "signals.slices")
_NUMBERS = ("int", "uint", "float", "decimal", "double", "null")


def refuse_unknown(project: Project, model: Model, feature_version: str) -> None:
    """Refuse columns of the gate and of slices that are not there, and expectations about a column without an order.

    Parameters
    ----------
    feature_version : str
        Whose features count. Until it has rows they are told by the columns of the dataset, or by the text of the SQL.

    Raises
    ------
    ConfigError
        With file, line and key, the column that was named and those that there are.
    """
    table = project.snapshots(model.rows)
    if table is None:
        return
    rows = [name for name in table.spec.schema.names if not name.startswith("_")]
    types = _features(project, model, feature_version)
    others = {name: kind for name, kind in types.items() if kind and not kind.startswith(_NUMBERS)}
    found = [flaw for flaw in column_flaws(model, types, rows) if _is_read(flaw.path)] + [*order_flaws(model, others)]
    if found:
        raise ConfigError("\n".join(told(project.catalog.root, model, found)))


def _is_read(path: tuple[str | int, ...]) -> bool:
    return ".".join(map(str, path)).startswith(_READ)


def _features(project: Project, model: Model, feature_version: str) -> Mapping[str, str]:
    """Return the features by name with their types, as far as they are known; none where nothing tells them yet."""
    names, table = feature_columns(project, model.name, feature_version), features_table(project, model.name)
    if names and table is not None:
        return {name: name_of(table.spec.schema.field(name).type) for name in names}
    snapshots, sql = project.snapshots(model.rows), project.catalog.features_sql(model.name)
    if snapshots is None:
        return {}
    if sql is None:
        # a column that has had no value yet may be a feature of any type as soon as it has one
        types = {f.name: pa.float64() if pa.types.is_null(f.type) else f.type for f in snapshots.spec.schema}
        kept = default_features(project.catalog.dataset(model.rows), model, types)
        return {name: name_of(types[name]) for name in kept}
    return _selected(model, sql)


def _selected(model: Model, sql: str) -> dict[str, str]:
    """Return what a SELECT names, in the cases that the model's file uses: SQL knows none."""
    from include.sources.derive import selected_columns

    names = [name for name in selected_columns(sql) if name != "_key"]
    cased = {each.column.lower(): each.column for each in model.gate.behaviour}
    cased |= {name.lower(): name for name in (*model.gate.slices, *model.signals.slices)}
    return {cased.get(name.lower(), name): "" for name in names}
