from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.signals.errors import SignalError
from include.signals.psi import PSI
from include.signals.statistic import as_column, influence_error, profiles_of, resampler_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 2], [1.0, 2.0, None]),
        (np.array([1.0, np.nan, np.inf]), [1.0, None, None]),
        (pd.Series([1, 2], dtype="Int64"), [1.0, 2.0]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series([True, False]), ["true", "false"]),
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        ([], []),
    ],
)
def test_array_likes_become_columns(values: object, expected: list[object]) -> None:
    assert as_column(values).to_pylist() == expected


def test_lists_cannot_be_compared() -> None:
    with pytest.raises(SignalError, match="values: type list<item: int64>"):
        as_column([[1], [2]])


def test_kinds_must_agree() -> None:
    with pytest.raises(SignalError, match="current values: type string"):
        PSI.exact([1.0], ["a"])


def test_influence_error_of_a_share_is_binomial() -> None:
    assert influence_error(lambda q: q[..., 1], np.array([90, 10, 0])) == pytest.approx(np.sqrt(0.09 / 100), rel=1e-5)


def test_resampler_is_made_once() -> None:
    reference, _ = profiles_of(as_column(["a", "b"]), as_column(["a"]))
    assert resampler_of(reference) is resampler_of(reference)
