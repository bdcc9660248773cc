from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.signals.edges import NumericEdges
from include.signals.null_share import NULL_SHARE
from include.signals.numeric import NumericProfile


@pytest.mark.parametrize(
    ("current", "share"),
    [
        ([None, 1.0], 0.5),
        (np.array([np.nan, np.inf]), 0.5),
        (pd.Series(["a", None, "b", "c"]), 0.25),
        (pa.nulls(3), 1.0),
        (pa.array(["a", None]).dictionary_encode(), 0.5),
    ],
)
def test_null_and_nan_count(current: object, share: float) -> None:
    assert NULL_SHARE.exact([1.0], current) == share


def test_all_null_can_be_told() -> None:
    edges = NumericEdges("x", (0.0, 1.0), True)
    before = NumericProfile.of(np.array([0.0, 1.0] * 500), edges)
    measured = NULL_SHARE.measure(before, NumericProfile.of(np.empty(0), edges, nulls=40))
    assert measured.value == 1.0
    assert measured.rows == 40
    assert measured.studentised() > 30
    assert math.isnan(NULL_SHARE.measure(before, NumericProfile(edges)).value)


def test_a_reference_without_nulls_counts_rows() -> None:
    edges = NumericEdges("x", (0.0,), True)
    before = NumericProfile.of(np.zeros(10**6), edges)
    for n in (100, 10_000):
        found = NULL_SHARE.measure(before, NumericProfile.of(np.zeros(n - 3), edges, nulls=3))
        assert found.studentised() == pytest.approx(3 * math.sqrt(12))
