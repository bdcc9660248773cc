"""What several statistics share is computed once for a pair of profiles, and never taken for another pair's."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from include.signals.binning import edges_from
from include.signals.catalogue import binned_values
from include.signals.measure import feature_signals
from include.signals.profile import Profile, profile


def profiles(*means: float) -> list[Profile]:
    batches = [pa.record_batch({"x": np.random.default_rng(n).normal(m, 1, 500)}) for n, m in enumerate(means)]
    edges = edges_from(batches, threads=1)
    return [profile([batch], edges, threads=1) for batch in batches]


def test_another_reference_gives_other_values() -> None:
    near, far, current = profiles(0.1, 3.0, 0.0)
    fresh = binned_values(far.subjects["x"], profiles(0.1, 3.0, 0.0)[2].subjects["x"])
    first = binned_values(near.subjects["x"], current.subjects["x"])
    second = binned_values(far.subjects["x"], current.subjects["x"])
    assert second == fresh
    assert second["wasserstein"] > 2 > 1 > first["wasserstein"]
    assert second["psi"] > first["psi"]
    assert binned_values(near.subjects["x"], current.subjects["x"]) == first


def test_signals_without_errors_are_the_same_but_for_them() -> None:
    reference, current = profiles(0.0, 0.3)
    full, plain = (feature_signals(current, reference, "night", errors=errors) for errors in (True, False))
    for one, other in zip(full, plain, strict=True):
        assert (one.signal, one.value, one.studentised, one.spread) == (
            other.signal, other.value, other.studentised, other.spread,
        )  # fmt: skip
        assert math.isfinite(one.standard_error)
        assert math.isnan(other.standard_error)
    assert full[0].value == pytest.approx(0.3, abs=0.1)
