"""A backtest that is killed goes on where it stopped, and ends with the same figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    draw = np.random.default_rng(4)
    for month in range(1, 10):
        folder = tmp_path / "data" / f"period=2021-{month:02d}"
        folder.mkdir(parents=True)
        number = draw.normal(size=400)
        pq.write_table(pa.table({"number": number, "target": number * (1 - month)}), folder / "part-0.parquet")
    for kind, text in (
        ("datasets/rows", f"source: {{kind: files, path: {tmp_path / 'data'}}}\npartition: month\noutcome: [target]\n"),
        ("models/demand", "task: regression\nrows: rows\ntarget: {dataset: rows, column: target}\n"),
    ):
        place = tmp_path / f"{kind}.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"name: {place.stem}\ndescription: Rows.\nowner: {{name: Team}}\n{text}")
    return tmp_path


def _started(config: Path, home: str) -> subprocess.Popen[bytes]:
    told = {"NIGHTSHIFT_CONFIG": str(config), "NIGHTSHIFT_HOME": str(config / home), "PYTHONPATH": str(ROOT)}
    command = ["backtest", "demand", "--policies", "every(2)", "--no-gates", "--json", str(config / f"{home}.json")]
    return subprocess.Popen(
        [sys.executable, "-m", "include", *command],
        env={**os.environ, **told}, cwd=config, start_new_session=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _cells(config: Path, home: str) -> int:
    return len(list((config / home).rglob("*.npz")))


def _result(config: Path, home: str) -> dict[str, Any]:
    assert _started(config, home).wait() == 0
    found: dict[str, Any] = json.loads((config / f"{home}.json").read_text())
    return found


def test_killed_backtest_goes_on(config: Path) -> None:
    process = _started(config, "killed")
    while _cells(config, "killed") < 2:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = _cells(config, "killed")
    again, whole = _result(config, "killed"), _result(config, "whole")
    assert again["cells_computed"] == whole["cells_computed"] - kept > 0
    for name, policy in whole["policies"].items():
        assert again["policies"][name]["mean_loss"] == policy["mean_loss"]
