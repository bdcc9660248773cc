"""The cases of diagnosis.py through whole nights: which faults would have been learned from.

Each world becomes an installation: its history as CSV files, a dataset whose contract knows only types and the key, a model
that retrains every night, a first champion. A case is one further partition in a copy of it: the real ingest, wait,
features, score, measure and decide. A fault *reaches training* when the night is not blocked, or, once its labels have
matured on a further calm night, when its partition is among those that a training may use. Labels that a column gives away
can be told only then.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from diagnosis_cases import Case  # noqa: E402 - found through the path set above
from diagnosis_worlds import Rows, World  # noqa: E402

STEPS = ("features", "score", "measure", "decide")
DATASET = """\
name: events
description: One event of this world.
owner: {{name: Team}}
source: {{kind: files, path: "data/{{key}}.csv"}}
event_time: {time}
key: [{key}]
outcome: [{label}]
contract:
  columns:
{columns}
"""
MODEL = """\
name: chance
description: Chance that the label is one.
owner: {{name: Team}}
task: binary
rows: events
features: chance.sql
target: {{dataset: events, column: {label}, delay: 1d}}
learner: {{rounds: 10, parameters: {{max_depth: 3}}}}
policy: every(1)
gate: {{holdout: 4d}}
"""


def run_nights(cases: Iterator[Case], shifts: int) -> dict[str, Any]:
    """Return what became of every fault and of one shift in so many, and of the history and calm nights between.

    Parameters
    ----------
    cases : iterator of Case
        Those whose partitions are days.
    shifts : int
        Run each so-manieth shift.
    """
    total: Counter[tuple[bool, str]] = Counter()
    stopped: Counter[tuple[bool, str]] = Counter()
    by: Counter[str] = Counter()
    wrong: list[str] = []
    calm = [0, 0]
    with tempfile.TemporaryDirectory(prefix="nightshift-diagnosis-") as folder:
        made: dict[str, Path] = {}
        for number, case in enumerate(cases):
            if not case.fault and number % shifts:
                continue
            if case.world.name not in made:
                made[case.world.name] = _installed(Path(folder) / case.world.name, case.world)
                partitions, defects = _history_of(made[case.world.name])
                calm[0] += partitions
                calm[1] += len(defects)
                wrong += [f"{case.world.name}: calm, {key} -> {' '.join(told)}" for key, told in defects.items()]
            how, told = _lived(made[case.world.name], Path(folder) / "case", case)
            total[case.fault, case.kind] += 1
            stopped[case.fault, case.kind] += how != ""
            by[f"{'fault' if case.fault else 'shift'}: {how or 'reaches training'}"] += 1
            if (how != "") != case.fault:
                wrong.append(f"{case.world.name}: {case.kind}, {case.what} -> {how or 'reaches training'}. {told}")
            print(f"  {number}: {case.world.name}, {case.kind}, {case.what}: {how or 'reaches training'}", flush=True)
    share = {
        flag: sum(stopped[k] for k in total if k[0] is flag) / max(1, sum(total[k] for k in total if k[0] is flag))
        for flag in (True, False)
    }
    return {
        "faults": sum(v for k, v in total.items() if k[0]),
        "shifts": sum(v for k, v in total.items() if not k[0]),
        "calm_partitions": calm[0],
        "faults_kept_from_training": share[True],
        "shifts_called_defect": share[False],
        "calm_called_defect": calm[1] / max(1, calm[0]),
        "stopped_by": dict(by),
        "by_kind": {f"{'fault' if k[0] else 'shift'}: {k[1]}": [stopped[k], total[k]] for k in total},
        "wrong": wrong,
    }


def _installed(folder: Path, world: World) -> Path:
    """Return an installation with the world's history and a first champion."""
    config = folder / "config"
    for name in ("datasets", "models", "data"):
        (config / name).mkdir(parents=True)
    one = world.history[0]
    columns = "\n".join(f"    {name}: {{type: {_type_of(one, name, world)}}}" for name in one.columns)
    parts = {"time": world.time, "key": ", ".join(world.key), "label": world.label, "columns": columns}
    (config / "datasets" / "events.yaml").write_text(DATASET.format(**parts))
    (config / "models" / "chance.yaml").write_text(MODEL.format(label=world.label))
    identifiers = [name for name in world.key if name not in (*world.numeric, *world.categorical)]
    chosen = [name for name in one.columns if name not in (*identifiers, world.time, world.label)]
    (config / "models" / "chance.sql").write_text(f"SELECT _key, {', '.join(chosen)} FROM events\n")
    keys = [_written(config, world, rows) for rows in world.history]
    from include.night.whole import run_ingest, run_night

    done = run_ingest(_project(folder), "events", keys[0], keys[-1])
    if done.get("blocked"):
        sys.exit(f"{world.name}: its history is blocked: {done}")
    run_night(_project(folder), "chance", keys[-1], force="first")
    return folder


def _type_of(rows: Rows, name: str, world: World) -> str:
    if name == world.time:
        return "timestamp"
    kind = rows[name].dtype.kind
    return "string" if kind not in "iuf" else "int64" if kind in "iu" and name in world.key else "float64"


def _written(config: Path, world: World, rows: Rows) -> str:
    """Write a partition's rows as the source gives them; return its key."""
    at = rows[world.time]
    at = at.dt.tz_convert("UTC") if isinstance(at.dtype, pd.DatetimeTZDtype) else at
    key = str(at.min())[:10]
    rows = rows.assign(**{world.time: at.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    rows.to_csv(config / "data" / f"{key}.csv", index=False)
    return key


def _project(folder: Path) -> Any:
    from include.project import Project

    environ = {"NIGHTSHIFT_HOME": str(folder / "home"), "NIGHTSHIFT_CONFIG": str(folder / "config")}
    return Project.open(environ=environ, actor="benchmark", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))


def _history_of(folder: Path) -> tuple[int, dict[str, tuple[str, ...]]]:
    """Return how many partitions the first night has diagnosed, and the defects it found."""
    from include.night.defects import defects_of
    from include.night.rows import present_features

    project = _project(folder)
    found = defects_of(project.model_ledger("chance").records())
    return len(present_features(project, "chance").partitions()), found


def _lived(installed: Path, folder: Path, case: Case) -> tuple[str, str]:
    """Return what keeps a case's partition from training, empty when nothing does, and what was found."""
    from include.night.begun import begun
    from include.night.defects import defects_of
    from include.night.train import labelled_with_features

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(installed, folder)
    verdict, key = _night(folder, case.world, case.rows)
    defects = defects_of(_project(folder).model_ledger("chance").records()).get(key, ())
    if verdict == "blocked":
        return ("diagnosis" if defects else "contract"), " ".join(defects)
    _, later = _night(folder, case.world, case.world.later[_after(case, key)][1])
    project = _project(folder)
    usable = [p.key for p in labelled_with_features(project, begun(project, "chance", later))]
    defects = defects_of(project.model_ledger("chance").records()).get(key, ())
    return ("" if key in usable else "diagnosis once labelled" if defects else "no rows"), " ".join(defects)


def _after(case: Case, key: str) -> int:
    """Return the place of the first later partition after a case's own."""
    starts = [str(rows[case.world.time].min())[:10] for _, rows in case.world.later]
    return next((place for place, start in enumerate(starts) if start > key), len(starts) - 1)


def _night(folder: Path, world: World, rows: Rows) -> tuple[str, str]:
    """Run a night up to its decision; return the verdict and the partition."""
    from include.night.wait import wait
    from include.night.whole import night_step, run_ingest

    key = _written(folder / "config", world, rows)
    run_ingest(_project(folder), "events", key)
    wait(_project(folder), "chance", key, expired=True)
    for what in STEPS:
        result = night_step(_project(folder), "chance", key, what)
    return str(result["verdict"]), key
