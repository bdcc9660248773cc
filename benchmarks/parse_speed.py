"""What the DAG files cost to parse: for one configuration, for 200 models, and inside a task.

    python benchmarks/parse_speed.py

Four figures, medians of five fresh interpreters each: all DAG files of the shipped configuration beyond
``import airflow.sdk``, with what heavy libraries they brought; all DAG files with 200 generated models as Airflow's DAG
processor parses and serialises them; the parse of one of those 200 as a task of it does; and what
``airflow dags list-import-errors`` says after a real Airflow has taken the files in.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "pandas",
    "numpy",
    "pyarrow",
    "xgboost",
    "mlflow",
    "great_expectations",
    "duckdb",
    "scipy",
    "sklearn",
    "altair",
)

SHIPPED = """
import airflow.sdk, json, runpy, sys, time
from pathlib import Path
before, began, used = set(sys.modules), time.perf_counter(), time.process_time()
for file in sorted(Path({dags!r}).glob("*.py")):
    runpy.run_path(str(file))
spent, cpu = time.perf_counter() - began, time.process_time() - used
heavy = [name for name in {heavy!r} if name in sys.modules and name not in before]
print(json.dumps({{"seconds": spent, "cpu": cpu, "heavy": heavy}}))
"""
# What a child of the processor does with each file; its parent has imported Airflow, and so has this.
PROCESSOR = """
import json, sys, time
from pathlib import Path
import airflow.sdk, airflow.serialization.serialized_objects
from airflow.dag_processing import processor
import airflow.dag_processing.dagbag, structlog
log, found, errors = structlog.get_logger(), {{}}, {{}}
began, used = time.perf_counter(), time.process_time()
for file in sorted(Path({dags!r}).glob("*.py")):
    start = time.process_time()
    asked = processor.DagFileParseRequest(file=str(file), bundle_path=Path({dags!r}), bundle_name="dags")
    result = processor._parse_file(asked, log)
    errors |= result.import_errors or {{}}
    found[file.stem] = (len(result.serialized_dags), round(time.process_time() - start, 2))
spent, cpu = time.perf_counter() - began, time.process_time() - used
print(json.dumps({{"seconds": spent, "cpu": cpu, "files": found, "errors": errors}}))
"""
TASK = """
import json, runpy, sys, time
import airflow.sdk
from airflow.sdk.execution_time import task_runner
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager
began, used = time.perf_counter(), time.process_time()
with _airflow_parsing_context_manager(dag_id="nightly_model_007", task_id="score"):
    found = runpy.run_path({file!r})
spent, cpu = time.perf_counter() - began, time.process_time() - used
print(json.dumps({{"seconds": spent, "cpu": cpu, "dags": [name for name in found if name.startswith("nightly_model")]}}))
"""


def environment(folder: Path, config: Path) -> dict[str, str]:
    """Return the environment of an Airflow of its own that reads a configuration."""
    return dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        "PYTHONWARNINGS": "ignore",
        "NIGHTSHIFT_CONFIG": str(config),
        "NIGHTSHIFT_HOME": str(folder / "home"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }


def many(folder: Path, count: int) -> Path:
    """Return a configuration with a number of models, each a copy of the flights' one."""
    shipped = ROOT / "include"
    shutil.copytree(shipped / "datasets", folder / "datasets")
    (folder / "models").mkdir()
    text, sql = ((shipped / "models" / f"flight_delay.{kind}").read_text() for kind in ("yaml", "sql"))
    for number in range(count):
        name = f"model_{number:03d}"
        (folder / "models" / f"{name}.yaml").write_text(text.replace("flight_delay", name))
        (folder / "models" / f"{name}.sql").write_text(sql)
    return folder


def ran(code: str, env: dict[str, str]) -> dict[str, object]:
    """Return what a fresh interpreter printed last, as JSON."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def median(code: str, env: dict[str, str], repeats: int) -> tuple[str, dict[str, object]]:
    """Return the medians of several interpreters in words, and what the last one found."""
    runs = [ran(code, env) for _ in range(repeats)]
    wall, cpu = (statistics.median(float(str(run[what])) for run in runs) for what in ("seconds", "cpu"))
    return f"{wall:6.2f} s (CPU {cpu:.2f} s)", runs[-1]


def import_errors(env: dict[str, str]) -> str:
    """Return what Airflow lists after taking all files in."""
    for words in (["db", "migrate"], ["dags", "reserialize"]):
        subprocess.run([sys.executable, "-m", "airflow", *words], env=env, cwd=ROOT, capture_output=True, check=True)
    listed = [sys.executable, "-m", "airflow", "dags", "list-import-errors", "-o", "json"]
    done = subprocess.run(listed, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    dags = str(ROOT / "dags")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder, ROOT / "include")
        print(f"import errors                          {import_errors(env)}", flush=True)
        seconds, found = median(SHIPPED.format(dags=dags, heavy=HEAVY), env, given.repeats)
        print(f"all files beyond import airflow.sdk    {seconds}, heavy libraries {found['heavy']}", flush=True)
        env = environment(folder, many(folder / "config", given.models))
        seconds, found = median(PROCESSOR.format(dags=dags), env, given.repeats)
        print(f"{given.models} models, processor                  {seconds}, {found['files']}", flush=True)
        assert found["errors"] == {}, found["errors"]
        seconds, found = median(TASK.format(file=str(ROOT / "dags" / "nightly.py")), env, given.repeats)
        assert found["dags"] == ["nightly_model_007"]
        print(f"{given.models} models, a task's own parse         {seconds}", flush=True)


if __name__ == "__main__":
    main()
