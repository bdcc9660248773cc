"""The simulated lives are judged as nights are: the same evidence, the same bounds, alarms on the same nights."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import lives
from include.evidence.autocorrelation import persistence
from include.evidence.between import started
from include.evidence.bounds import log_bounds
from include.evidence.conformal import calendar_labels, tie_breaker
from include.evidence.night import update
from include.evidence.settings import Settings
from include.evidence.stream import NightValue, Stream, StreamState

STREAMS, LIVE = 6, 50
SHARES = (0.5, 0.2, 0.1, 0.1, 0.05, 0.05)


def days(count: int) -> list[str]:
    return [str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")) for i in range(count)]


def as_it_runs(values: np.ndarray, calm: int, calendar: bool, only_up: bool):
    streams = [Stream("study", str(i), only_up=only_up) for i in range(STREAMS)]
    settings = Settings("m", {s.key: w for s, w in zip(streams, SHARES, strict=True)}, calendar=calendar)
    keys = days(len(values))
    states = {
        one.key: StreamState.start(one, keys[:calm], column[:calm].tolist())
        for one, column in zip(streams, values.T, strict=True)
    }
    rows, alarms = [], {}
    for night in range(calm, len(values)):
        tonight = {s.key: NightValue(float(v), float(v)) for s, v in zip(streams, values[night], strict=True)}
        result = update(states, keys[night], tonight, settings, night)
        states = result.states
        rows.append(result.rows)
        alarms.update({alarm.subject: night - calm for alarm in result.alarms})
    return rows, alarms


def ties_of(keys: list[str], calm: int) -> tuple[np.ndarray, np.ndarray]:
    names = ["\x1e".join(("study", str(i), "")) for i in range(STREAMS)]
    return tuple(
        np.array([[tie_breaker("m", name + kind, key) for name in names] for key in keys[calm:]])
        for kind in ("", "\x1eresidual")
    )


@pytest.mark.parametrize("only_up", [False, True])
@pytest.mark.parametrize("calendar", [False, True])
@pytest.mark.parametrize("calm", [0, 14, 40])
def test_evidence_and_alarms_are_those_of_nights(calm, calendar, only_up):
    values = lives.ar1(0.4)(np.random.default_rng(calm), calm + LIVE, STREAMS)
    values[calm + LIVE // 2 :, :3] += 8.0
    keys = days(len(values))
    rows, alarms = as_it_runs(values, calm, calendar, only_up)
    changes = Stream("study", "0", only_up=only_up).changes
    labels = calendar_labels(keys, 365.25) if calendar else None
    found = lives.evidence(values, calm, ties_of(keys, calm), labels, changes)

    levels = np.array([[row["log_evidence"] for row in night] for night in rows])
    residuals = np.array([[row["log_evidence_residual"] for row in night] for night in rows])
    assert found.levels == pytest.approx(levels, rel=1e-9, abs=1e-9)
    assert found.residuals == pytest.approx(residuals, rel=1e-9, abs=1e-9)
    assert [row["coefficient"] for row in rows[-1]] == pytest.approx(found.coefficient)
    assert [row["coefficient_upper"] for row in rows[-1]] == pytest.approx(
        found.wandering(LIVE - 1, np.arange(STREAMS))
    )
    hit = lives.hits(found, 0.05 / 365.25 * np.array(SHARES))
    first = {str(i): int(hit[:, i].argmax()) for i in np.flatnonzero(hit.any(axis=0))}
    assert first == alarms
    assert first


def test_what_is_between_nights_is_that_of_a_stream_that_starts():
    rng = np.random.default_rng(3)
    spreads = np.full(80, 0.1)
    studentised = 3.0 * rng.normal(size=(80, 2))
    found = lives.among(studentised, spreads, 60)
    nights = {key: NightValue(v, v, 0.1) for key, v in zip(days(60), studentised[:60, 0].tolist(), strict=True)}
    state = started(Stream("study", "0"), nights, calendar_labels(days(60), 365.25))

    assert state.between > 0.2
    assert found[:60, 0].tolist() == pytest.approx(state.values)
    assert found[70, 0] == pytest.approx(NightValue(0.0, studentised[70, 0], 0.1).among(state.between).studentised)


@pytest.mark.parametrize("varying", [False, True])
def test_nights_of_the_reference_and_live_ones_have_one_law(varying):
    values = lives.profiles(400, 60, varying)(np.random.default_rng(5), 425, 300)
    inside, held_out, live = values[: 60 - lives.HELD_OUT], values[60 - lives.HELD_OUT : 60], values[60:]

    for part in (inside, held_out):
        assert part.mean() == pytest.approx(live.mean(), abs=0.05)
        assert part.std() == pytest.approx(live.std(), abs=0.05)
    assert live.mean() == pytest.approx(0.0, abs=0.1)  # expectations are known to 0.044 standard deviations


def test_silence_lasts_until_thirty_nights_are_known():
    found = lives.evidence(np.zeros((60, 1)), 14, np.random.default_rng(1))

    assert found.told == 16
    assert np.isneginf(found.residuals[:16]).all()
    assert np.isfinite(found.residuals[16:]).all()
    assert not lives.hits(found, 0.99, answered=False)[:16].any()
    assert math.isclose(found.levels.shape[0], 46)


def test_every_night_tells_more_of_how_far_sluggish_nights_wander():
    rng = np.random.default_rng(9)
    values = lives.ar1(0.8)(rng, 60 + 365, 8 * 30)
    found, rate = lives.evidence(values, 60, rng), 0.05 / 365.25 / 30
    frozen = found.levels >= log_bounds(rate / 2, persistence(values[:60]))
    alarms, as_frozen = (hit.any(axis=0).sum() for hit in (lives.hits(found, rate), frozen))

    assert alarms <= as_frozen / 2
    assert as_frozen >= 4


def test_skewed_nights_whose_forecast_is_chance_rarely_alarm():
    rng = np.random.default_rng(4)
    values = lives.lognormal(rng, 60 + 365, 60 * 30)
    found = lives.evidence(values, 60, rng, lives.weekdays(len(values)))

    assert lives.hits(found, 0.05 / 365.25 / 30).any(axis=0).reshape(60, 30).any(axis=1).sum() <= 2
