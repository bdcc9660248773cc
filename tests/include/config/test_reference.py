from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.config.dataset import Dataset
from include.config.describe_keys import meaning
from include.config.model import Model
from include.config.reference import json_schema, reference, write
from include.config.schema_walk import is_schema, leaves, members_at

DOCS = Path(__file__).resolve().parents[3] / "docs"
STALE = "write it anew: python -m include.config.reference docs"


def every_schema(schema, found=None):
    found = {} if found is None else found
    if schema in found.values():
        return found
    found[schema.__name__] = schema
    todo = [field.annotation for field in schema.model_fields.values()]
    while todo:
        for leaf in leaves(todo.pop()):
            if is_schema(leaf):
                every_schema(leaf, found)
            else:
                todo += [argument for argument in getattr(leaf, "__args__", ()) if not isinstance(argument, (str, int))]
    return found


SCHEMAS = every_schema(Dataset) | every_schema(Model)


def test_the_inventory_of_schemas_is_found():
    assert len(SCHEMAS) > 20
    assert {"ColumnRule", "S3Source", "Behaviour", "Fairness", "Retention"} <= set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_key_is_described(name):
    undocumented = [key for key in SCHEMAS[name].model_fields if not meaning(SCHEMAS[name], key)]

    assert undocumented == []
    assert SCHEMAS[name].__doc__


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_key_stands_in_the_reference(name):
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")

    for key in SCHEMAS[name].model_fields:
        lines = [line for line in text.splitlines() if line.startswith(f"| `{key}` |")]
        assert any(
            line.endswith(f" | {meaning(SCHEMAS[name], key).replace('|', chr(92) + '|')} |") for line in lines
        ), key


def test_the_reference_is_fresh():
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == reference(), STALE


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_the_json_schemas_are_fresh(kind):
    written = json.loads((DOCS / "schema" / f"{kind}.json").read_text(encoding="utf-8"))

    assert written == json_schema(kind), STALE


def test_writing_makes_all_three_files(tmp_path):
    write(tmp_path)

    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "configuration.md",
        "schema/dataset.json",
        "schema/model.json",
    ]


def test_the_json_schema_refuses_unknown_keys_and_takes_short_forms():
    schema = json_schema("model")

    assert schema["additionalProperties"] is False
    assert {"type": "string"} in schema["properties"]["policy"]["anyOf"]
    assert schema["properties"]["lead"]["pattern"] == r"^\d{1,7}\s*[smhdw]$"


def test_the_example_names_its_schema():
    folder = DOCS.parent / "include"
    for kind in ("dataset", "model"):
        for path in sorted((folder / f"{kind}s").glob("*.yaml")):
            first = path.read_text(encoding="utf-8").splitlines()[0]
            assert first == f"# yaml-language-server: $schema=../../docs/schema/{kind}.json"
            assert (path.parent / first.split("=")[1]).resolve().is_file()


def test_the_written_kind_chooses_the_schema():
    path = ("source",)

    assert [m.__name__ for m in members_at(Dataset, path, {"source": {"kind": "s3"}})] == ["S3Source"]
    assert len(members_at(Dataset, path, {"source": {}})) == 3
    assert members_at(Dataset, ("nothing", "here"), {}) == []
