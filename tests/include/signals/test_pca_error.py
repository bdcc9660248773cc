from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.signals.errors import SignalError
from include.signals.pca_error import PcaError


def rows(random: np.random.Generator, n: int, noise: float = 0.1) -> pa.Table:
    x = random.normal(size=n)
    texts = np.where(x > 0.5, "up", "down")
    return pa.table({"x": x, "twice": 2 * x + noise * random.normal(size=n), "c": texts, "constant": np.ones(n)})


def test_studentised_is_standard() -> None:
    random = np.random.default_rng(0)
    references = [PcaError.fit(rows(random, 10_000)) for _ in range(10)]
    found = [fitted.measure(rows(random, 200)).studentised() for fitted in references for _ in range(10)]
    assert abs(np.mean(found)) < 0.4
    assert 0.75 < np.std(found) < 1.3


def test_a_broken_relation_is_seen() -> None:
    random = np.random.default_rng(1)
    fitted = PcaError.fit(rows(random, 5_000))
    assert fitted.measure(rows(random, 500, noise=2.0)).studentised() > 10


def test_perfect_relation_has_no_error() -> None:
    line = np.arange(100.0)
    fitted = PcaError.fit(pa.table({"x": line, "y": -3 * line}))
    assert fitted.directions.shape == (1, 2)
    assert fitted.measure(pa.table({"x": [5.0], "y": [-15.0]})).value == pytest.approx(0.0, abs=1e-12)


def test_nulls_and_new_categories_have_a_place() -> None:
    random = np.random.default_rng(2)
    fitted = PcaError.fit(rows(random, 200))
    dirty = pa.table({"x": [None, 1.0], "twice": [np.inf, 2.0], "c": ["new", None], "constant": [1.0, 1.0]})
    found = fitted.measure(dirty)
    assert np.isfinite(found.value)
    assert found.rows == 2


def test_constant_reference_has_no_direction() -> None:
    fitted = PcaError.fit(pa.table({"x": np.ones(50), "c": pa.array([None] * 50, pa.string())}))
    assert fitted.directions.shape == (0, 2)
    assert fitted.measure(pa.table({"x": [3.0], "c": ["a"]})).value == 2.0


def test_no_rows_cannot_be_told() -> None:
    random = np.random.default_rng(3)
    assert PcaError.fit(rows(random, 20)).measure(rows(random, 0)).health == "cannot_tell"
    with pytest.raises(SignalError, match=r"reference: 9 rows, 4 columns\. Expected 10 rows"):
        PcaError.fit(rows(random, 9))


def test_other_kind_of_column_is_an_error() -> None:
    fitted = PcaError.fit(pa.table({"x": np.arange(20.0)}))
    with pytest.raises(SignalError, match="column x: type string"):
        fitted.measure(pa.table({"x": ["a"]}))
