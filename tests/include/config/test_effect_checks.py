from __future__ import annotations

import pytest

from include.config.load import load_catalog


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("promotion: {canary_nights: 3}", "promotion.canary_nights has no effect without canary_share. Remove it."),
        ("promotion: {approval_timeout: 2h}", "promotion.approval_timeout has no effect without approval: true. Remove it."),
        ("window: auto\npolicy: every(7)", "window is 'auto', but only the policy auto chooses windows. Expected expanding"),
        ("policy: {rule: every(7), windows: [28d]}", "policy.windows has no effect for the rule every(7): it is for auto."),
        ("policy: {rule: every(7), horizon: 3}", "policy.horizon has no effect for the rule every(7): it is for auto."),
    ],
)  # fmt: skip
def test_keys_that_would_change_nothing_are_refused(folder, more, expected):
    folder.dataset()
    folder.model(more=more)

    (text,) = load_catalog(folder.root).broken["model/fares"].errors
    assert text.split(": ", 1)[1].startswith(expected)


@pytest.mark.parametrize(
    "more",
    [
        "promotion: {canary_share: 0.1, canary_nights: 3, approval: true, approval_timeout: 2h}",
        "window: auto\npolicy: any_of(auto, every(30))",
        "policy: {rule: auto, windows: [28d], horizon: 3}",
        "gate: {behaviour: [{kind: invariance, column: city}]}",
    ],
)
def test_keys_that_have_their_effect_are_taken(folder, more):
    folder.dataset()
    folder.model(more=more)

    assert not load_catalog(folder.root).broken
