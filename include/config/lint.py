"""What the commands `lint` and `describe` say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from include.config.errors import did_you_mean, shown_path
from include.config.load import BrokenFile, Catalog, Kind, check_with, load_catalog, load_one
from include.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from include.config.dataset import Dataset

_KINDS: tuple[Kind, ...] = ("dataset", "model")


def lint(root: Path, name: str | None = None) -> list[str]:
    """Return everything that is wrong with a dataset and a model of a name, or with all of them; empty when nothing is.

    Goes further than `load_catalog`: expressions of `derive` and SQL files are parsed too.

    Parameters
    ----------
    root : Path
        Folder with ``datasets/`` and ``models/``.
    name : str or None
        All files when None.
    """
    if name is None:
        return _said(load_catalog(root), None)
    catalogs = [load_one(root, kind, name) for kind in _KINDS]
    if not any(_holds(catalog, kind, name) for kind, catalog in zip(_KINDS, catalogs, strict=True)):
        return [_unknown(root, name)]
    return list(dict.fromkeys(message for catalog in catalogs for message in _said(catalog, name)))


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


def _said(catalog: Catalog, name: str | None) -> list[str]:
    said = [error for file in catalog.broken.values() for error in file.errors]
    for dataset in catalog.datasets.values():
        said += _derive_errors(dataset, catalog.root)
    for model, sql in catalog.sql.items():
        said += _sql_errors(sql, catalog.root / "models" / f"{catalog.models[model].features}")
    if said:
        names = dict.fromkeys(_named_in(catalog.broken.values()) if name is None else [name])
        said += [check_with(one) for one in names]
    return said


def _named_in(broken: Any) -> list[str]:
    return [file.name for file in broken if isinstance(file, BrokenFile)]


def _derive_errors(dataset: Dataset, root: Path) -> list[str]:
    from include.sources.derive import Derivation

    said = []
    for name, text in dataset.derive.items():
        try:
            Derivation({name: text}, shown_path(root / "datasets" / f"{dataset.name}.yaml")).close()
        except ConfigError as error:
            said.append(str(error))
    return said


def _sql_errors(sql: str, path: Path) -> list[str]:
    from include.sources.derive import syntax_error

    found = syntax_error(sql)
    return [f"{shown_path(path)}:{found}"] if found else []


def _unknown(root: Path, name: str) -> str:
    names = sorted(path.stem for kind in _KINDS for path in (root / f"{kind}s").glob("*.yaml"))
    hint = did_you_mean(name, names) or f" Known: {', '.join(names) or 'none'}."
    return f"{shown_path(root)}: there is no dataset or model {name!r}.{hint}"
