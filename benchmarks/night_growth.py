"""Whether a night costs more the longer a model has lived.

A shop's model gets its history, its first champion and two real nights; then as many further nights as asked for are
written into its tables and its ledger by copying the second night's rows and records: as many files and records as nights
write, in fewer commits. The two nights after are real; the second is measured, step by step, for each length of history.

    python benchmarks/night_growth.py --nights 30 400
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from include.night.wait import wait  # noqa: E402
from include.night.whole import night_step, run_ingest, run_night  # noqa: E402
from include.project import Project  # noqa: E402
from include.storage.newest import forget  # noqa: E402
from include.storage.specs import PARTITION  # noqa: E402
from include.storage.tables import Table  # noqa: E402
from tests.include.night import shops  # noqa: E402

STEPS = ("wait", "features", "score", "measure", "decide", "train", "gate", "report")
START = date(2024, 1, 1)
HISTORY = 60
COPIED = ("features", "labels", "predictions", "performance", "signals", "profiles", "evidence")


def key(place: int) -> str:
    """Return the key of the night so many days after the first partition."""
    return (START + timedelta(days=place)).isoformat()


def made(folder: Path, nights: int) -> Project:
    """Return an installation with history, a champion and two real nights."""
    world = shops.make_world(folder, days=HISTORY + nights + 6)
    for name in ("shop", "rates"):
        path = world.config / "datasets" / f"{name}.yaml"
        path.write_text(path.read_text().replace("2024-01-31", key(HISTORY + nights + 10)))
    path = world.config / "models" / "sales.yaml"
    path.write_text(path.read_text().replace("first_partition: 2024-01-17\n", ""))
    project = Project.open(environ=world.environ, actor="benchmark", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    for name in ("shop", "rates"):
        run_ingest(project, name, key(0), key(HISTORY + nights + 4))
    for place in (HISTORY, HISTORY + 1, HISTORY + 2):
        run_night(project, "sales", key(place))
    return project


def lived(project: Project, nights: int) -> None:
    """Write further nights as copies of the newest real one, commit by commit."""
    home, pattern = project.model_home("sales"), key(HISTORY + 2)
    tables = {name: Table.existing(home / name, name) for name in (*COPIED, "steps")}
    tables = {name: table for name, table in tables.items() if table}
    newest = {name: max(k for k in table.partitions() if k[:2] == "20") for name, table in tables.items()}
    rows = {name: table.read(partitions=[newest[name]]) for name, table in tables.items()}
    records = [r for r in project.model_ledger("sales").records() if r.body.get("partition") == pattern]
    places = range(HISTORY + 3, HISTORY + 3 + nights)
    for name in sorted(set(tables) - {"steps"}):
        table, old = tables[name], newest[name]
        lag = (date.fromisoformat(pattern) - date.fromisoformat(old)).days
        parts = [_part(rows[name], table, old, key(place - lag)) for place in places]
        table._append(parts, f"lived/{name}")
    for row in range(rows["steps"].num_rows):
        one = rows["steps"].slice(row, 1)
        parts = [_part(one, tables["steps"], pattern, key(place)) for place in places]
        tables["steps"]._append(parts, f"lived/{row}")
    for place in places:
        for record in records:
            body = json.loads(json.dumps(dict(record.body)).replace(pattern, key(place)))
            if record.kind == "night_start":
                start = datetime.fromisoformat(body["start"]) + timedelta(days=place - HISTORY - 2)
                body |= {"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat()}
            project.model_ledger("sales").append(record.kind, record.key.replace(pattern, key(place)), body)


def _part(rows: pa.Table, table: Table, old: str, new: str) -> tuple[pa.Table, dict[str, str]]:
    values = {column: rows.column(column)[0].as_py() for column in table.spec.partition_by}
    return _moved(rows, table, old, new), values | {PARTITION: new}


def _moved(rows: pa.Table, table: Table, old: str, new: str) -> pa.Table:
    body = [n for n in rows.schema.names if n not in table.spec.partition_by]
    moved = [{k: new if v == old else v for k, v in row.items()} for row in rows.select(body).to_pylist()]
    return pa.Table.from_pylist(moved, rows.select(body).schema)


def measured(project: Project, place: int) -> dict[str, dict[str, float]]:
    """Return CPU and wall seconds of each step of a real night."""
    found: dict[str, dict[str, float]] = {}
    for what in STEPS:
        forget()  # under Airflow each step is a process of its own
        cpu, wall = time.process_time(), time.perf_counter()
        fresh = Project.open(environ=_environ(project), actor="benchmark", clock=project.clock)
        if what == "wait":
            wait(fresh, "sales", key(place), expired=True)
        else:
            night_step(fresh, "sales", key(place), what)
        found[what] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return found


def _environ(project: Project) -> dict[str, str]:
    folder = project.home.path.parent
    return {"NIGHTSHIFT_HOME": str(project.home), "NIGHTSHIFT_CONFIG": str(folder / "config")}


def main() -> None:
    """Print a table of steps by length of history."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, nargs="+", default=[30, 400])
    parser.add_argument("--keep", type=Path, help="folder to work in and to leave as it is")
    chosen = parser.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="nightshift-growth-"))
    results: dict[str, Any] = {}
    for nights in chosen.nights:
        project = made(folder / str(nights), nights)
        lived(project, nights)
        measured(project, HISTORY + 3 + nights)  # what nights keep for the next one is made here
        results[f"{nights}"] = measured(project, HISTORY + 4 + nights)
    for what in STEPS:
        cells = [f"{name}: {r[what]['cpu']:6.2f} s CPU {r[what]['wall']:6.2f} s" for name, r in results.items()]
        print(f"{what:10s}", "   ".join(cells))
    if not chosen.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
