from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.config.model import Model
from include.policy.example import straight_history
from include.policy.recipe import (
    Recipe,
    cheap_recipe,
    chosen_rows,
    full_recipe,
    restored,
    row_losses,
    sample_size,
    trained,
    training_rows,
)
from include.policy.windows import Window


def _model(**learner: object) -> Model:
    return Model(
        name="made_up",
        description="Made up.",
        owner={"name": "Team"},
        task="regression",
        rows="rows",
        target={"dataset": "rows", "column": "y"},
        learner={"rounds": 30, **learner},
    )


def test_cheap_trees_are_a_third_with_thrice_the_step() -> None:
    history = straight_history(4)
    full, cheap = full_recipe(_model(), history), cheap_recipe(_model(), history, 100)
    assert (full.rounds, full.parameters["eta"]) == (30, 0.1)
    assert (cheap.rounds, cheap.parameters["eta"]) == (10, pytest.approx(0.3))


def test_large_steps_do_not_grow() -> None:
    recipe = cheap_recipe(_model(parameters={"learning_rate": 0.5}), straight_history(2), 100)
    assert recipe.parameters["learning_rate"] == 0.5
    assert "eta" not in recipe.parameters


@given(st.integers(100, 10**7), st.integers(100, 10**7))
def test_samples_keep_the_gap_of_full_sizes(first: int, second: int) -> None:
    recipe = Recipe("cheap", {}, 10, cheap_rows=65_536, reference_rows=4**12)
    sizes = [sample_size(n, recipe) for n in (first, second)]
    gap = sizes[0] ** -0.5 - sizes[1] ** -0.5
    assert gap == pytest.approx(first**-0.5 - second**-0.5, abs=0.5 * min(sizes) ** -1.5)


def test_short_histories_are_used_whole() -> None:
    recipe = Recipe("cheap", {}, 10, cheap_rows=65_536, reference_rows=4096)
    assert sample_size(3000, recipe) == 3000


def test_neighbouring_windows_share_their_rows() -> None:
    recipe = Recipe("cheap", {}, 10, cheap_rows=100, reference_rows=4**10)
    priority = np.random.default_rng(1).random(1000)
    early, _ = chosen_rows(0, 900, None, recipe, priority)
    late, _ = chosen_rows(0, 1000, None, recipe, priority)
    assert len(set(early) & set(late)) > 0.8 * len(early)


def test_weights_follow_their_rows() -> None:
    recipe = Recipe("cheap", {}, 10, cheap_rows=100, reference_rows=4**10)
    weight = np.arange(1000.0)
    rows, kept = chosen_rows(0, 1000, weight, recipe, np.random.default_rng(1).random(1000))
    assert kept is not None
    assert kept.tolist() == rows.tolist()


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_restored_candidate_scores_the_same(task: str) -> None:
    history = straight_history(3, task=task)
    recipe = full_recipe(_model().model_copy(update={"task": task}), history)
    score, model = trained(history.features, history.label, None, recipe, history.kinds)
    again = restored(model)
    assert np.array_equal(score(history.features), again(history.features))
    assert row_losses(task, history.label, score(history.features)).mean() < 0.6


def test_categories_are_learned() -> None:
    features = np.repeat(np.arange(4, dtype=np.float32), 50)[:, None]
    label = np.where(features[:, 0] % 2 == 0, 1.0, -1.0).astype(np.float32)
    history = straight_history(2)
    recipe = full_recipe(_model(parameters={"max_depth": 1}), history)
    score, _ = trained(features, label, None, recipe, ("c",))
    assert row_losses("regression", label, score(features)).mean() < 0.1


def test_certain_mistake_costs_a_finite_loss() -> None:
    loss = row_losses("binary", np.float32([1.0]), np.float32([0.0]))
    assert 30 < loss[0] < 40


def test_log_loss_of_classes_is_that_of_the_label() -> None:
    found = row_losses("multiclass", np.float32([2, 0]), np.float32([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25]]))
    assert found.round(4).tolist() == [0.6931, 0.6931]


def test_training_rows_end_with_the_cut() -> None:
    history = straight_history(6, rows=10)
    start, end, weight, known = training_rows(history, 3, Window(last=2), None)
    assert (start, end, weight, known) == (20, 40, None, None)


def test_fading_weights_halve_with_age() -> None:
    start, end, weight, _ = training_rows(straight_history(3, rows=2), 2, Window(half_life=1), None)
    assert (start, end) == (0, 6)
    assert weight is not None
    assert weight.tolist() == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


def test_labels_not_known_are_told() -> None:
    history = straight_history(3, rows=2, delay_days=1)
    _, _, _, known = training_rows(history, 2, Window(), int(history.ends()[2]))
    assert known is not None
    assert known.tolist() == [True, True, True, True, False, False]
