"""An alarm says what, since when, how sure, and stays until it is answered."""

from __future__ import annotations

import math
from dataclasses import replace

import pyarrow as pa
import pytest

from include.evidence.alarm import ALARM_SCHEMA, Alarm, AlarmError, Floor

ALARM = Alarm(
    "wasserstein", "dep_hour", "", "2013-03-20", "2013-03-11", "levels", 14.0, 13.0, 0.05, 2.5, None, "Look.", order=80
)


def test_sentence_says_what_since_and_how_sure():
    assert ALARM.sentence == (
        "wasserstein of dep_hour: since 2013-03-11; 2.5 standard deviations of its nights up. "
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


def test_alarms_are_equal_that_say_the_same():
    assert replace(ALARM, before=float("nan"), after=1.0) == replace(ALARM, before=-math.nan, after=1.0)
    assert hash(replace(ALARM, size=float("nan"))) == hash(replace(ALARM, size=float("nan")))
    assert replace(ALARM, before=1.0) != ALARM
    assert ALARM != "alarm"


def test_row_has_the_columns_of_the_table():
    assert set(ALARM.to_row()) == {*ALARM_SCHEMA.names, "_partition"}


def test_sentence_tells_the_values_before_and_since():
    told = replace(ALARM, signal="rows_per_hour", subject="rows", before=37.21, after=38.94)
    assert told.sentence.startswith("Rows per hour: 37.21 before 2013-03-11, 38.94 since; 2.5 standard deviations")


def test_cost_is_told_in_the_metric_and_in_money():
    told = replace(ALARM, expected_loss=0.0123, expected_loss_high=0.0301, expected_cost=41.2, currency="EUR")
    assert (told.cost, ALARM.cost) == ("loss a row +0.0123 (at most +0.0301), 41.2 EUR less earned a partition", "")


@pytest.mark.parametrize(
    ("size", "loss_high", "material"),
    [
        (0.05, None, False),
        (-0.5, None, True),
        (0.5, 0.001, False),  # it surely costs less than the floor
        (0.5, 0.2, True),
        (math.nan, None, True),  # losses have no size: their cost says how large they are
        (math.nan, 0.001, False),
    ],
)
def test_floor_keeps_small_changes_out(size, loss_high, material):
    assert Floor(size=0.1, expected_loss=0.01).reached(size, loss_high) is material


def test_evidence_is_not_logarithmic():
    assert ALARM.evidence == pytest.approx(1202604.28)
