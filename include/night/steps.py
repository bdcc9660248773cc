"""What each step cost: CPU and wall seconds, peak memory, rows and bytes, from the first night on."""

from __future__ import annotations

import os
import re
import resource
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.night.witnessed import seen_at
from include.storage.schemas import STEPS
from include.storage.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.project import Project

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass
class Cost:
    """What a step took in and gave out; filled in while it runs.

    Attributes
    ----------
    rows_in, rows_out, bytes_out : int
        Rows read, rows written and bytes written.
    """

    rows_in: int = 0
    rows_out: int = 0
    bytes_out: int = 0


@contextmanager
def step(project: Project, kind: str, name: str, partition: str, what: str) -> Iterator[Cost]:
    """Measure a step and record it in the ``steps`` table of its model or dataset.

    Parameters
    ----------
    project : Project
        The installation.
    kind : str
        ``models`` or ``datasets``.
    name, partition : str
        Model or dataset, and key of the night or partition.
    what : str
        The step: one of the words of the night.

    Notes
    -----
    Peak memory is that of the interpreter since the step began where the system can say so (Linux), else since its own
    start. A step that fails is recorded too, with state ``failed``. A killed one leaves no row. The row's commit says which
    records the ledger had then (`include.night.witnessed`).
    """
    cost, began, started = Cost(), time.monotonic(), project.clock()
    cpu = _cpu_seconds()
    _reset_peak()
    state = "failed"
    try:
        yield cost
        state = "done"
    finally:
        row = {
            "step": what,
            "attempt": uuid.uuid4().hex,
            "started": started,
            "wall_seconds": time.monotonic() - began,
            "cpu_seconds": _cpu_seconds() - cpu,
            "peak_mib": _peak_mib(),
            "rows_in": cost.rows_in,
            "rows_out": cost.rows_out,
            "bytes_out": cost.bytes_out,
            "state": state,
        }
        _record(project, kind, name, partition, row)


def steps_table(project: Project, kind: str, name: str) -> Table:
    """Return the table of the steps of a model (``models``) or dataset (``datasets``)."""
    table = Table(project.home / kind / name / "steps", STEPS)
    return project.as_it_was("steps", table) if kind == "models" else table


def _record(project: Project, kind: str, name: str, partition: str, row: dict[str, Any]) -> None:
    schema = pa.schema([field for field in STEPS.schema if field.name != "_partition"])
    rows, told = pa.Table.from_pylist([row], schema), seen_at(project, kind, name, partition, row["step"])
    steps_table(project, kind, name).append(rows, partition, run_key=row["attempt"], told=told)


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _reset_peak() -> None:
    if os.access(_CLEAR_REFS, os.W_OK):
        _CLEAR_REFS.write_text("5")  # makes VmHWM start anew (proc(5))


def _peak_mib() -> float:
    if _STATUS.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
