"""What a default gate takes by the length of the partitions, and that it does not err more often for that."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from include.config.model import GateSettings
from include.evaluation.looks import log_bar
from include.evaluation.plan import Holdout, averaged, holdout_of, wait_of
from include.evaluation.sequence import log_evidence, running_sums
from include.evaluation.terms import Terms
from include.policy.gating import gate_of

ALPHA = 0.05
LIVES, LONG_LIVES = 4000, 1000
FEW = [(3, 4), (3, 4, 5, 6, 7, 8, 9), (6, 7, 8, 9, 10, 11, 12), (12,)]
LONG = [(14, 21, 28), (30, 60)]


@pytest.mark.parametrize(
    ("grain", "days", "held", "wait"),
    [
        ("hour", 1, 72, 72),
        ("day", 1, 14, 14),
        ("week", 7, 2, 2),
        ("month", 30, 1, 1),
        ("quarter", 90, 1, 1),
        ("year", 365, 1, 1),
        ("week", 1, 3, 6),
        ("month", 1, 3, 6),
        ("year", 2, 3, 6),
    ],
)
def test_unset_plan_follows_the_grain(grain, days, held, wait):
    settings = GateSettings()
    assert (holdout_of(settings, grain, days).of(10_000), wait_of(settings, grain, days)) == (held, wait)
    assert Terms.of(settings, "binary", grain=grain, days=days).max_wait == wait


def test_what_the_yaml_says_holds_for_every_grain():
    settings = GateSettings(holdout=timedelta(days=61), max_wait=5)
    assert holdout_of(settings, "month", 1) == Holdout(2)
    assert (holdout_of(settings, "day", 1).of(1000), wait_of(settings, "year", 1)) == (61, 5)


@pytest.mark.parametrize(
    ("holdout", "grain", "hours"),
    [(None, "hour", 12), (5, "hour", 12), (6, "hour", 24), (14, "hour", 24), (None, "day", 1), (14, "month", 1)],
)
def test_hours_are_averaged_to_half_a_day_unless_the_holdout_has_six(holdout, grain, hours):
    settings = GateSettings(holdout=None if holdout is None else timedelta(days=holdout))
    assert averaged(settings, grain) == hours
    assert Terms.of(settings, "binary", grain=grain).block == hours
    assert gate_of(settings, "binary", "expected", 24, grain).terms.block == hours


def test_usual_plan_of_hours_has_six_values_at_its_first_look_and_twelve_at_its_last():
    settings = GateSettings()
    held, wait, hours = (
        holdout_of(settings, "hour", 1).partitions,
        wait_of(settings, "hour", 1),
        averaged(settings, "hour"),
    )
    assert (held // hours, (held + wait) // hours) == (FEW[2][0], FEW[2][-1])
    assert Terms.of(settings, "binary", grain="hour").log_bar(held) == pytest.approx(log_bar(ALPHA, 6, 6))


@pytest.mark.parametrize(("labelled", "kept"), [(2, 1), (4, 2), (5, 2), (6, 3), (100, 3)])
def test_whole_partitions_keep_three_and_as_many_to_learn_from(labelled, kept):
    assert holdout_of(GateSettings(), "month", 1).of(labelled) == kept


def series(values, phi, seed):
    """Return AR(1) noise of standard deviation 1, shape (lives, values)."""
    lives = LIVES if values <= 12 else LONG_LIVES
    shocks = np.random.default_rng([seed, values, int(10 * phi)]).standard_normal((lives, values))
    for at in range(1, values):
        shocks[:, at] = phi * shocks[:, at - 1] + np.sqrt(1 - phi**2) * shocks[:, at]
    return shocks


def expects(gains, margin):
    now = running_sums(gains).belief()
    return (now.mean > 0) & (now.chance_below(-margin) <= ALPHA)


def promoted(crossed, looks):
    return float(crossed[:, [look - 1 for look in looks]].any(axis=1).mean())


@pytest.mark.parametrize("phi", [0.0, 0.3])
@pytest.mark.parametrize("looks", FEW + LONG)
def test_equal_candidate_is_seldom_proven_on_few_values(looks, phi):
    noise, needed = series(looks[-1], phi, 1), log_bar(ALPHA, looks[0], looks[-1] - looks[0])
    assert promoted(log_evidence(running_sums(noise)) >= needed, looks) <= ALPHA
    assert promoted(log_evidence(running_sums(noise + 3)) >= needed, looks) > 0.1


@pytest.mark.parametrize("phi", [0.0, 0.3])
@pytest.mark.parametrize("looks", FEW)
def test_equal_candidate_is_seldom_expected_to_gain_on_few_values(looks, phi):
    """Where the margin is small beside the spread of the values, as 1 % of a loss is; harmless equals may pass a wide one."""
    noise = series(looks[-1], phi, 2)
    assert promoted(expects(noise, 0.05), looks) <= ALPHA
    assert promoted(expects(noise - 0.1, 0.1), looks) <= ALPHA


@pytest.mark.parametrize("phi", [0.0, 0.3])
@pytest.mark.parametrize("looks", LONG)
def test_few_of_those_expected_to_gain_lose_more_than_the_margin(looks, phi):
    effect = 0.5 * np.random.default_rng(3).standard_normal((LONG_LIVES, 1))
    crossed = expects(series(looks[-1], phi, 3) + effect, 0.1)[:, [look - 1 for look in looks]].any(axis=1)
    assert (effect[crossed] < -0.1).mean() <= ALPHA
    assert crossed.mean() > 0.2
