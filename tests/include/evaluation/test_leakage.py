from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.evaluation.leakage import leakage_part, places

ROWS = 2000
RANDOM = np.random.default_rng(0)
LABEL = (RANDOM.random(ROWS) < 0.3).astype(float)
NOISE = RANDOM.standard_normal(ROWS)


def table(**columns):
    return pa.table({"noise": NOISE, **columns})


def test_harmless_features_pass_with_the_strongest_named():
    part = leakage_part(table(weak=NOISE + LABEL), LABEL, 0.9)
    assert part.finding == "pass"
    assert "the most is weak with 0.7" in part.reason


@pytest.mark.parametrize(
    "column",
    [
        LABEL + 0.01 * NOISE,
        np.where(LABEL == 1, 0.0, np.sign(NOISE)),  # not monotone: only the middle means delay
        np.where(LABEL == 1, "landed", "delayed"),
        pa.array(np.where(LABEL == 1, "late", "fine")).dictionary_encode(),
        pa.array(LABEL, mask=LABEL == 1),  # missing exactly where the outcome happened
        LABEL.astype(int),
    ],
)
def test_feature_that_knows_the_outcome_fails(column):
    part = leakage_part(table(arr_delay=column), LABEL, 0.95)
    assert part.finding == "fail"
    assert "alone, arr_delay (" in part.reason


def test_identifier_is_not_leakage():
    names = pa.array([f"row {i}" for i in range(ROWS)])
    assert leakage_part(pa.table({"id": names}), LABEL, 0.6).finding == "pass"


def test_numbers_count_above_their_median():
    part = leakage_part(table(copy=NOISE * 3), NOISE, 0.99)
    assert part.finding == "fail"


def test_classes_are_taken_against_the_rest():
    label = RANDOM.integers(0, 3, ROWS).astype(float)
    assert leakage_part(table(tell=(label == 2).astype(float)), label, 0.95).finding == "fail"


@pytest.mark.parametrize("label", [np.full(ROWS, np.nan), np.ones(ROWS), np.r_[LABEL[:50], np.full(ROWS - 50, np.nan)]])
def test_too_little_cannot_be_told(label):
    assert leakage_part(table(), label, 0.9).finding == "cannot_tell"


def test_null_and_text_have_bins_of_their_own():
    assert places(pa.chunked_array([["b", None, "a"]])).tolist() == [0, 2, 1]
    found = places(pa.chunked_array([[1.0, None, 3.0, float("nan")]]))
    assert found[1] == found[3]
    assert len(set(found.tolist())) == 3
