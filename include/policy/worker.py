"""A process that computes cells: reads one job a line, answers one line a job (`python -m include.policy.worker FOLDER`).

Fork after a training hangs, and spawn fails inside Airflow's tasks: so the matrix starts plain child processes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import NightshiftError
from include.policy.cells import Bench, Cell, compute
from include.policy.history import History
from include.policy.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

PLAN = "plan.json"


def write_plan(folder: Path, bench: Bench, history: Path) -> None:
    """Write what `read_plan` needs in another process."""
    recipes = {
        kind: {
            "kind": recipe.kind,
            "parameters": recipe.parameters,
            "rounds": recipe.rounds,
            "cheap_rows": recipe.cheap_rows,
            "reference_rows": recipe.reference_rows,
        }
        for kind, recipe in bench.recipes.items()
    }
    told = {"history": str(history), "folder": str(bench.folder), "digests": bench.digests, "recipes": recipes}
    (folder / PLAN).write_text(json.dumps(told), encoding="utf-8")


def read_plan(folder: Path) -> Bench:
    """Return the bench that `write_plan` described."""
    told = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    recipes: dict[Any, Recipe] = {kind: Recipe(**recipe) for kind, recipe in told["recipes"].items()}
    return Bench(History.load(Path(told["history"])), recipes, Path(told["folder"]), tuple(told["digests"]))


def serve(folder: Path, jobs: Iterable[str], answers: TextIO) -> None:
    """Compute each job and answer it: ``{"done": true}``, ``{"refused": text}`` or ``{"error": text}``."""
    import xgboost  # noqa: F401 -- so that the first cell's CPU seconds are those of training

    bench = read_plan(folder)
    priority = bench.priority()
    for line in jobs:
        job = json.loads(line)
        try:
            answer: dict[str, Any] = {"done": compute(bench, Cell(**job["cell"]), job["wanted"], priority)}
        except NightshiftError as error:
            answer = {"refused": str(error)}
        except (ValueError, MemoryError, OSError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.stdin, sys.stdout)
