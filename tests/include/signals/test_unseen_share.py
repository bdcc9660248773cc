from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.signals.binning import edges_from
from include.signals.categorical import CategoricalProfile
from include.signals.edges import CategoricalEdges
from include.signals.profile import profile
from include.signals.statistic import as_column, profiles_of
from include.signals.unseen_share import UNSEEN_SHARE


def test_nulls_do_not_count() -> None:
    assert UNSEEN_SHARE.exact(["a"], ["a", None, "b", "c"]) == pytest.approx(2 / 3)


def test_singletons_tell_how_often_new_ones_come() -> None:
    before, after = profiles_of(as_column(["a"] * 96 + ["b", "c", "d", "e"]), as_column(["a"] * 10))
    assert UNSEEN_SHARE.measure(before, after).expected_under_no_change == 0.04


def test_an_incomplete_list_expects_its_own_rest() -> None:
    batch = pa.record_batch({"c": ["a"] * 60 + ["b"] * 30 + ["c"] * 10})
    edges = edges_from([batch], most_categories=2)
    before = profile([batch], edges).categorical("c")
    assert UNSEEN_SHARE.measure(before, before).value == 0.1
    assert UNSEEN_SHARE.measure(before, before).studentised() == 0.0


def test_no_news_does_not_depend_on_rows() -> None:
    edges = CategoricalEdges("c", ("a", "b"), True)
    before = CategoricalProfile(edges, 1_000, counts=np.array([500, 500]))
    for rows in (10, 100_000):
        calm = UNSEEN_SHARE.measure(before, CategoricalProfile(edges, 2 * rows, counts=np.array([rows, rows])))
        assert calm.studentised(0.25) == pytest.approx(-0.25 * 12**0.5)
