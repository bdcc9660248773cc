"""A folder of configuration that a test fills with YAML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

DATASET = """\
name: trips
description: One trip.
owner: {name: Data}
source: {kind: files, path: trips.csv}
event_time: start
outcome: [fare]
contract:
  columns:
    start: {type: timestamp}
    city: {type: string}
    fare: {type: float64}
"""
MODEL = """\
name: fares
description: The fare of a trip.
owner: {name: Data}
task: regression
rows: trips
target: {dataset: trips, column: fare, delay: 1d}
"""


@dataclass(frozen=True)
class Folder:
    root: Path

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def dataset(self, changed: str = "", to: str = "", *, more: str = "") -> Path:
        assert changed in DATASET
        return self.write("datasets/trips.yaml", DATASET.replace(changed, to, 1) + textwrap.dedent(more))

    def model(self, changed: str = "", to: str = "", *, more: str = "") -> Path:
        assert changed in MODEL
        return self.write("models/fares.yaml", MODEL.replace(changed, to, 1) + textwrap.dedent(more))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Folder:
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path / "include")
