"""A night draws each p-value once, raises alarms, latches them, and restarts what was answered."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from include.evidence.alarm import Alarm
from include.evidence.night import EvidenceError, NightResult, update
from include.evidence.replay import alarms_of, replay, same
from include.evidence.rows import EVIDENCE_SCHEMA, reference_rows, states_from
from include.evidence.settings import Settings
from include.evidence.shares import shares
from include.evidence.stream import NightValue, Stream, StreamState

DAYS = [str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")) for i in range(200)]
A, B = Stream("wasserstein", "a"), Stream("wasserstein", "b")
SETTINGS = Settings("m", shares([A, B]))


def night_value(value: float) -> NightValue:
    return NightValue(value, value)


def lived(
    values: dict[Stream, np.ndarray], reference: int, until: int, settings: Settings = SETTINGS
) -> tuple[list[dict], list[Alarm], list[Alarm]]:
    """Return evidence rows, alarms and notices of a life in which every tenth night starts from the stored rows."""
    rows = [
        row
        for stream, one in values.items()
        for row in reference_rows(stream, DAYS[:reference], map(night_value, one[:reference]), 0.5, 0)
    ]
    states = {stream.key: StreamState.start(stream) for stream in values} | states_from(rows)
    alarms: list[Alarm] = []
    notices: list[Alarm] = []
    for night in range(reference, until):
        tonight = {stream.key: night_value(one[night]) for stream, one in values.items()}
        result = update(states, DAYS[night], tonight, settings, night)
        rows, alarms, notices = rows + result.rows, alarms + result.alarms, notices + result.notices
        states = result.states if night % 10 else states_from(rows, alarms)
    return rows, alarms, notices


def calm(seed: int, nights: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=nights)


def stepped(seed: int, at: int, size: float) -> np.ndarray:
    values = calm(seed)
    values[at:] += size
    return values


def test_calm_nights_raise_no_alarm():
    rows, alarms, notices = lived({A: calm(1), B: calm(2)}, 60, 200)
    assert (len(rows), alarms, notices) == (400, [], [])


def test_change_raises_one_alarm_that_names_it():
    _, alarms, _ = lived({A: stepped(1, 100, 5.0), B: calm(2)}, 60, 130)
    assert [(one.subject, one.since) for one in alarms] == [("a", DAYS[100])]
    assert 100 <= DAYS.index(alarms[0].partition) <= 108
    assert alarms[0].effect == pytest.approx(5.0, abs=2.0)


def test_p_values_stay_when_nights_are_added():
    first, _, _ = lived({A: calm(1), B: calm(2)}, 60, 90)
    later, _, _ = lived({A: calm(1), B: calm(2)}, 60, 120)
    assert all(same(one, other) for one, other in zip(first, later, strict=False))


def test_partition_seen_before_draws_no_second_p_value():
    state = StreamState.start(A, DAYS[:60], calm(1)[:60])
    settings = Settings("m", {A.key: 1.0})
    once = update({A.key: state}, DAYS[60], {A.key: night_value(0.3)}, settings, 60)
    again = update(once.states, DAYS[60], {A.key: night_value(9.0)}, settings, 61)
    assert again == NightResult([], [], [], once.states)


def test_update_is_pure():
    state = StreamState.start(A, DAYS[:60], calm(1)[:60])
    settings = Settings("m", {A.key: 1.0})
    one = update({A.key: state}, DAYS[60], {A.key: night_value(0.3)}, settings, 60)
    other = update({A.key: state}, DAYS[60], {A.key: night_value(0.3)}, settings, 60)
    assert same(one.rows[0], other.rows[0])
    assert len(state.values) == 60


def test_fewer_than_thirty_nights_cannot_tell():
    values = np.concatenate([calm(1)[:10], np.full(190, 50.0) + calm(2)[:190]])
    rows, alarms, _ = lived({A: values, B: calm(3)}, 10, 29)
    live = [row for row in rows if row["subject"] == "a" and row["health"] != "reference"]
    assert {row["health"] for row in live} == {"cannot_tell"}
    assert all(0.0 < row["p_value"] <= 1.0 for row in live)
    assert alarms == []


def test_night_without_value_cannot_tell_and_changes_nothing():
    values = calm(1)
    values[70] = math.nan
    rows, _, _ = lived({A: values, B: calm(2)}, 60, 80)
    gap = next(row for row in rows if row["subject"] == "a" and row["_partition"] == DAYS[70])
    before = next(row for row in rows if row["subject"] == "a" and row["_partition"] == DAYS[69])
    assert gap["health"] == "cannot_tell"
    assert math.isnan(gap["p_value"])
    assert (gap["log_evidence"], gap["pool_size"]) == (before["log_evidence"], before["pool_size"])


def test_alarm_latches_until_acknowledged():
    rows, alarms, _ = lived({A: stepped(1, 100, 5.0), B: calm(2)}, 60, 140)
    assert len(alarms) == 1
    open_state = states_from(rows, alarms)[A.key]
    assert open_state.alarm == alarms[0]
    assert open_state.pool_start == DAYS[0]
    answered = states_from(rows, [alarms[0].acknowledged()])[A.key]
    assert answered.alarm is None
    assert (answered.pool_start, answered.reference) == (DAYS[100], 40)
    assert answered.bets == ()


def test_restarted_stream_finds_the_next_change():
    values = stepped(1, 100, 5.0)
    values[170:] -= 5.0
    rows, alarms, _ = lived({A: values, B: calm(2)}, 60, 140)
    alarms = [alarms[0].acknowledged()]
    states = states_from(rows, alarms)
    for night in range(140, 190):
        tonight = {A.key: night_value(values[night]), B.key: night_value(calm(2)[night])}
        result = update(states, DAYS[night], tonight, SETTINGS, night)
        rows, alarms, states = rows + result.rows, alarms + result.alarms, result.states
    assert [(one.subject, one.since) for one in alarms] == [("a", DAYS[100]), ("a", DAYS[170])]
    assert alarms[1].effect < -3
    again = replay(rows, SETTINGS)
    assert [(one.partition, one.since) for one in again.alarms] == [(one.partition, one.since) for one in alarms]
    assert sum(same(one, other) for one, other in zip(_ordered(rows), _ordered(again.rows), strict=True)) == len(rows)


def test_pool_restarted_within_the_month_cannot_tell():
    rows, alarms, _ = lived({A: stepped(1, 100, 5.0), B: calm(2)}, 60, 115)
    state = states_from(rows, [alarms[0].answered()])[A.key]
    result = update({A.key: state}, DAYS[115], {A.key: night_value(40.0)}, Settings("m", {A.key: 1.0}), 115)
    assert result.rows[0]["health"] == "cannot_tell"
    assert result.alarms == []


def test_gross_night_raises_a_notice_the_same_night():
    values = calm(1)
    values[120] = 25.0
    _, alarms, notices = lived({A: values, B: calm(2)}, 60, 125)
    assert alarms == []
    assert [(one.kind, one.subject, one.partition) for one in notices] == [("notice", "a", DAYS[120])]
    assert notices[0].sentence.endswith(
        f"25 on {DAYS[120]}; 32.0 standard deviations of its nights up, far beyond all its nights so far."
    )


def test_first_value_off_a_constant_is_a_notice():
    values = np.zeros(200)
    values[90] = 0.5
    assert [one.partition for one in lived({A: values, B: calm(2)}, 60, 95)[2]] == [DAYS[90]]


def test_loss_that_falls_is_no_notice():
    loss = Stream("loss", "log_loss", "3", "performance", only_up=True)
    values = calm(1)
    values[120] = -25.0
    _, alarms, notices = lived({loss: values}, 60, 160, Settings("m", {loss.key: 1.0}))
    assert (alarms, notices) == ([], [])


def test_loss_that_rises_is_an_alarm():
    loss = Stream("loss", "log_loss", "3", "performance", only_up=True)
    _, alarms, _ = lived({loss: stepped(1, 120, 4.0)}, 60, 160, Settings("m", {loss.key: 1.0}))
    assert [one.since for one in alarms] == [DAYS[120]]


def test_infinite_studentised_value_is_ranked():
    values = np.zeros(200)
    values[110:] = math.inf
    _, alarms, _ = lived({A: values, B: calm(2)}, 60, 140)
    assert [one.subject for one in alarms] == ["a"]


def test_constant_stream_never_alarms():
    assert lived({A: np.zeros(200), B: np.ones(200)}, 60, 200)[1:] == ([], [])


def test_change_that_is_small_in_its_unit_is_not_material():
    missing = Stream("null_share", "a")
    values = stepped(1, 100, 5.0)
    settings = Settings("m", {missing.key: 1.0})
    state = StreamState.start(missing, DAYS[:60], values[:60], [0.001] * 60)
    alarms: list[Alarm] = []
    for night, share in [(n, 0.001 if n < 100 else 0.002) for n in range(60, 130)]:
        result = update(
            {missing.key: state}, DAYS[night], {missing.key: NightValue(share, values[night])}, settings, night
        )
        state, alarms = result.states[missing.key], alarms + result.alarms
    assert [(one.before, one.after, one.material) for one in alarms] == [(0.001, 0.002, False)]


def test_night_beyond_twice_the_largest_of_few_is_no_notice():
    values = calm(1)
    state = StreamState.start(A, DAYS[:15], values[:15])
    result = update({A.key: state}, DAYS[15], {A.key: night_value(60.0)}, Settings("m", {A.key: 1.0}), 15)
    assert result.notices == []


def test_replay_reproduces_rows_and_alarms_from_the_table():
    rows, alarms, notices = lived({A: stepped(1, 100, 5.0), B: calm(2)}, 60, 140)
    schema = EVIDENCE_SCHEMA.append(pa.field("_partition", pa.string()))
    stored = pa.Table.from_pylist(rows, schema).to_pylist()
    again = replay(stored, SETTINGS)
    assert sum(same(one, other) for one, other in zip(_ordered(rows), _ordered(again.rows), strict=True)) == 280
    assert (again.alarms, again.notices) == (alarms, notices)


def test_replay_needs_the_whole_pool():
    rows, _, _ = lived({A: calm(1), B: calm(2)}, 60, 70)
    with pytest.raises(EvidenceError, match=f"a pool that starts at {DAYS[0]}, which no row holds"):
        replay(rows[60:], SETTINGS)


def test_value_of_no_stream_is_refused():
    with pytest.raises(EvidenceError, match="a value of ks of c, which is no stream with a share"):
        update({}, DAYS[0], {("ks", "c", ""): night_value(1.0)}, SETTINGS, 0)


def test_study_agrees_with_the_nights():
    values = {A: stepped(1, 100, 5.0), B: calm(2)}
    study = alarms_of({"a": values[A], "b": values[B]}, DAYS, reference_nights=60, partitions_per_year=365.25)
    assert [(one.subject, one.since) for one in study] == [("a", DAYS[100])]


def test_shift_after_fourteen_nights_is_found():
    values = np.random.default_rng(6).normal(size=(80, 6))
    values[14:] += 6.0
    found = alarms_of({str(i): values[:, i] for i in range(6)}, DAYS[:80], reference_nights=14)
    assert len(found) == 6
    assert all(DAYS[10] <= alarm.since <= DAYS[18] for alarm in found)
    assert min(alarm.partition for alarm in found) >= DAYS[30]


def test_study_refuses_a_short_subject():
    with pytest.raises(EvidenceError, match=r"subject a: 3 values\. Expected 4, one a partition"):
        alarms_of({"a": [1.0, 2.0, 3.0]}, DAYS[:4], reference_nights=2)


def test_weekly_grain_has_no_weekday():
    weeks = [str(np.datetime64("2020-01-06") + np.timedelta64(7 * i, "D")) for i in range(120)]
    found = alarms_of({"a": stepped(1, 80, 8.0)[:120]}, weeks, reference_nights=60, partitions_per_year=52.2)
    assert [one.since for one in found] == [weeks[80]]


def _ordered(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: (row["order"], row["signal"], row["subject"]))
