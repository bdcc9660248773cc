from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores
from include.evaluation.slices import Slice, holm, named_slices, slices_part, worst_slices
from include.evaluation.terms import Terms


def nights_with(harmed, count=20, rows=300, seed=0):
    """Return nights whose candidate is a little better everywhere and much worse where carrier is `harmed`."""
    random = np.random.default_rng(seed)
    nights = []
    for number in range(count):
        carrier, origin = random.choice(["AA", "UA", "DL"], rows), random.choice(["JFK", "LGA"], rows)
        label = (random.random(rows) < 0.5).astype(float)
        good, bad = np.where(label == 1, 0.65, 0.35), np.where(label == 1, 0.3, 0.7)
        wrong = np.ones(rows, bool) if harmed is None else (carrier == harmed[0]) & (origin == harmed[1])
        candidate = np.where(wrong & (harmed is not None), bad, good)
        champion = np.full(rows, 0.5) + 0.01 * random.standard_normal(rows)
        nights.append(
            NightScores(str(number), label, champion, candidate, slices={"carrier": carrier, "origin": origin})
        )
    return nights


def test_sound_slices_pass_with_their_numbers():
    part = slices_part(nights_with(None), Terms(slices=("carrier", "origin")), 14)
    assert part.finding == "pass"
    assert part.numbers["judged"] == 5
    assert {row["slice"] for row in part.numbers["slices"]} >= {"carrier=AA", "origin=LGA"}
    assert part.reason.startswith("none of 5 slices is shown to lose more than the margin")


def test_harmed_slice_is_blamed_by_name():
    part = slices_part(nights_with(("UA", "JFK")), Terms(slices=("carrier",)), 14)
    assert (part.finding, part.reason) == ("fail", "1 of 3 slices lose more than the margin: carrier=UA")


def test_slice_that_nobody_named_is_searched():
    found = slices_part(nights_with(("UA", "JFK")), Terms(search_slices=3), 14)
    assert (found.finding, found.numbers["search_nights"]) == ("fail", 7)
    assert "carrier=UA, origin=JFK" in found.reason


def test_search_finds_the_worst_pair_first():
    found = worst_slices(nights_with(("DL", "LGA"))[:7], metric("log_loss"), 2)
    assert found[0].name == "carrier=DL, origin=LGA"
    assert len(found) <= 2


def test_search_that_finds_no_loss_passes():
    nights = nights_with(None)
    better = [NightScores(n.partition, n.label, n.champion, n.label * 0.9 + 0.05, slices=n.slices) for n in nights]
    part = slices_part(better, Terms(search_slices=3), 14)
    assert (part.finding, part.reason) == ("pass", "on 7 nights no slice was found where the candidate loses")


def test_search_without_later_nights_cannot_tell():
    assert slices_part(nights_with(None, count=4), Terms(search_slices=3), 4).finding == "cannot_tell"


def test_search_of_many_rows_looks_at_some(monkeypatch):
    monkeypatch.setattr("include.evaluation.slices.SEARCH_ROWS", 700)
    found = worst_slices(nights_with(("DL", "LGA"))[:7], metric("log_loss"), 1)
    assert found[0].name == "carrier=DL, origin=LGA"


def test_search_judges_on_other_nights():
    nights = nights_with(None, count=10)
    lying = [NightScores(n.partition, n.label, n.champion, 1 - n.candidate, slices=n.slices) for n in nights[:5]]
    part = slices_part([*lying, *nights[5:]], Terms(search_slices=4), 10)
    assert part.finding == "pass"
    assert all(row["nights"] == 5 for row in part.numbers["slices"])


def test_every_look_judges_the_same_slices():
    nights = nights_with(("UA", "JFK"))
    names = [
        [row["slice"] for row in slices_part(nights[:n], Terms(search_slices=3), 14).numbers["slices"]]
        for n in (14, 20)
    ]
    assert names[0] == names[1]


def test_rare_slices_cannot_be_told():
    nights = nights_with(None, count=2)
    part = slices_part(nights, Terms(slices=("carrier",)), 2)
    assert (part.finding, part.reason) == ("cannot_tell", "none of 3 slices has 3 labelled nights")


def test_unknown_column_has_no_slices():
    assert named_slices(nights_with(None, count=1), ["nowhere"]) == []


def test_search_with_a_ranking_metric_uses_the_proper_loss():
    found = worst_slices(nights_with(("DL", "LGA"))[:7], metric("auc"), 1)
    assert found[0].name == "carrier=DL, origin=LGA"


def test_mask_needs_every_condition():
    night = nights_with(None, count=1)[0]
    both = Slice((("carrier", "AA"), ("origin", "JFK"))).mask(night)
    assert both.sum() == ((night.slices["carrier"] == "AA") & (night.slices["origin"] == "JFK")).sum()
    assert not Slice((("nowhere", "x"),)).mask(night).any()


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ([5.0, 1.0], [True, False]),
        ([3.5, 1.0], [False, False]),  # 3.5 alone would do, but the first of two needs log 40
        ([5.0, 3.2], [True, True]),
        ([], []),
    ],
)
def test_holm_steps_down(evidence, expected):
    assert holm(evidence, np.log(20)).tolist() == expected
