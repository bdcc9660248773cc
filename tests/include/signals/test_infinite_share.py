from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from include.signals.edges import NumericEdges
from include.signals.infinite_share import INFINITE_SHARE
from include.signals.measure import feature_signals, infinite_columns
from include.signals.numeric import NumericProfile
from include.signals.profile import edges_from, profile

INF = float("inf")


@pytest.mark.parametrize(
    ("current", "share"),
    [
        ([None, 1.0], 0.0),
        (np.array([np.nan, np.inf, -np.inf, 1.0]), 0.5),
        (pa.array([INF, 1.0], pa.float32()), 0.5),
        ([1, 2], 0.0),
        (pa.nulls(3), 0.0),
    ],
)
def test_both_infinities_count(current: object, share: float) -> None:
    assert INFINITE_SHARE.exact([1.0], current) == share
    assert INFINITE_SHARE.measure([1.0, 2.0], current).value == share


def test_no_rows_cannot_be_told() -> None:
    assert math.isnan(INFINITE_SHARE.exact([], [INF]))
    assert INFINITE_SHARE.measure([1.0], np.empty(0)).health == "cannot_tell"


def test_the_first_infinities_count_rows() -> None:
    edges = NumericEdges("x", (0.0,), True)
    before = NumericProfile.of(np.zeros(10**6), edges)
    values = np.r_[np.zeros(997), np.full(3, -np.inf)]
    assert INFINITE_SHARE.measure(before, NumericProfile.of(values, edges)).studentised() == pytest.approx(
        3 * math.sqrt(12)
    )


def test_infinities_of_the_reference_are_expected() -> None:
    values = np.r_[np.zeros(90), np.full(10, np.inf)]
    measured = INFINITE_SHARE.measure(values, values)
    assert (measured.value, measured.expected_under_no_change, measured.studentised()) == (0.1, 0.1, 0.0)


def test_only_columns_with_infinities_have_the_signal() -> None:
    before = pa.record_batch({"calm": [1.0, 2.0], "wild": [1.0, 2.0], "shop": ["a", "b"]})
    tonight = pa.record_batch({"calm": [1.0, 2.0], "wild": [1.0, INF], "shop": ["a", "b"]})
    edges = edges_from([before])
    reference, strange = (profile([batch], edges) for batch in (before, tonight))
    assert infinite_columns([reference]) == set()
    assert infinite_columns([reference, strange]) == {"wild"}

    def named(*sides, **options):
        return [one.subject for one in feature_signals(*sides, "key", **options) if one.signal == "infinite_share"]

    assert named(reference, reference) == []
    assert named(strange, reference) == ["wild"]
    assert named(reference, reference, infinite={"wild"}) == ["wild"]
