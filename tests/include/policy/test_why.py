from __future__ import annotations

from dataclasses import replace

import pytest

from include.errors import PolicyError
from include.policy.decide import decide, record
from include.policy.parse import Limits, Tried, parse
from include.policy.state import Alarm, Loss, Pair, Probe, State
from include.policy.why import why

STATE = State(
    "flight_delay",
    "2013-03-08",
    champion="3",
    since_training=7,
    history=66,
    new_labels=6000,
    served=9,
    gate_loss=0.41,
    losses=(Loss("2013-03-07", 1, 0.43, 0.01, 880),),
    alarms=(Alarm("temp", "2013-03-02"),),
    probes=(
        Probe(
            "all",
            tuple(Pair(f"2013-03-0{i}", 8 - i, 0.42, 0.0, 0.0, 0.02, 0.001) for i in (5, 6, 7)),
            0.7,
            0.001,
        ),
    ),
)


def _body(rule: str, **changed: object) -> dict:
    policy = parse(rule, Limits(), Tried(("all",)))
    state = replace(STATE, **changed)
    return record(policy, state, decide(policy, state), ["never", "every(30)"])


def test_lines_tell_the_whole_decision() -> None:
    assert why(_body("auto")) == [
        "flight_delay, night 2013-03-08: retrain",
        "  because on all history; a fresh candidate lowers the champion's loss by 4.8% over 3 stretches: "
        "14.3% of a stretch's loss, where a training is worth 1.9%",
        "  policy auto",
        "  champion 3, 66 labelled partitions, 6,000 new labels",
        "  7 partitions since the last training",
        "  loss 0.43 on 2013-03-07, 0.41 at its gate",
        "  alarms: temp since 2013-03-02",
        "  candidate on all: gain +0.02 on 2013-03-07 (0.7 CPU s)",
        "  trains on all",
        "  never would say hold: the policy is never to retrain",
        "  every(30) would say hold: 7 of 30 partitions have passed since the last training",
    ]


def test_one_is_counted_as_one() -> None:
    told = why(_body("never", history=1, new_labels=1, since_training=1))
    assert "  champion 3, 1 labelled partition, 1 new label" in told
    assert "  1 partition since the last training" in told


def test_forced_decision_names_who_spoke() -> None:
    assert "  policy never, spoken by manual" in why(_body("never", forced="new fleet"))


def test_record_of_nothing_is_refused() -> None:
    with pytest.raises(PolicyError, match="has no decision"):
        why({"state": STATE.as_json()})
