from __future__ import annotations

import numpy as np
import pytest

from include.evaluation.metrics import metric
from include.evaluation.nights import PairedNights
from include.evaluation.performance import judge_gain
from include.evaluation.terms import Terms
from include.policy.gating import finding


@pytest.mark.parametrize("mode", ["superior", "non_inferior", "expected"])
def test_replay_finds_what_the_gate_finds(mode: str) -> None:
    draw = np.random.default_rng(5)
    seen = set()
    for shift in (-0.2, -0.02, 0.0, 0.02, 0.2):
        for nights in (2, 3, 8, 20):
            champion = 1 + 0.05 * draw.normal(size=nights)
            candidate = champion - shift + 0.05 * draw.normal(size=nights)
            terms = Terms(mode=mode, metric=metric("log_loss"))
            gains = champion - candidate
            keys = tuple(f"{i:02d}" for i in range(nights))
            paired = PairedNights(keys, gains, champion, candidate, np.full(nights, 9), ())
            told = judge_gain(paired, terms, min(nights, 5)).part.finding
            expected = "wait" if told == "cannot_tell" else told
            assert finding(champion, candidate, terms, min(nights, 5)) == expected
            seen.add(expected)
    assert seen == {"pass", "fail", "wait"}


def test_identical_candidate_fails_superior() -> None:
    losses = np.full(5, 0.5)
    assert finding(losses, losses, Terms(mode="superior"), 5) == "fail"
    assert finding(losses, losses, Terms(mode="non_inferior"), 5) == "pass"
