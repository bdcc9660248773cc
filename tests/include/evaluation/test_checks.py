from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.checks import calibration_part, churn_part, limit_part, microseconds_per_row
from include.evaluation.nights import NightScores


def night(label, champion, candidate):
    return NightScores("n", np.array(label, float), np.array(champion, float), np.array(candidate, float))


def test_calibrated_candidate_passes():
    part = calibration_part([night([0, 1, 1, 0], [0.5] * 4, [0.5] * 4)], 0.05)
    assert (part.finding, part.numbers["candidate"]) == ("pass", pytest.approx(0.0))


def test_overconfident_candidate_fails():
    part = calibration_part([night([0, 1, 1, 0], [0.5] * 4, [0.99] * 4)], 0.05)
    assert (part.finding, part.reason) == ("fail", "calibration error 0.49, at most 0.05 is allowed")


@pytest.mark.parametrize("nights", [[], [night([np.nan], [0.5], [0.5])]])
def test_calibration_without_labels_cannot_be_told(nights):
    assert calibration_part(nights, 0.05).finding == "cannot_tell"


def test_churn_counts_changed_sides():
    part = churn_part([night([0, 1, 1, np.nan], [0.4, 0.6, 0.6, 0.4], [0.6, 0.7, 0.6, 0.6])], 0.4, classes=True)
    assert (part.finding, part.numbers["share"]) == ("fail", 0.5)


def test_churn_of_numbers_counts_moves_beyond_a_deviation():
    part = churn_part([night([0, 0, 0, 0], [0, 0, 2, 2], [0.5, 1.5, 2, 2])], 0.25, classes=False)
    assert (part.finding, part.numbers["share"]) == ("pass", 0.25)


def test_churn_of_nothing_cannot_be_told():
    assert churn_part([], 0.1, classes=True).finding == "cannot_tell"


@pytest.mark.parametrize(
    ("value", "finding"), [(1.0, "pass"), (2.0, "pass"), (2.1, "fail"), (None, "cannot_tell"), (np.nan, "cannot_tell")]
)
def test_limits_include_their_end(value, finding):
    assert limit_part("size", value, 2.0, "megabytes").finding == finding


def test_time_a_row_is_the_median():
    ticks = iter([0.0, 1.0, 1.0, 1.5, 2.0, 9.0])
    found = microseconds_per_row(lambda rows: rows, "rows", 1_000_000, lambda: next(ticks), repeats=3)
    assert found == pytest.approx(1.0)


def test_time_of_no_rows_is_unknown():
    assert microseconds_per_row(lambda rows: rows, [], 0, lambda: 0.0) is None
