"""YAML files → frozen objects; a broken file harms no other."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from include.config.checks import dataset_flaws
from include.config.dataset import Dataset
from include.config.errors import did_you_mean, listed, shown_path
from include.config.model import Model
from include.config.model_checks import model_flaws
from include.config.parse import ParsedFile, parse_file, read_file
from include.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

Kind = Literal["dataset", "model"]
Item = TypeVar("Item", Dataset, Model)


@dataclass(frozen=True)
class BrokenFile:
    """A file that could not be read, and why."""

    kind: Kind
    name: str
    path: Path
    errors: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything that is wrong, and the command that checks it."""
        return "\n".join((*self.errors, check_with(self.name)))


@dataclass(frozen=True)
class Catalog:
    """All datasets and models of a configuration folder, and the files that are broken.

    Attributes
    ----------
    datasets, models : Mapping[str, Dataset], Mapping[str, Model]
        What could be read, by name, in alphabetical order.
    broken : Mapping[str, BrokenFile]
        What could not, by `kind/name` (``dataset/flights``): a model and a dataset may share a name.
    root : Path
        Folder that holds ``datasets/`` and ``models/``.
    sql : Mapping[str, str]
        Text of each model's SQL file, by model.
    """

    datasets: Mapping[str, Dataset]
    models: Mapping[str, Model]
    broken: Mapping[str, BrokenFile]
    root: Path
    sql: Mapping[str, str]

    def dataset(self, name: str) -> Dataset:
        """Return a dataset by name; `ConfigError` when there is none, or its file has errors."""
        return self._found("dataset", name, self.datasets)

    def model(self, name: str) -> Model:
        """Return a model by name; `ConfigError` when there is none, or its file has errors."""
        return self._found("model", name, self.models)

    def features_sql(self, model: str) -> str | None:
        """Return the text of a model's SQL file, None when it has none."""
        return self.sql.get(model)

    def datasets_of(self, model: str) -> tuple[Dataset, ...]:
        """Return the datasets that a model's night needs: the rows first, then the joined ones, then the target's."""
        return tuple(self.dataset(name) for name in self.model(model).all_datasets)

    def digest(self, model: str) -> str:
        """Return the sha256 of everything that was configured for a model: itself, its SQL and its datasets."""
        return digest(self.model(model), *self.datasets_of(model), sql=self.features_sql(model))

    def _found(self, kind: Kind, name: str, items: Mapping[str, Item]) -> Item:
        if name in items:
            return items[name]
        broken = self.broken.get(f"{kind}/{name}")
        if broken:
            raise ConfigError(broken.text)
        folder = shown_path(self.root / f"{kind}s")
        hint = did_you_mean(name, items) or f" Known {kind}s: {listed(items)}."
        message = f"{folder}: there is no {kind} {name!r}.{hint}"
        raise ConfigError(message)


def check_with(name: str) -> str:
    """Return the sentence that names the command which checks a file."""
    return f"Check it with: python -m include lint {name}"


def digest(*items: BaseModel, sql: str | None = None) -> str:
    """Return the sha256 (hex) of resolved configurations and an SQL text; equal for equal meaning, defaults included."""
    resolved = [item.model_dump(mode="json") for item in items]
    text = json.dumps([resolved, sql], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def config_root(environment: Mapping[str, str]) -> Path:
    """Return the folder with ``datasets/`` and ``models/``: ``NIGHTSHIFT_CONFIG``, else the project's ``include/``.

    Raises
    ------
    ConfigError
        When ``NIGHTSHIFT_CONFIG`` names no folder: an empty configuration would look as if all were well.
    """
    chosen = environment.get("NIGHTSHIFT_CONFIG")
    if chosen and not Path(chosen).is_dir():
        raise ConfigError.at(
            "environment variable NIGHTSHIFT_CONFIG",
            f"{chosen!r} is not a folder",
            "a folder with datasets/ and models/",
            "correct or unset it",
        )
    return Path(chosen) if chosen else Path(__file__).resolve().parents[1]


def load_catalog(root: Path) -> Catalog:
    """Return all datasets and models below a folder; a file with errors stands in `Catalog.broken`, nothing raises.

    Parameters
    ----------
    root : Path
        Folder with ``datasets/*.yaml`` and ``models/*.yaml``; either may be missing.
    """
    datasets = sorted((root / "datasets").glob("*.y*ml"))
    return _catalog(root, datasets, sorted((root / "models").glob("*.y*ml")))


def load_one(root: Path, kind: Kind, name: str) -> Catalog:
    """Return the catalog of one dataset, or of one model and the datasets it names; no other file is opened.

    For a task that parses only its own DAG. What is broken or missing stands in `Catalog.broken` or is absent.
    """
    path = _path_of(root, kind, name)
    if kind == "dataset":
        return _catalog(root, [path] if path else [], [])
    if path is None:
        return _catalog(root, [], [])
    named = _named_datasets(read_file(path)[1].data)
    paths = [found for dataset in named if (found := _path_of(root, "dataset", dataset))]
    return _catalog(root, sorted(paths), [path])


def load_dataset(path: Path) -> Dataset:
    """Return the dataset of one file; `ConfigError` with everything that is wrong with it."""
    parsed = _dataset_file(path)
    if parsed.item is None or parsed.flaws:
        raise ConfigError("\n".join((*parsed.messages(), check_with(path.stem))))
    return parsed.item


def load_model(path: Path) -> Model:
    """Return the model of one file, its references to datasets unchecked; `ConfigError` with everything wrong in it."""
    parsed = parse_file(path, Model)
    if parsed.item is None or parsed.flaws:
        raise ConfigError("\n".join((*parsed.messages(), check_with(path.stem))))
    return parsed.item


def _catalog(root: Path, dataset_paths: Sequence[Path], model_paths: Sequence[Path]) -> Catalog:
    datasets: dict[str, Dataset] = {}
    models: dict[str, Model] = {}
    broken: dict[str, BrokenFile] = {}
    sql: dict[str, str] = {}
    for path in dataset_paths:
        dataset = _dataset_file(path)
        if dataset.item and not dataset.flaws:
            datasets[dataset.item.name] = dataset.item
        else:
            _break(broken, "dataset", dataset)
    unreadable = {file.name for file in broken.values()}
    for path in model_paths:
        model = parse_file(path, Model)
        whole_or_rest = model.item or model.rest
        query = _sql_beside(path, whole_or_rest) if whole_or_rest else None
        model.add(model_flaws(whole_or_rest, datasets, unreadable, query) if whole_or_rest else ())
        if model.item and not model.flaws:
            models[model.item.name] = model.item
            sql |= {model.item.name: query} if query is not None else {}
        else:
            _break(broken, "model", model)
    return Catalog(datasets, models, broken, root, sql)


def _dataset_file(path: Path) -> ParsedFile[Dataset]:
    parsed = parse_file(path, Dataset)
    whole_or_rest = parsed.item or parsed.rest
    parsed.add(dataset_flaws(whole_or_rest) if whole_or_rest else ())
    return parsed


def _break(broken: dict[str, BrokenFile], kind: Kind, parsed: ParsedFile[Any]) -> None:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", parsed.path.stem)
    broken[f"{kind}/{name}"] = BrokenFile(kind, name, parsed.path, parsed.messages())


def _path_of(root: Path, kind: Kind, name: str) -> Path | None:
    path = root / f"{kind}s" / f"{name}.yaml"
    return path if path.parent == root / f"{kind}s" and path.is_file() else None


def _named_datasets(data: Any) -> list[str]:
    if not isinstance(data, dict):
        return []
    target = data.get("target")
    listed = data.get("datasets")
    names = [data.get("rows"), target.get("dataset") if isinstance(target, dict) else None]
    names += listed if isinstance(listed, list) else []
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _sql_beside(path: Path, model: Model) -> str | None:
    beside = path.parent / model.features if model.features else None
    return beside.read_text(encoding="utf-8") if beside and beside.is_file() else None
