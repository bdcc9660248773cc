"""docs/tables.md tells every table that include/storage/schemas.py declares, column by column."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from include.storage import schemas
from include.storage.specs import TableSpec

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tables.md").read_text()
NONE_OF_THE_USERS = pa.schema([])
SPECS = {
    "snapshots": schemas.snapshots("d", NONE_OF_THE_USERS),
    "quarantine": schemas.quarantine("d", NONE_OF_THE_USERS),
    "features": schemas.features("m", NONE_OF_THE_USERS),
    "predictions": schemas.predictions(["score"]),
    "labels": schemas.LABELS,
    "performance": schemas.PERFORMANCE,
    "signals": schemas.SIGNALS,
    "steps": schemas.STEPS,
    "nights": schemas.NIGHTS,
}


def told() -> dict[str, list[tuple[str, str]]]:
    """Return the tables of the page: name to its columns and types."""
    found = {}
    for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        part = part.split("\n## ")[0]
        name = re.findall(r"`[^`]*/(\w+)`", part.splitlines()[0])[0]
        found[name] = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", part, flags=re.MULTILINE)
    return found


def test_every_declared_table_is_told() -> None:
    declared = {name for name, value in vars(schemas).items() if isinstance(value, TableSpec)}
    builders = {
        name
        for name, value in vars(schemas).items()
        if callable(value) and getattr(value, "__module__", "") == schemas.__name__ and not name.startswith("_")
    }
    assert {name.lower() for name in declared | builders} == set(SPECS) == set(told())


@pytest.mark.parametrize("name", sorted(SPECS))
def test_columns_and_types_are_those_declared(name: str) -> None:
    assert told()[name] == [(field.name, str(field.type)) for field in SPECS[name].schema]
