from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.config.model import Model
from include.policy.backtest import prepared
from include.policy.cells import Bench
from include.policy.example import straight_history
from include.policy.options import Options
from include.policy.recipe import cheap_recipe, full_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from include.policy.history import History
    from include.policy.world import World


def made_up_model(**changed: Any) -> Model:
    """Return a model whose trainings take milliseconds."""
    told: dict[str, Any] = {
        "name": "made_up",
        "description": "Made up.",
        "owner": {"name": "Team"},
        "task": "regression",
        "rows": "rows",
        "target": {"dataset": "rows", "column": "y"},
        "learner": {"rounds": 12, "parameters": {"max_depth": 2, "eta": 0.3}},
        "gate": {"holdout": "1d"},
    }
    return Model(**{**told, **changed})


def bench_of(history: History, folder: Path) -> Bench:
    """Return what cells of a made-up history are computed with."""
    model = made_up_model(task=history.task)
    recipes: Any = {"full": full_recipe(model, history), "cheap": cheap_recipe(model, history, 100)}
    return Bench(history, recipes, folder, history.digests())


def world_of(history: History, folder: Path, gate: dict[str, Any] | None = None, **options: Any) -> World:
    """Return the world of a history, computed in this process."""
    told: dict[str, Any] = {"windows": ("all", "last(3)"), "workers": 0, "label_delay": 0, **options}
    model = made_up_model(task=history.task, gate=gate or {"holdout": "1d"})
    world, _ = prepared(model, history, Options(**told), folder, folder / "history")
    return world


@pytest.fixture(scope="session")
def turning(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Sixteen days; on the tenth the sign of the outcome turns."""
    return world_of(straight_history(16, rows=80, turn=9), tmp_path_factory.mktemp("turning"))
