"""The notebook of docs/signals.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "signals.md"


def month(name: int, days: int, shifted_from: int | None = None) -> pa.Table:
    random = np.random.default_rng(name)
    day = np.repeat(np.arange(1, days + 1), 60)
    delay = random.normal(10.0, 4.0, day.size) + np.where(shifted_from and day >= (shifted_from or 0), 4.0, 0.0)
    keys = np.array([f"2013-{name:02d}-{one:02d}" for one in day])
    return pa.table({"day": keys, "delay": delay, "carrier": np.array(["UA", "AA"])[random.integers(0, 2, day.size)]})


def test_notebook_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"In a notebook.*?```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    pq.write_table(month(1, 31), tmp_path / "january.parquet")
    february = month(2, 28, shifted_from=1)
    pq.write_table(february, tmp_path / "february.parquet")
    pq.write_table(february.slice(0, 60), tmp_path / "2013-02-01.parquet")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(found[1], names)

    assert {one.subject for one in names["strange"]} == {"delay", "day"}
    assert len(names["means"]) == 28
    assert names["alarms"] == []  # 28 nights are too few for any
    assert names["found"]["alarms"][0]["subject"] == "delay"
