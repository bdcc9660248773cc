"""An alarm says what, since when, how sure, and stays until it is answered."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.evidence.alarm import ALARM_SCHEMA, Alarm, AlarmError, Floor

ALARM = Alarm(
    "wasserstein", "dep_hour", "", "2013-03-20", "2013-03-11", "levels", 14.0, 13.0, 0.05, 2.5, None, "Look.", order=80
)


def test_sentence_says_what_since_and_how_sure():
    assert ALARM.sentence == (
        "wasserstein of dep_hour has changed since 2013-03-11 (up by 2.5 standard deviations of its nights). "
        "Chance of any such false alarm in a year: 5.00%."
    )


def test_open_alarm_is_latched():
    assert ALARM.latched


@pytest.mark.parametrize("status", ["acknowledged", "answered"])
def test_closed_alarm_is_not_latched(status):
    closed = getattr(ALARM, status)()
    assert (closed.status, closed.latched) == (status, False)


def test_alarm_is_acknowledged_once():
    with pytest.raises(AlarmError, match=r"is acknowledged\. Expected an open alarm"):
        ALARM.acknowledged().acknowledged()


def test_alarm_survives_its_table():
    row = ALARM.to_row()
    table = pa.Table.from_pylist([row], ALARM_SCHEMA.append(pa.field("_partition", pa.string())))
    assert Alarm.from_row(table.to_pylist()[0]) == ALARM


def test_row_has_the_columns_of_the_table():
    assert set(ALARM.to_row()) == {*ALARM_SCHEMA.names, "_partition"}


@pytest.mark.parametrize(
    ("effect", "loss", "material"),
    [(0.05, None, False), (-0.5, None, True), (0.5, 0.001, False), (0.5, 0.2, True), (0.5, float("nan"), True)],
)
def test_floor_keeps_small_changes_out(effect, loss, material):
    assert Floor(effect=0.1, expected_loss=0.01).reached(effect, loss) is material


def test_evidence_is_not_logarithmic():
    assert ALARM.evidence == pytest.approx(1202604.28)
