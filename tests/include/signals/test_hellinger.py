from __future__ import annotations

import math

import pytest

from include.signals.hellinger import HELLINGER


def test_both_forms_agree() -> None:
    p, q = [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]
    overlap = sum(math.sqrt(a * b) for a, b in zip(p, q, strict=True))
    assert HELLINGER.from_counts(p, q) == pytest.approx(math.sqrt(1 - overlap))


def test_equal_shares_are_exactly_zero() -> None:
    assert HELLINGER.from_counts([1, 2, 4], [7, 14, 28]) == 0.0
