from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from include.signals.jensen_shannon import JS_DISTANCE, JS_DIVERGENCE


def test_agrees_with_scipy() -> None:
    counts = np.random.default_rng(0).integers(0, 50, (2, 12))
    assert JS_DISTANCE.from_counts(*counts) == pytest.approx(jensenshannon(*counts, base=2))
    assert JS_DIVERGENCE.from_counts(*counts) == pytest.approx(jensenshannon(*counts, base=2) ** 2)


def test_disjoint_sides_are_one_bit_apart() -> None:
    assert JS_DIVERGENCE.exact([0.0, 1.0, 2.0], [7.0, 8.0]) == 1.0


def test_unseen_category_adds_half_its_share() -> None:
    assert JS_DIVERGENCE.exact(["a"] * 8, ["a"] * 8 + ["b"] * 8) == pytest.approx(0.311278, abs=1e-6)
