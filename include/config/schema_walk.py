"""Which schema stands at a path of keys."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from include.config.yaml_text import KeyPath


def value_at(data: Any, path: KeyPath) -> Any:
    """Return the value that was written at a path, None when nothing was."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
        else:
            return None
    return data


def known_keys(schema: type[BaseModel], path: KeyPath, data: Any) -> list[str]:
    """Return the keys that may be written at a path."""
    return list(dict.fromkeys(key for member in members_at(schema, path, data) for key in member.model_fields))


def members_at(schema: type[BaseModel], path: KeyPath, data: Any) -> list[type[BaseModel]]:
    """Return the schemas that may stand at a path; of members told apart by `kind`, only the one that was written.

    Examples
    --------
    >>> from include.config.dataset import Dataset
    >>> [member.__name__ for member in members_at(Dataset, ("contract", "columns", "late"), {})]
    ['ColumnRule']
    >>> [member.__name__ for member in members_at(Dataset, ("source",), {"source": {"kind": "sql"}})]
    ['SqlSource']
    """
    annotations: list[Any] = [schema]
    for part in path:
        annotations = [leaf for annotation in annotations for leaf in leaves(_inside(annotation, part))]
    models = [member for member in annotations if is_schema(member)]
    value = value_at(data, path)
    kind = value.get("kind") if isinstance(value, dict) else None
    written = [m for m in models if "kind" in m.model_fields and kind in literals(m.model_fields["kind"])]
    return written or models


def leaves(annotation: Any) -> list[Any]:
    """Return the members of a union, or the annotation alone; `Annotated` is taken off."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return leaves(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [leaf for argument in get_args(annotation) for leaf in leaves(argument)]
    return [annotation]


def is_schema(annotation: Any) -> bool:
    """Tell whether an annotation is a mapping with known keys."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def literals(field: FieldInfo) -> tuple[Any, ...]:
    """Return the values that a field of type `Literal` may have."""
    return get_args(field.annotation)


def _inside(annotation: Any, part: str | int) -> Any:
    if is_schema(annotation):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) in (tuple, list):
        return arguments[0]
    return None
