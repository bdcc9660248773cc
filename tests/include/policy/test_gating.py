from __future__ import annotations

import zlib

import numpy as np
import pytest

from include.config.model import GateSettings
from include.evaluation.gate import judge
from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores, PairedNights
from include.evaluation.performance import judge_gain
from include.evaluation.terms import Terms
from include.policy.cells import Cell
from include.policy.example import straight_history
from include.policy.gating import finding, gate_of, judged
from include.policy.recipe import restored
from tests.include.policy.conftest import world_of


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


def test_replay_judges_a_month_as_the_night_does(tmp_path) -> None:
    world = world_of(straight_history(12, rows=90, turn=6, grain="month"), tmp_path)
    gate = gate_of(GateSettings(), "regression", "expected", 4, "month")
    history, seen = world.time.history, set()
    for night in range(6, 11):
        champion, candidate = Cell(3, "all", "full"), world.candidate(night, "last(3)", holdout=True)
        places = range(candidate.cut + 1, night + 1)
        verdict, count = judged(world, gate, candidate, champion, night, None)
        scored = [_scores(world, s, champion, candidate) for s in places]
        report = judge(scored, Terms.of(GateSettings(), "regression", grain="month"))
        assert (verdict, count) == (report.verdict, report.nights)
        assert report.part("performance").numbers["blocks"] >= 28
        seen.add(verdict)
    assert len(seen) > 1
    assert len(world.matrix.values(Cell(3, "all", "full"), 5)) == history.days_told(5) == 30


def _scores(world, partition, champion, candidate) -> NightScores:
    history = world.time.history
    rows = slice(int(history.offsets[partition]), int(history.offsets[partition + 1]))
    scores = [_scored(world, cell, history.features[rows]) for cell in (champion, candidate)]
    return NightScores(history.partitions[partition].key, history.label[rows], *scores, day=history.days[rows])


def _scored(world, cell, features) -> np.ndarray:
    with np.load(world.matrix.bench.path(cell)) as found:
        return restored(zlib.decompress(found["model"].tobytes()))(np.ascontiguousarray(features)).astype(float)
