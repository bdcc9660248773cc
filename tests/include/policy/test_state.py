from __future__ import annotations

import json

import pytest

from include.errors import PolicyError
from include.policy.state import Alarm, Loss, Pair, Probe, State

FULL = State(
    "flight_delay",
    "2013-03-08",
    champion="3",
    since_cut=7,
    since_training=2,
    history=66,
    new_labels=6000,
    gate_loss=0.41,
    gate_standard_error=0.002,
    losses=(Loss("2013-03-06", 2, 0.42, 0.01, 900), Loss("2013-03-07", 1, 0.43, 0.01, 880)),
    alarms=(Alarm("temp", "2013-03-02"),),
    signals={"psi": 0.1},
    health="warn",
    defects=("dest is constant",),
    pending="c1",
    cpu_minutes_week=1.5,
    training_cpu_minutes=0.5,
    forced="new fleet",
    served=9,
    trainings=(7, 2),
    probes=(Probe("last(12)", (Pair("2013-03-07", 1, 0.42, 0.01, 0.002, 0.02, 0.004),), 0.7),),
)


def test_state_survives_json() -> None:
    assert State.from_json(json.loads(json.dumps(FULL.as_json()))) == FULL


def test_newer_state_is_refused() -> None:
    with pytest.raises(PolicyError, match="schema 3"):
        State.from_json({**FULL.as_json(), "schema": 3})


def test_unknown_field_is_refused() -> None:
    with pytest.raises(PolicyError, match="unknown fields tomorrow"):
        State.from_json({**FULL.as_json(), "tomorrow": 1.0})


def test_clock_prefers_last_training() -> None:
    assert FULL.clock == 2
    assert State("m", "p", since_cut=7).clock == 7
    assert State("m", "p").clock is None
