"""docs/tables.md tells every table that include/storage/schemas.py declares, column by column."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from include.evidence.alarm import ALARM_SCHEMA
from include.evidence.rows import EVIDENCE_SCHEMA
from include.signals.profile_rows import PROFILE_SCHEMA
from include.storage import schemas
from include.storage.specs import PARTITION, TableSpec

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tables.md").read_text()
NONE_OF_THE_USERS = pa.schema([])
SPECS = {
    "snapshots": schemas.snapshots("d", NONE_OF_THE_USERS),
    "quarantine": schemas.quarantine("d", NONE_OF_THE_USERS),
    "features": schemas.features("m", NONE_OF_THE_USERS),
    "predictions": schemas.predictions(["score"]),
    "labels": schemas.LABELS,
    "golden": schemas.golden("m", NONE_OF_THE_USERS),
    "performance": schemas.PERFORMANCE,
    "signals": schemas.SIGNALS,
    "steps": schemas.STEPS,
    "nights": schemas.NIGHTS,
    "profiles": TableSpec("profiles", PROFILE_SCHEMA),
    "evidence": TableSpec("evidence", EVIDENCE_SCHEMA),
    "alarms": TableSpec("alarms", ALARM_SCHEMA),
}
OF_ROOMS = {"profiles", "evidence", "alarms"}


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
    assert {name.lower() for name in declared | builders} - {"with_partition"} == set(SPECS) - OF_ROOMS
    assert set(SPECS) == set(told())


@pytest.mark.parametrize("name", sorted(SPECS))
def test_columns_and_types_are_those_declared(name: str) -> None:
    fields = list(SPECS[name].schema)
    if name in OF_ROOMS:  # they declare their own columns; the table adds the partition
        fields.append(pa.field(PARTITION, pa.string()))
    assert told()[name] == [(field.name, str(field.type)) for field in fields]
