from __future__ import annotations

import math

from include.signals.measured import Measured, cannot_tell


def test_studentised_counts_spreads() -> None:
    assert Measured(0.75, 0.1, 0.25, 0.25, 100).studentised() == 2.0


def test_jitter_is_one_lattice_step() -> None:
    share = Measured(0.0, 0.0, 0.0, 0.25, 10, lattice=0.1)
    assert share.studentised(0.5) == 0.0
    assert math.isclose(share.studentised(0.999) - share.studentised(0.001), 0.4, rel_tol=0.01)


def test_what_cannot_be_told_is_nan() -> None:
    nothing = cannot_tell(0)
    assert nothing.health == "cannot_tell"
    assert math.isnan(nothing.studentised())


def test_no_spread_is_zero_or_infinite() -> None:
    assert Measured(1.0, 0.0, 1.0, 0.0, 5).studentised() == 0.0
    assert Measured(2.0, 0.0, 1.0, 0.0, 5).studentised() == math.inf
    assert Measured(0.0, 0.0, 1.0, 0.0, 5).studentised() == -math.inf
