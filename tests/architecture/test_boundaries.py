"""Rules that hold the rooms apart."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "pandas",
    "numpy",
    "xgboost",
    "mlflow",
    "great_expectations",
    "duckdb",
    "scipy",
    "sklearn",
    "altair",
    "pyarrow",
)


def _python_files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert len(found) > 2, f"{folder} looks empty: the test would pass on nothing"
    return found


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_include_never_imports_airflow() -> None:
    guilty = [str(path.relative_to(ROOT)) for path in _python_files("include") if "airflow" in _imported(path)]

    assert guilty == []


def test_plugins_import_include_only_as_needed() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for folder in ("dags", "plugins")
        for path in _python_files(folder)
        if _imported(path) & {"pandas", "numpy", "duckdb", "xgboost", "mlflow", "pyarrow", "great_expectations"}
    ]

    assert guilty == []


@pytest.mark.parametrize("name", ["ingest", "nightly", "promote", "fleet"])
def test_parsing_dags_imports_nothing_heavy(name: str, tmp_path: Path) -> None:
    before = "import sys; import airflow.sdk, airflow.providers.standard.operators.hitl; before = set(sys.modules); "
    after = f"import runpy; runpy.run_path({str(ROOT / 'dags' / (name + '.py'))!r}); "
    heavy = f"print([m for m in {HEAVY!r} if m in sys.modules and m not in before])"
    environment = dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", before + after + heavy], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_plugins_folder_is_named_in_airflowignore() -> None:
    # without it Airflow executes every file below under its bare stem, in every process
    assert "nightshift/" in (ROOT / "plugins" / ".airflowignore").read_text().splitlines()


def test_no_file_names_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout: there is no list of files to look through")
    forbidden = tuple("/" + name + "/" for name in ("work", "root", "farm"))
    guilty = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".sh", ".sql", ".txt", ".in"} and path.exists():
            text = path.read_text(errors="replace")
            guilty += [name for word in forbidden if f" {word}" in text or f'"{word}' in text or f"'{word}" in text]

    assert guilty == []
