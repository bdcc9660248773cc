"""The reference of all keys, written from the schema: ``docs/configuration.md`` and the JSON Schemas for editors.

``python -m include.config.reference docs`` writes them anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from include.config.dataset import Dataset
from include.config.describe_keys import DescribedSchema, meaning
from include.config.durations import format_duration
from include.config.model import Model
from include.config.schema_walk import is_schema, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from pydantic.fields import FieldInfo

    from include.config.load import Kind

_SCHEMAS: dict[Kind, type[BaseModel]] = {"dataset": Dataset, "model": Model}
_INTRODUCTION = """\
# Configuration

*Written by `python -m include.config.reference docs` from the schema; edit the descriptions there.*

A dataset is `include/datasets/NAME.yaml`, a model is `include/models/NAME.yaml` (with its SQL beside it);
`NIGHTSHIFT_CONFIG` names another folder that holds `datasets/` and `models/`. Check files with
`python -m include lint [NAME]`, see every default with `python -m include describe NAME`.

Unknown keys, anchors, aliases and tags are refused. Only `true`, `false`, `null` and numbers are anything but text.
Lengths of time are a whole number and a unit: `15m`, `36h`, `90d`, `2w`.
"""
_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "timedelta": "length of time",
}


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file, for editors (YAML files name it in a comment)."""
    schema = _SCHEMAS[kind].model_json_schema(mode="validation", schema_generator=DescribedSchema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Nightshift {kind}"} | schema


def reference() -> str:
    """Return the text of ``docs/configuration.md``: a table for each mapping, a line for each key."""
    sections = [_INTRODUCTION]
    for kind, schema in _SCHEMAS.items():
        sections.append(f"## {kind.capitalize()}\n\n{schema.__doc__}\n\n{_table(schema)}")
        for path, inner in _inner(schema, ""):
            sections.append(f"### {kind}: `{path}`\n\n{inner.__doc__}\n\n{_table(inner)}")
    return "\n".join(sections)


def write(docs: Path) -> None:
    """Write the reference and the JSON Schemas into a folder of documentation."""
    (docs / "configuration.md").write_text(reference(), encoding="utf-8")
    (docs / "schema").mkdir(exist_ok=True)
    for kind in _SCHEMAS:
        text = json.dumps(json_schema(kind), indent=1, ensure_ascii=False) + "\n"
        (docs / "schema" / f"{kind}.json").write_text(text, encoding="utf-8")


def _table(schema: type[BaseModel]) -> str:
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in schema.model_fields.items():
        cells = (f"`{name}`", _type_text(field.annotation), _default_text(field), meaning(schema, name))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _inner(schema: type[BaseModel], prefix: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in schema.model_fields.items():
        path = f"{prefix}.{name}" if prefix else name
        for annotation in leaves(field.annotation):
            for found, place in _schemas_in(annotation, path):
                kind = found.model_fields.get("kind")
                shown = (
                    f"{place} ({get_args(kind.annotation)[0]})"
                    if kind and len(get_args(kind.annotation)) == 1
                    else place
                )
                yield shown, found
                yield from _inner(found, place)


def _schemas_in(annotation: Any, path: str) -> list[tuple[type[BaseModel], str]]:
    if is_schema(annotation):
        return [(annotation, path)]
    if get_origin(annotation) is dict:
        return [(leaf, f"{path}.COLUMN") for leaf in leaves(get_args(annotation)[1]) if is_schema(leaf)]
    if get_origin(annotation) is tuple:
        return [(leaf, f"{path}[]") for leaf in leaves(get_args(annotation)[0]) if is_schema(leaf)]
    return []


def _type_text(annotation: Any) -> str:
    texts = [_one_type(leaf) for leaf in leaves(annotation) if leaf is not type(None)]
    return " or ".join(dict.fromkeys(texts))


def _one_type(annotation: Any) -> str:
    if is_schema(annotation):
        return "keys, see below"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is dict:
        return f"{_type_text(arguments[1])} by name"
    if origin is tuple:
        inner = " and ".join(_type_text(a) for a in arguments if a is not Ellipsis)
        return f"list of {inner}" if Ellipsis in arguments else f"[{inner}]"
    return _TYPES.get(getattr(annotation, "__name__", ""), str(annotation))


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel) or value in ((), {}):
        return ""
    if hasattr(value, "total_seconds"):
        return f"`{_duration(value)}`"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _duration(value: timedelta) -> str:
    return format_duration(value)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
