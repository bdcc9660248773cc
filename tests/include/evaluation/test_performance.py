from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.metrics import metric
from include.evaluation.nights import PairedNights
from include.evaluation.performance import absolute_margin, judge_gain, worse_evidence
from include.evaluation.terms import Terms

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.standard_normal(28)
NOISE = (NOISE - NOISE.mean()) / NOISE.std()


def paired(gain, champion=0.5):
    gain = np.asarray(gain, float)
    names = tuple(f"n{i}" for i in range(len(gain)))
    ones = np.full(len(gain), champion)
    return PairedNights(names, gain, ones, ones - gain, np.full(len(gain), 100), ())


def finding(mode, effect, nights=28, **more):
    terms = Terms(mode=mode, metric=metric("log_loss"), **more)
    return judge_gain(paired(0.01 * (NOISE[:nights] + effect)), terms, nights)


@pytest.mark.parametrize(
    ("mode", "effect", "margin", "expected"),
    [
        ("superior", 2.0, 0.0, "pass"),
        ("superior", 0.2, 0.0, "wait"),
        ("superior", -2.0, 0.0, "fail"),
        ("superior", 1.0, 0.03, "fail"),
        ("non_inferior", 0.0, 0.015, "pass"),
        ("non_inferior", -0.5, 0.005, "wait"),
        ("non_inferior", -3.0, 0.005, "fail"),
        ("expected", 1.0, 0.005, "pass"),
        ("expected", 0.1, 0.0001, "wait"),
        ("expected", -2.0, 0.005, "fail"),
    ],
)
def test_modes_ask_different_proof(mode, effect, margin, expected):
    assert finding(mode, effect, margin=margin).part.finding == expected


def test_wait_says_how_many_nights_are_missing():
    found = finding("superior", 0.45)
    assert found.needed == 34
    assert "about 34 further labelled nights at today's effect" in found.part.reason


def test_hopeless_wait_says_so():
    found = finding("superior", -0.1)
    assert (found.part.finding, found.needed) == ("wait", None)
    assert "no number of nights like these would show it" in found.part.reason


@pytest.mark.parametrize(
    ("mode", "effect", "left", "end"),
    [
        ("superior", 0.45, 40, "about 34 further labelled nights at today's effect"),
        (
            "superior",
            0.45,
            9,
            "about 34 further labelled nights at today's effect, but the wait ends after 9 more (max_wait)",
        ),
        (
            "superior",
            -0.1,
            8,
            "no number of nights like these would show it, but the wait ends after 8 more (max_wait)",
        ),
        (
            "superior",
            -0.1,
            0,
            "no number of nights like these would show it, but the wait ends with the next look (max_wait)",
        ),
        ("expected", -0.1, 8, "no number of nights like these would do, but the wait ends after 8 more (max_wait)"),
    ],
)
def test_wait_that_ends_before_the_proof_says_when(mode, effect, left, end):
    terms = Terms(mode=mode, metric=metric("log_loss"))
    part = judge_gain(paired(0.01 * (NOISE + effect)), terms, 28, left=left).part
    assert part.finding == "wait"
    assert part.reason.endswith(f"; {end}")


def test_expected_mode_states_gain_and_harm():
    numbers = finding("expected", 1.0, margin=0.005, horizon=10).part.numbers
    assert 0.005 < numbers["expected_gain"] < 0.01
    assert numbers["horizon_gain"] == pytest.approx(10 * numbers["expected_gain"])
    assert numbers["chance_of_harm"] < 0.05 < 0.95 < numbers["chance_of_gain"]


@pytest.mark.parametrize("nights", [0, 1, 2])
def test_too_few_nights_cannot_be_told(nights):
    found = judge_gain(paired(np.ones(nights)), Terms(), nights)
    assert found.part.finding == "cannot_tell"
    assert found.part.reason == f"{nights} of at least 3 labelled nights: cannot tell"
    assert found.needed == 3 - nights


def test_hours_are_judged_by_whole_days():
    terms = Terms(mode="superior", block=24)
    found = judge_gain(paired(np.tile(np.linspace(-1, 1, 24), 5)), terms, 120)
    assert found.part.numbers["blocks"] == 5
    assert found.part.finding != "pass"


def test_same_predictions_never_count_as_better():
    assert judge_gain(paired(np.zeros(14)), Terms(mode="superior"), 14).part.finding == "fail"
    assert judge_gain(paired(np.zeros(14)), Terms(mode="non_inferior"), 14).part.finding == "pass"


def test_margin_of_zero_is_one_percent_where_something_is_risked():
    nights = paired([0.1, 0.1, 0.1], champion=0.5)
    assert absolute_margin(nights, Terms(mode="superior")) == 0.0
    assert absolute_margin(nights, Terms(mode="non_inferior")) == pytest.approx(0.005)
    assert absolute_margin(nights, Terms(mode="expected", margin=0.02)) == 0.02
    assert absolute_margin(nights, Terms(mode="superior", margin=0.02), always=True) == pytest.approx(0.005)


def test_evidence_of_harm_mirrors_that_of_gain():
    values = 0.01 * (NOISE - 2.0)
    assert worse_evidence(values, 0.0) > np.log(20)
    assert worse_evidence(-values, 0.0) < 0
    assert worse_evidence(values[:2], 0.0) == 0.0


def test_equal_candidate_does_not_wait():
    part = judge_gain(paired(np.zeros(8)), Terms(mode="expected", metric=metric("log_loss")), 8).part
    assert part.finding == "fail"
    assert "equal to the champion on every one of 8 nights" in part.reason
