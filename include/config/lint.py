"""What the commands `lint` and `describe` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from include.config.errors import did_you_mean, listed, render, shown_path
from include.config.learner_checks import unusable_parameters
from include.config.load import Catalog, Kind, check_with, load_catalog, load_one
from include.config.model_checks import column_flaws
from include.config.yaml_text import read_yaml
from include.errors import ConfigError, FeatureError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.config.dataset import Dataset
    from include.config.model import Model
    from include.config.yaml_text import Flaw

_KINDS: tuple[Kind, ...] = ("dataset", "model")


def lint(root: Path, name: str | None = None) -> list[str]:
    """Return everything that is wrong with a dataset and a model of a name, or with all of them; empty when nothing is.

    Goes further than `load_catalog`: expressions of `derive` and SQL files are parsed, learners' parameters tried on made rows.

    Parameters
    ----------
    root : Path
        Folder with ``datasets/`` and ``models/``.
    name : str or None
        All files when None.
    """
    if name is None:
        return _said(load_catalog(root))
    catalogs = [load_one(root, kind, name) for kind in _KINDS]
    if not any(_holds(catalog, kind, name) for kind, catalog in zip(_KINDS, catalogs, strict=True)):
        return [_unknown(root, name)]
    return list(dict.fromkeys(message for catalog in catalogs for message in _said(catalog)))


def described(catalog: Catalog, name: str) -> dict[str, Any]:
    """Return the resolved configuration of a dataset or model, every default written out.

    Returns
    -------
    dict
        ``{"dataset": …}`` or ``{"model": …, "features_sql": …, "digest": …}``, or both for a name that both have.

    Raises
    ------
    ConfigError
        When there is neither, or its file has errors.
    """
    found: dict[str, Any] = {}
    if name in catalog.datasets:
        found["dataset"] = catalog.dataset(name).model_dump(mode="json")
    if name in catalog.models:
        found["model"] = catalog.model(name).model_dump(mode="json")
        found["features_sql"] = catalog.features_sql(name)
        found["digest"] = catalog.digest(name)
    if found:
        return found
    broken = [catalog.broken[f"{kind}/{name}"] for kind in _KINDS if f"{kind}/{name}" in catalog.broken]
    if broken:
        raise ConfigError("\n".join(file.text for file in broken))
    raise ConfigError(_unknown(catalog.root, name))


def as_yaml(configuration: dict[str, Any]) -> str:
    """Return a resolved configuration as YAML, in the order of the schema."""
    text: str = yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True, width=100)
    return text


def _holds(catalog: Catalog, kind: Kind, name: str) -> bool:
    items = catalog.datasets if kind == "dataset" else catalog.models
    return name in items or f"{kind}/{name}" in catalog.broken


def _said(catalog: Catalog) -> list[str]:
    said = {file.name: list(file.errors) for file in catalog.broken.values()}
    for name, dataset in catalog.datasets.items():
        said.setdefault(name, []).extend(_derive_errors(dataset, catalog.root))
    for name, sql in catalog.sql.items():
        said.setdefault(name, []).extend(_sql_errors(catalog, catalog.models[name], sql))
    for name, model in catalog.models.items():
        said.setdefault(name, []).extend(told(catalog.root, model, unusable_parameters(model)))
    return [line for name, errors in said.items() if errors for line in (*errors, check_with(name))]


def _derive_errors(dataset: Dataset, root: Path) -> list[str]:
    from include.sources.derive import Derivation

    said = []
    for name, text in dataset.derive.items():
        try:
            Derivation({name: text}, shown_path(root / "datasets" / f"{dataset.name}.yaml")).close()
        except ConfigError as error:
            said.append(str(error))
    return said


def _sql_errors(catalog: Catalog, model: Model, sql: str) -> list[str]:
    from include.sources.derive import selected_columns, syntax_error

    shown = shown_path(catalog.root / "models" / f"{model.features}")
    found = syntax_error(sql)
    if found and "Only SELECT" not in found:
        return [f"{shown}:{found}"]
    refused = _refused(catalog, model, sql, shown)
    if refused:
        return [refused]
    features = selected_columns(sql)
    if features and "_key" not in features:
        return [f"{shown}: the result has no column _key. Expected _key of the rows. To do: select it first."]
    return told(catalog.root, model, column_flaws(model, features, catalog.dataset(model.rows).contract.columns))


def told(root: Path, model: Model, flaws: Iterable[Flaw]) -> list[str]:
    """Return a message for each flaw of a model's file, as `lint` says them: with file, line and caret."""
    path = root / "models" / f"{model.name}.yaml"
    found = list(flaws)
    if not found:
        return []
    text = path.read_text(encoding="utf-8-sig")
    return list(render(found, read_yaml(text), text, path))


def _refused(catalog: Catalog, model: Model, sql: str, shown: str) -> str | None:
    """Return why a model's SQL may not run (files, network, chance, relations that are not there), None when it may."""
    import duckdb

    from include.features.guard import Query, check, lock

    there = {name: catalog.dataset(name).contract.columns for name in (model.rows, *model.datasets)}
    with duckdb.connect(":memory:") as duck:
        lock(duck)
        try:
            check(duck, Query(sql, shown), there)
        except FeatureError as error:
            return str(error)
    return None


def _unknown(root: Path, name: str) -> str:
    names = sorted(path.stem for kind in _KINDS for path in (root / f"{kind}s").glob("*.yaml"))
    hint = did_you_mean(name, names) or f" Known: {listed(names)}."
    return f"{shown_path(root)}: there is no dataset or model {name!r}.{hint}"
