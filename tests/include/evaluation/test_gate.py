from __future__ import annotations

import json

import numpy as np
import pytest

from include.evaluation.gate import PARTS, Costs, constant_scores, judge
from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores
from include.evaluation.terms import Terms
from include.evaluation.verdict import Part
from tests.include.evaluation.made import made_nights

BETTER = made_nights(14, quality=1.0)
SAME = [NightScores(n.partition, n.label, n.champion, n.champion) for n in BETTER]
WORSE = made_nights(14, quality=-0.5)


def test_better_candidate_passes():
    report = judge(BETTER, Terms(mode="superior"))
    assert (report.verdict, report.nights, report.nights_needed) == ("pass", 14, None)
    assert report.low > 0
    assert report.reason.startswith("performance: gain 0.0")


def test_worse_candidate_fails_in_every_mode():
    assert [judge(WORSE, Terms(mode=mode)).verdict for mode in ("superior", "non_inferior", "expected")] == ["fail"] * 3


def test_few_nights_wait():
    report = judge(BETTER[:2], Terms())
    assert (report.verdict, report.nights_needed, report.low) == ("wait", 1, None)


def test_what_is_open_fails_after_the_longest_wait():
    nights = made_nights(28, quality=0.5, noise=0.2, seed=4)
    waiting = judge(nights[:20], Terms(mode="superior", max_wait=14), first_look=14)
    over = judge(nights, Terms(mode="superior", max_wait=14), first_look=14)
    assert (waiting.verdict, over.verdict) == ("wait", "fail")
    assert "still open after the longest wait" in over.part("performance").reason


def test_nights_without_labels_do_not_shorten_the_wait():
    empty = [NightScores(f"e{i}", np.full(3, np.nan), np.full(3, 0.5), np.full(3, 0.5)) for i in range(30)]
    nights = made_nights(20, quality=0.5, noise=0.2, seed=4)
    assert judge([*nights, *empty], Terms(mode="superior"), first_look=14).verdict == "wait"


def test_night_without_rows_is_named():
    empty = NightScores("2013-03-20", np.empty(0), np.empty(0), np.empty(0))
    report = judge([*BETTER, empty], Terms())
    assert report.nights == 14
    assert report.part("performance").numbers["skipped"] == [["2013-03-20", "no row has a label"]]


def test_no_nights_at_all_wait():
    report = judge([], Terms(slices=("carrier",), max_churn=0.1, max_calibration_error=0.1))
    assert (report.verdict, report.gain, report.nights) == ("wait", None, 0)


def test_every_part_is_listed_and_unset_ones_say_so():
    report = judge(BETTER, Terms())
    assert [part.name for part in report.parts] == list(PARTS)
    assert {part.finding for part in report.parts[1:]} == {"unset"}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"max_microseconds_per_row": 5.0}, "latency"),
        ({"max_megabytes": 5.0}, "size"),
        ({"max_single_feature_auc": 0.9}, "leakage"),
        ({"behaviour": True}, "behaviour"),
        ({"golden_set": True}, "golden_set"),
    ],
)
def test_what_is_asked_but_not_measured_holds_the_verdict(asked, name):
    report = judge(BETTER, Terms(**asked))
    assert (report.part(name).finding, report.verdict) == ("cannot_tell", "wait")


def test_costs_within_their_limits_pass():
    terms = Terms(max_microseconds_per_row=5.0, max_megabytes=2.0)
    assert judge(BETTER, terms, costs=Costs(4.0, 1.0)).verdict == "pass"
    slow = judge(BETTER, terms, costs=Costs(6.0, 1.0))
    assert (slow.verdict, slow.reason) == ("fail", "latency: 6 microseconds a row, at most 5 is allowed")


def test_a_failing_part_of_the_caller_fails_the_gate():
    report = judge(
        BETTER, Terms(max_single_feature_auc=0.9), parts=[Part("leakage", "fail", "column x knows the outcome")]
    )
    assert (report.verdict, report.reason) == ("fail", "leakage: column x knows the outcome")


def test_own_parts_of_the_caller_are_listed_too():
    report = judge(BETTER, Terms(), parts=[Part("lineage", "fail", "unknown origin")])
    assert (report.parts[-1].name, report.verdict) == ("lineage", "fail")


def test_golden_set_that_disagrees_asks_a_person():
    golden = made_nights(1, quality=-0.5, rows=2000, seed=9)[0]
    report = judge(BETTER, Terms(golden_set=True), golden=golden)
    assert (report.verdict, report.ask_person) == ("fail", True)
    assert report.reason.endswith("the newest nights disagree (they pass): a person should look")


def test_golden_set_that_agrees_passes():
    golden = made_nights(1, quality=1.0, rows=2000, seed=9)[0]
    report = judge(BETTER, Terms(golden_set=True), golden=golden)
    assert (report.verdict, report.ask_person) == ("pass", False)


def test_anchor_stops_losses_from_adding_up():
    nights = [
        NightScores(n.partition, n.label, n.champion, n.champion, anchor=np.where(n.label == 1, 0.9, 0.1))
        for n in BETTER
    ]
    terms = Terms(mode="non_inferior", margin=0.01)
    assert judge(SAME, terms).verdict == "pass"
    against = judge(nights, terms)
    assert (against.verdict, against.part("anchor").finding) == ("fail", "fail")


def turned(nights):
    """Return the nights with a champion that decides every row the other way."""
    return [NightScores(n.partition, n.label, 1 - n.champion, n.candidate) for n in nights]


def test_first_champion_is_not_judged_by_churn():
    report = judge(turned(BETTER), Terms(max_churn=0.0), bootstrap=True)
    assert report.verdict == "pass"
    assert report.part("churn").finding == "unset"
    assert report.part("churn").reason == "not judged: there is no champion yet whose predictions could change"
    assert judge(turned(BETTER), Terms(max_churn=0.0)).part("churn").finding == "fail"


def test_all_failing_parts_are_named():
    parts = [Part("leakage", "fail", "x tells it"), Part("behaviour", "fail", "y moves")]
    terms = Terms(max_megabytes=0.1, max_churn=0.0)
    reasons = [
        judge(turned(BETTER), terms, costs=Costs(megabytes=1.0), parts=parts[:some]).reason for some in (0, 1, 2)
    ]
    said = "size: 1 megabytes, at most 0.1 is allowed; "
    assert reasons == [
        f"{said}churn fails too",
        f"{said}churn and leakage fail too",
        f"{said}churn, leakage and behaviour fail too",
    ]


def test_all_open_parts_are_named():
    report = judge(BETTER, Terms(max_megabytes=0.1, max_microseconds_per_row=1.0, golden_set=True))
    assert report.reason.startswith("golden_set: ")
    assert report.reason.endswith("; latency and size are open too")


def test_a_wait_says_when_it_ends():
    nights = made_nights(20, quality=0.5, noise=0.2, seed=4)
    report = judge(nights, Terms(mode="superior", max_wait=9), first_look=14)
    assert (report.verdict, report.nights_left) == ("wait", 3)
    assert report.reason.endswith("but the wait ends after 3 more (max_wait)")
    over = judge(nights, Terms(mode="superior", max_wait=6), first_look=14)
    assert (over.verdict, over.nights_left) == ("fail", None)
    assert "the wait ends" not in over.reason


def test_bootstrap_is_named_in_the_reason():
    labels = np.concatenate([n.label for n in BETTER])
    nights = [NightScores(n.partition, n.label, constant_scores(labels, len(n.label)), n.candidate) for n in BETTER]
    report = judge(nights, Terms(), bootstrap=True)
    assert report.verdict == "pass"
    assert report.reason.startswith("bootstrap (against the constant predictor): performance: ")


def test_errors_are_stated_per_candidate_and_year():
    report = judge(BETTER, Terms(confidence=0.95, candidates_per_year=52))
    assert (report.error_per_candidate, report.error_per_year) == (0.05, 2.6)
    assert judge(BETTER, Terms()).error_per_year is None


def test_report_is_plain_json():
    terms = Terms(slices=("carrier",), search_slices=3, max_calibration_error=0.2, max_churn=0.9)
    carrier = made_nights(14, quality=1.0, carrier=lambda rows, random: random.choice(["UA", "AA"], rows))
    text = json.dumps(judge(carrier, terms).as_json(), allow_nan=False)
    assert json.loads(text)["verdict"] == "pass"


@pytest.mark.parametrize("classes", [None, 3])
def test_constant_predictor_knows_the_shares_only(classes):
    labels = np.array([0.0, 1.0, 1.0, np.nan]) if classes is None else np.array([0.0, 2.0, 2.0, np.nan])
    scores = constant_scores(labels, 2, classes)
    assert scores[0].tolist() == pytest.approx(2 / 3 if classes is None else [1 / 3, 0.0, 2 / 3])


def test_constant_predictor_of_nothing_is_zero():
    assert constant_scores(np.array([np.nan]), 2).tolist() == [0.0, 0.0]


def test_regression_is_judged_by_squared_error():
    random = np.random.default_rng(0)
    nights = []
    for i in range(14):
        truth = random.standard_normal(100)
        nights.append(NightScores(str(i), truth, np.zeros(100), 0.8 * truth))
    assert judge(nights, Terms(mode="superior", metric=metric("mse"), classes=False)).verdict == "pass"


def test_several_classes_are_judged():
    random = np.random.default_rng(1)
    nights = []
    for i in range(14):
        label = random.integers(0, 3, 100)
        good = np.full((100, 3), 0.2)
        good[np.arange(100), label] = 0.6
        nights.append(NightScores(str(i), label.astype(float), np.full((100, 3), 1 / 3), good))
    assert judge(nights, Terms(mode="superior", max_churn=1.0)).verdict == "pass"


def months(nights: list[NightScores], a_month: int, first: int = 15765) -> list[NightScores]:
    """Return the rows of so many nights as one partition each, its rows told apart by their day."""
    found = []
    for at in range(0, len(nights), a_month):
        own = nights[at : at + a_month]
        day = np.concatenate([np.full(len(n.label), first + at + i) for i, n in enumerate(own)])
        rows = (np.concatenate([getattr(n, name) for n in own]) for name in ("label", "champion", "candidate"))
        found.append(NightScores(own[0].partition, *rows, day=day))
    return found


def test_month_is_judged_by_its_days():
    nights = made_nights(28, quality=0.6, noise=0.2, seed=4)
    by_day = judge(nights, Terms(mode="superior"))
    by_month = judge(months(nights, 28), Terms(mode="superior", max_wait=1))
    whole = [NightScores(m.partition, m.label, m.champion, m.candidate) for m in months(nights, 28)]
    assert by_month.nights == 1
    assert by_month.gain == pytest.approx(by_day.gain)
    assert by_month.part("performance").numbers["blocks"] == 28
    assert judge(whole, Terms(mode="superior")).part("performance").finding == "cannot_tell"


def test_better_candidate_passes_on_its_first_month():
    assert judge(months(made_nights(30, quality=1.0), 30), Terms(mode="superior", max_wait=1)).verdict == "pass"


def test_wait_of_months_counts_months():
    nights = months(made_nights(84, quality=0.5, noise=0.3, seed=4), 28)
    terms = Terms(mode="superior", max_wait=2)
    first, second, third = (judge(nights[: n + 1], terms, first_look=None if n == 0 else 1) for n in range(3))
    assert (first.verdict, second.verdict, third.verdict) == ("wait", "wait", "fail")
    assert (first.nights, second.nights, third.nights) == (1, 2, 3)
    needed = first.part("performance").numbers["evidence_needed"]
    assert second.part("performance").numbers["evidence_needed"] == needed
    assert needed == pytest.approx(
        judge(made_nights(28, quality=0.5), Terms(mode="superior", max_wait=56)).parts[0].numbers["evidence_needed"]
    )


def test_missing_nights_of_a_wait_are_told_in_months():
    report = judge(months(made_nights(28, quality=0.6, noise=0.2, seed=4), 28), Terms(mode="superior", max_wait=9))
    values = report.part("performance").reason.split("about ")[1].split(" ")[0]
    assert report.verdict == "wait"
    assert report.nights_needed == -(-int(values) // 28)
    assert "further labelled days" in report.reason


def test_slices_of_a_month_are_judged_by_its_days():
    nights = made_nights(28, quality=1.0, carrier=lambda rows, random: random.choice(["UA", "AA"], rows))
    month = months(nights, 28)[0]
    carrier = np.concatenate([n.slices["carrier"] for n in nights])
    report = judge(
        [NightScores("m", month.label, month.champion, month.candidate, slices={"carrier": carrier}, day=month.day)],
        Terms(slices=("carrier",), max_wait=1),
    )
    assert report.part("slices").finding == "pass"
    assert {row["nights"] for row in report.part("slices").numbers["slices"]} <= {27, 28}
