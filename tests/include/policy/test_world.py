from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from include.evaluation.plan import Holdout
from include.policy.evidence import twin_of
from include.policy.example import straight_history
from include.policy.timeline import timeline
from include.policy.world import Setup, wanted_cells


@pytest.mark.parametrize("late", [0.0, 0.15])
def test_twins_of_all_that_may_serve_are_wanted(late: float) -> None:
    history = straight_history(12, rows=60)
    days = np.random.default_rng(2).choice([0, 3], len(history.label), p=[1 - late, late])
    time = timeline(replace(history, known=history.known + days * 86_400_000_000))
    wanted = {job.cell: job.wanted for job in wanted_cells(time, Setup(4, ("all", "last(3)"), kept=Holdout(2)))}
    full = [cell for cell in wanted if cell.kind == "full"]
    assert len(full) >= 14
    assert any(cell.known_at >= 0 for cell in full) == bool(late)
    for cell in full:
        assert wanted[twin_of(cell)] == wanted[cell] == tuple(range(cell.cut + 1, 12))
