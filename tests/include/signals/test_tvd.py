from __future__ import annotations

from include.signals.tvd import TVD


def test_is_the_share_that_moves() -> None:
    assert TVD.from_counts([50, 50, 0], [25, 25, 50]) == 0.5


def test_disjoint_sides_are_one_apart() -> None:
    assert TVD.exact(["a"], ["b", "c"]) == 1.0
