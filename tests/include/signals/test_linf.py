from __future__ import annotations

from include.signals.linf import LINF


def test_the_largest_difference_counts() -> None:
    assert LINF.from_counts([8, 1, 1], [5, 4, 1]) == 0.30000000000000004


def test_a_new_category_counts_alone() -> None:
    assert LINF.exact(["a"] * 4, ["a"] * 3 + ["b"]) == 0.25
