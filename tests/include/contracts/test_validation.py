from __future__ import annotations

import pytest

from include.contracts.validation import CheckResult, Validation, health_of


def result(severity: str, passed: bool | None) -> CheckResult:
    return CheckResult("x.range", "range", "x", severity, passed, 0.5, "share", "from 0 to 1", "x: is outside")


@pytest.mark.parametrize(
    ("answers", "health"),
    [
        ([], "cannot_tell"),
        ([("block", True), ("warn", True)], "pass"),
        ([("block", True), ("warn", False)], "warn"),
        ([("block", True), ("warn", None)], "warn"),
        ([("block", None), ("warn", True)], "cannot_tell"),
        ([("block", None), ("block", False)], "block"),
        ([("block", False), ("warn", False)], "block"),
    ],
)
def test_health_is_the_worst_that_is_certain(answers, health):
    assert health_of([result(*one) for one in answers]) == health


@pytest.mark.parametrize(
    ("health", "blocked"), [("pass", False), ("warn", False), ("block", True), ("cannot_tell", True)]
)
def test_what_cannot_be_told_blocks(health, blocked):
    assert Validation("d", None, 1, health, ()).blocked is blocked


def test_sentence_shortens_long_lists():
    checks = tuple(result("block", False) for _ in range(7))
    found = Validation("rides", "2013-03-01", 1234, "block", checks)
    assert found.sentence == "rides 2013-03-01: 1,234 rows, block: " + "; ".join(["x: is outside"] * 5) + "; and 2 more"
