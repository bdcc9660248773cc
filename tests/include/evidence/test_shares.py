"""The yearly rate is shared: half to performance and joint streams, half to features."""

from __future__ import annotations

import pytest

from include.evidence.shares import shares
from include.evidence.stream import Stream

LOSS = Stream("loss", "log_loss", "3", "performance", only_up=True)
JOINT = Stream("domain_auc", "all", "", "joint")
A, B = Stream("wasserstein", "a"), Stream("wasserstein", "b")
A_NULLS = Stream("null_share", "a")


def test_shares_sum_to_one():
    assert sum(shares([LOSS, JOINT, A, A_NULLS, B]).values()) == pytest.approx(1.0)


def test_performance_and_joint_get_half():
    found = shares([LOSS, JOINT, A, B])
    assert (found[LOSS.key], found[JOINT.key]) == (0.25, 0.25)


def test_signals_of_one_feature_divide_its_share():
    found = shares([A, A_NULLS, B])
    assert (found[A.key], found[A_NULLS.key], found[B.key]) == (0.25, 0.25, 0.5)


def test_attribution_is_mixed_with_an_equal_share():
    found = shares([A, B], {"a": 9.0, "b": 1.0})
    assert found[A.key] == pytest.approx(0.5 * 0.5 + 0.5 * 0.9)


def test_useless_feature_keeps_half_an_equal_share():
    assert shares([A, B], {"a": 1.0})[B.key] == 0.25


def test_only_performance_gets_everything():
    assert shares([LOSS]) == {LOSS.key: 1.0}


def test_nothing_watched_has_no_share():
    assert shares([]) == {}
