"""A summary that was kept says the same as on the night that made it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from include.evidence import kept
from include.evidence.kept import from_bytes, to_bytes
from include.evidence.summary import Summary, summarise


@pytest.fixture
def summary() -> Summary:
    table = pa.table(
        {"amount": [1.5, float("inf"), 2.5, 2.5], "shop": ["a", "b", None, "b"], "closed": pa.nulls(4, pa.string())}
    )
    return summarise(table.to_batches())


def test_kept_summary_is_the_same(summary: Summary) -> None:
    found = from_bytes(to_bytes(summary))
    assert found is not None
    assert (found.rows, found.duplicate_share, found.span_hours) == (4, 0.0, 0.0)
    assert found.sketch.tolist() == summary.sketch.tolist()
    assert found.sketch.dtype == np.uint64
    assert {name: one.shares for name, one in found.columns.items()} == {
        "amount": {2.5: pytest.approx(2 / 3), 1.5: pytest.approx(1 / 3)},
        "shop": {"b": pytest.approx(2 / 3), "a": pytest.approx(1 / 3)},
        "closed": {},
    }
    assert (found.columns["amount"].null_share, found.columns["amount"].infinite_share) == (0.25, 0.25)
    assert found.columns["amount"].quantiles.tolist() == summary.columns["amount"].quantiles.tolist()
    assert found.hours is None


def test_hours_are_kept(summary: Summary) -> None:
    hours = np.arange(24)
    found = from_bytes(to_bytes(Summary(4, 0.5, summary.sketch, hours, {}, 23.0, "2024-01-01")))
    assert found is not None
    assert found.hours is not None
    assert found.hours.tolist() == hours.tolist()
    assert (found.name, found.span_hours, found.duplicate_share) == ("2024-01-01", 23.0, 0.5)


@pytest.mark.parametrize("share", [0.25, float("nan")])
def test_repeats_are_kept(share: float) -> None:
    found = from_bytes(to_bytes(Summary(4, 0.5, np.empty(0, np.uint64), None, {}, repeated_share=share)))
    assert found is not None
    assert found.repeated_share == pytest.approx(share, nan_ok=True)


def test_other_form_and_damage_are_not_read(summary: Summary, monkeypatch: pytest.MonkeyPatch) -> None:
    data = to_bytes(summary)
    assert from_bytes(data[: len(data) // 2]) is None
    monkeypatch.setattr(kept, "FORM", "0")
    assert from_bytes(data) is None
