from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from include.evaluation.golden import SUSPICION, golden_part
from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores


def golden(harm=0.0, segment_harm=0.0, blur=0.1, rows=2000, seed=0):
    random = np.random.default_rng(seed)
    chance = random.uniform(0.1, 0.9, rows)
    label = (random.random(rows) < chance).astype(float)
    champion = np.clip(chance + blur * random.standard_normal(rows), 0.02, 0.98)
    segment = random.choice(["a", "b", "c", "d"], rows)
    wrong = np.where(segment == "c", segment_harm, harm)
    candidate = np.where(random.random(rows) < wrong, 1 - chance, chance)
    return NightScores("golden", label, champion, candidate, slices={"segment": segment})


def test_better_candidate_passes():
    part = golden_part(golden(), metric("log_loss"))
    assert (part.finding, part.numbers["rows"], part.numbers["blamed"]) == ("pass", 2000, [])


def test_worse_candidate_fails():
    assert golden_part(golden(harm=0.3, segment_harm=0.3), metric("log_loss")).finding == "fail"


def test_poisoned_segment_is_found_though_the_whole_gains():
    part = golden_part(golden(segment_harm=0.3, blur=0.13), metric("log_loss"))
    assert part.numbers["gain"] > 0
    assert (part.finding, part.numbers["blamed"]) == ("fail", ["segment=c"])
    assert part.reason.endswith("shown to lose in segment=c")


def test_poisoned_segments_that_are_not_named_are_counted():
    values = np.resize(list("abcde"), 2000)
    random = np.random.default_rng(0)
    label = (random.random(2000) < 0.5).astype(float)
    whole = NightScores(
        "golden", label, np.where(label, 0.7, 0.3), np.where(label, 0.4, 0.6), slices={"segment": values}
    )
    part = golden_part(whole, metric("log_loss"))
    assert len(part.numbers["blamed"]) == 6
    assert part.reason.endswith("and 3 more")


def equal(seed, rows=1000):
    """Return two models that err as much on the same rows, each its own way."""
    random = np.random.default_rng(seed)
    chance = random.uniform(0.1, 0.9, rows)
    label = (random.random(rows) < chance).astype(float)
    one, other = (np.clip(chance + 0.1 * random.standard_normal(rows), 0.02, 0.98) for _ in range(2))
    return NightScores("golden", label, one, other, slices={"segment": random.choice(list("abcdefgh"), rows)})


def test_equal_candidate_fails_as_seldom_as_is_said():
    failed = {None: 0, 0.0: 0}
    for seed in range(400):
        for margin in failed:
            failed[margin] += golden_part(equal(seed), metric("log_loss"), margin).finding == "fail"
    assert failed[None] / 400 <= (1 - SUSPICION) + 2 * np.sqrt(SUSPICION * (1 - SUSPICION) / 400)
    assert failed[0.0] / 400 > 0.4


def poisoned(seed):
    """Return rows of which one segment in eight is a coin toss to the candidate, which errs like the champion elsewhere."""
    rows = equal(seed)
    moved = np.where(rows.slices["segment"] == "c", 0.5, rows.candidate)
    return NightScores("golden", rows.label, rows.champion, moved, slices=rows.slices)


def test_segment_whose_predictions_moved_most_is_looked_at_most():
    found = [golden_part(poisoned(seed), metric("log_loss")) for seed in range(100)]
    assert sum("segment=c" in part.numbers["blamed"] for part in found) >= 65


@pytest.mark.parametrize("margin", [None, 0.5])
def test_set_without_segments_is_judged_as_a_whole(margin):
    rows = golden(harm=0.3, segment_harm=0.3)
    whole = golden_part(replace(rows, slices={}), metric("log_loss"), margin)
    assert (whole.finding, whole.numbers["segments"]) == ("fail" if margin is None else "pass", {})


def test_movement_that_the_labels_support_is_no_loss():
    rows = equal(0)
    right = np.where(rows.slices["segment"] == "c", np.where(rows.label, 0.9, 0.1), rows.champion)
    moved = NightScores("golden", rows.label, rows.champion, right, slices=rows.slices)
    assert golden_part(moved, metric("log_loss")).finding == "pass"


def test_whole_that_is_shown_to_lose_is_named():
    part = golden_part(golden(harm=0.15, segment_harm=0.15), metric("log_loss"))
    assert part.finding == "fail"
    assert part.numbers["blamed"][0] == "all rows"
    assert "would be shown at 75%; shown to lose in all rows" in part.reason


def test_explicit_margin_of_zero_means_zero():
    rows = next(
        found
        for found in map(equal, range(50))
        if golden_part(found, metric("log_loss")).finding == "pass"
        and golden_part(found, metric("log_loss")).numbers["gain"] < 0
    )
    part = golden_part(rows, metric("log_loss"), 0.0)
    assert (part.finding, part.numbers["blamed"]) == ("fail", [])
    assert "0 is asked" in part.reason


def test_same_model_passes_whatever_the_margin():
    rows = golden()
    same = NightScores("golden", rows.label, rows.champion, rows.champion, slices=rows.slices)
    assert [golden_part(same, metric("log_loss"), margin).finding for margin in (None, 0.0)] == ["pass", "pass"]


def test_margin_is_loss_that_may_be_added():
    worse = golden(harm=0.1, segment_harm=0.1)
    loss = -golden_part(worse, metric("log_loss")).numbers["gain"]
    assert loss > 0
    assert golden_part(worse, metric("log_loss"), margin=loss + 0.05).finding == "pass"


def test_rows_without_label_do_not_count():
    rows = golden()
    rows.label[:500] = np.nan
    assert golden_part(rows, metric("log_loss")).numbers["rows"] == 1500


def test_empty_golden_set_cannot_be_told():
    empty = NightScores("golden", np.empty(0), np.empty(0), np.empty(0))
    assert golden_part(empty, metric("log_loss")).finding == "cannot_tell"


def test_one_class_cannot_be_told_by_ranking():
    rows = golden()
    part = golden_part(NightScores("g", np.ones(2000), rows.champion, rows.candidate), metric("auc"))
    assert part.finding == "cannot_tell"
