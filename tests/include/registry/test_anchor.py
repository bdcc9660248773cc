"""Losses are counted from a champion that was proven, not from the one before."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from include.evaluation.gate import judge
from include.evaluation.metrics import metric
from include.evaluation.nights import NightScores
from include.evaluation.terms import Terms
from include.registry.anchor import anchor
from include.registry.ledger import Record


def ledger(*lines):
    """Return records: a promotion with the low ends of its gate's parts, or a roll back."""
    found = []
    for candidate, champion, low, against_anchor in lines:
        if champion is not None:
            parts = [
                {"name": "performance", "numbers": {"low": low}},
                {"name": "anchor", "numbers": {} if against_anchor is None else {"low": against_anchor}},
            ]
            body = {"candidate": candidate, "champion": champion, "verdict": "pass", "report": {"parts": parts}}
            found.append(("gate", body))
        action = "roll_back" if champion is None else "promote"
        found.append(("promotion", {"candidate": candidate, "action": action}))
    at = datetime(2024, 1, 1, tzinfo=UTC).isoformat()
    return [record(number, kind, body, at) for number, (kind, body) in enumerate(found)]


def record(number, kind, body, at):
    return Record(
        number=number, kind=kind, key=str(number), at=at, actor="a", environment="e", code_version="1", body=body,
        previous="", digest="", commit="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([("a", "", 0.1, None)], "a"),
        ([("a", "", 0.1, None), ("b", "a", -0.01, -0.01)], "a"),
        ([("a", "", 0.1, None), ("b", "a", 0.02, 0.02)], "b"),
        # better than a champion that was only tolerated proves nothing against the anchor
        ([("a", "", 0.1, None), ("b", "a", -0.01, -0.01), ("c", "b", 0.005, -0.004)], "a"),
        ([("a", "", 0.1, None), ("b", "a", -0.01, -0.01), ("c", "b", 0.05, 0.04)], "c"),
        ([("a", "", 0.1, None), ("b", "a", -0.01, None), ("c", "b", 0.05, None)], "a"),
        ([("a", "", 0.1, None), ("b", "a", 0.02, 0.02), ("a", None, None, None)], "a"),
        ([("a", "", 0.1, None), ("b", "a", None, None)], "a"),
    ],
    ids=[
        "none",
        "first",
        "tolerated",
        "proven",
        "against tolerated",
        "against anchor",
        "unmeasured",
        "back",
        "infinite",
    ],
)
def test_anchor_moves_only_by_proof(lines, expected):
    assert anchor(ledger(*lines)) == expected


def lived(with_anchor, margin=0.02, nights=14, rounds=20):
    """Return the true loss above the first champion's after candidates that are each worse by half a margin."""
    random = np.random.default_rng(0)
    losses, lines, champion = {"0": 0.0}, [("0", "", 1.0, None)], "0"
    terms = Terms(mode="non_inferior", metric=metric("mse"), margin=margin)
    for number in range(1, rounds + 1):
        candidate = str(number)
        losses[candidate] = losses[champion] + margin / 2
        held = anchor(ledger(*lines)) if with_anchor else None
        scored = []
        for night in range(nights):
            shared = 1 + 0.1 * random.standard_normal()  # the night's own difficulty
            error = {name: np.sqrt(shared + losses[name] + 0.002 * random.standard_normal()) for name in losses}
            rows = {name: np.full(5, value) for name, value in error.items()}
            anchors = rows[held] if held else None
            scored.append(NightScores(str(night), np.zeros(5), rows[champion], rows[candidate], anchor=anchors))
        report = judge(scored, terms)
        if report.verdict == "pass":
            low = dict(report.part("anchor").numbers).get("low") if with_anchor else None
            lines.append((candidate, champion, report.low, low))
            champion = candidate
    return losses[champion] / margin


def test_twenty_small_losses_do_not_add_up():
    assert lived(with_anchor=False) == pytest.approx(10)  # what the anchor is for
    assert lived(with_anchor=True) <= 1
