"""States are rebuilt from stored rows exactly."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from include.evidence.night import update
from include.evidence.rows import EVIDENCE_SCHEMA, number, reference_rows, states_from
from include.evidence.settings import Settings
from include.evidence.stream import NightValue, Stream, StreamState

DAYS = [str(np.datetime64("2024-01-01") + np.timedelta64(i, "D")) for i in range(60)]
STREAM = Stream("loss", "log_loss", "7", "performance", only_up=True)
SETTINGS = Settings("m", {STREAM.key: 1.0})
VALUES = np.random.default_rng(3).normal(size=60)


def rows_and_state() -> tuple[list[dict], StreamState]:
    rows = reference_rows(STREAM, DAYS[:35], [NightValue(v, v) for v in VALUES[:35]], 1.0, 0)
    states = states_from(rows)
    for night in range(35, 60):
        result = update(states, DAYS[night], {STREAM.key: NightValue(1.0, VALUES[night])}, SETTINGS, night)
        rows, states = rows + result.rows, result.states
    return rows, states[STREAM.key]


def test_state_is_rebuilt_from_rows():
    rows, state = rows_and_state()
    rebuilt = states_from(list(reversed(rows)))[STREAM.key]
    assert (rebuilt.stream, rebuilt.partitions, rebuilt.values) == (STREAM, state.partitions, state.values)
    assert (rebuilt.reference, rebuilt.bets) == (35, state.bets)
    assert (rebuilt.levels == state.levels).all()
    assert (rebuilt.residuals == state.residuals).all()


def test_rows_fit_their_table():
    rows, _ = rows_and_state()
    assert set(rows[0]) == {*EVIDENCE_SCHEMA.names, "_partition"}
    assert pa.Table.from_pylist(rows, EVIDENCE_SCHEMA).num_rows == 60


def test_reference_rows_only_fill_the_pool():
    rows = reference_rows(STREAM, DAYS[:3], [NightValue(v, v) for v in (1.0, math.nan, 3.0)], 1.0, 10)
    assert [row["pool_size"] for row in rows] == [1, 1, 2]
    assert [row["order"] for row in rows] == [10, 11, 12]
    assert {row["health"] for row in rows} == {"reference"}
    assert all(math.isnan(row["p_value"]) for row in rows)


def test_live_row_tells_its_forecast_and_bounds():
    rows, _ = rows_and_state()
    assert rows[-1]["health"] == "pass"
    assert 0.0 <= rows[-1]["coefficient"] <= rows[-1]["coefficient_upper"] < 1.0
    assert 0.0 < rows[-1]["log_bound"] < math.inf


def test_no_row_has_no_state():
    assert states_from([]) == {}


def test_null_is_read_as_not_a_number():
    assert math.isnan(number(None))
    assert number(2) == 2.0


def test_restart_needs_a_night_of_the_pool():
    state = StreamState.start(STREAM, DAYS[:3], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="2030-01-01 is not a night of the pool of loss of log_loss"):
        state.restarted("2030-01-01")
