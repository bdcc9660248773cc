"""The evidence table: one row for each stream and night, appended and never changed; states are rebuilt from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from include.evidence.alarm import Alarm
from include.evidence.autocorrelation import Forecast
from include.evidence.detector import advance, log_evidence
from include.evidence.stream import NightValue, Stream, StreamState, bounded

Key = tuple[str, str, str]

# Columns of `models/<m>/evidence`; the table layer adds `_partition`.
EVIDENCE_SCHEMA = pa.schema(
    [
        pa.field("order", pa.int64()),
        pa.field("signal", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("role", pa.string()),
        pa.field("only_up", pa.bool_()),
        pa.field("value", pa.float64()),
        pa.field("studentised", pa.float64()),
        pa.field("between", pa.float64()),
        pa.field("p_value", pa.float64()),
        pa.field("p_value_residual", pa.float64()),
        pa.field("log_evidence", pa.float64()),
        pa.field("log_evidence_residual", pa.float64()),
        pa.field("log_bound", pa.float64()),
        pa.field("log_bound_residual", pa.float64()),
        pa.field("share", pa.float64()),
        pa.field("false_alarms_per_year", pa.float64()),
        pa.field("calendar", pa.bool_()),
        pa.field("pool_start", pa.string()),
        pa.field("pool_size", pa.int64()),
        pa.field("reference_nights", pa.int64()),
        pa.field("coefficient", pa.float64()),
        pa.field("coefficient_upper", pa.float64()),
        pa.field("health", pa.string()),
    ]
)


def evidence_row(
    state: StreamState,
    partition: str,
    tonight: NightValue,
    share: float,
    order: int,
    *,
    bounds: tuple[float, float] = (math.inf, math.inf),
    forecast: Forecast | None = None,
    wandering: float = math.nan,
    terms: tuple[float, bool] = (math.nan, False),
) -> dict[str, Any]:
    """Return the row of one stream and night, of `EVIDENCE_SCHEMA` and ``_partition``.

    Notes
    -----
    ``terms`` are the yearly rate over all streams and whether the calendar was removed, so that a replay needs no
    configuration of that night. ``health`` is ``reference`` for nights that only fill the pool, ``cannot_tell`` where tonight has no value or the
    pool has too few nights, ``fail`` at or beyond the bound, else ``pass``. Numbers that do not exist are NaN.
    """
    told = not math.isnan(tonight.studentised)
    level, residual = state.bets[-1] if told and state.bets else (math.nan, math.nan)
    logs = [float(log_evidence(held)[0]) for held in (state.levels, state.residuals)]
    reached = any(log >= bound for log, bound in zip(logs, bounds, strict=True))
    health = "cannot_tell" if not told or forecast is None else "fail" if reached else "pass"
    return {
        "order": order,
        "_partition": partition,
        "signal": state.stream.signal,
        "subject": state.stream.subject,
        "model_version": state.stream.model_version,
        "role": state.stream.role,
        "only_up": state.stream.only_up,
        "value": tonight.value,
        "studentised": tonight.studentised,
        "between": state.between,
        "p_value": level,
        "p_value_residual": residual,
        "log_evidence": logs[0],
        "log_evidence_residual": logs[1],
        "log_bound": bounds[0],
        "log_bound_residual": bounds[1],
        "share": share,
        "false_alarms_per_year": terms[0],
        "calendar": terms[1],
        "pool_start": state.pool_start,
        "pool_size": len(state.values),
        "reference_nights": state.reference,
        "coefficient": forecast.coefficient if forecast else math.nan,
        "coefficient_upper": wandering,
        "health": health,
    }


def reference_rows(
    stream: Stream,
    partitions: Iterable[str],
    values: Iterable[NightValue],
    share: float,
    order: int,
    between: float = 0.0,
) -> list[dict[str, Any]]:
    """Return the rows of nights that only fill a new stream's pool, in their order, numbered from ``order``."""
    state = StreamState.start(stream, between=between)
    rows = []
    for index, (partition, found) in enumerate(zip(partitions, values, strict=True)):
        value = found.among(between)
        state = StreamState.start(
            stream,
            (*state.partitions, partition),
            (*state.values, value.studentised),
            (*state.raw, value.value),
            between,
        )
        row = evidence_row(state, partition, value, share, order + index)
        rows.append({**row, "health": "reference"})
    return rows


def states_from(rows: Iterable[Mapping[str, Any]], alarms: Iterable[Alarm] = ()) -> dict[Key, StreamState]:
    """Return every stream as its rows leave it.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of the evidence table in any order.
    alarms : iterable of Alarm
        Of the alarms table: open ones stay latched; the latest acknowledged or answered one of a stream cuts its pool
        at the change, unless rows after it already say so.

    Notes
    -----
    The pool of a stream begins at the ``pool_start`` of its last row; the p-values drawn with that start are the ones
    that its detectors have bet on.
    """
    by_stream: dict[Key, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["order"]):
        by_stream.setdefault((row["signal"], row["subject"], row["model_version"]), []).append(row)
    return after_alarms({key: _rebuilt(found) for key, found in by_stream.items()}, alarms)


def after_alarms(states: Mapping[Key, StreamState], alarms: Iterable[Alarm]) -> dict[Key, StreamState]:
    """Return the streams with what was said of their alarms: open ones stand, a closed one cuts the pool at its change."""
    latest = {
        (one.signal, one.subject, one.model_version): one
        for one in sorted(alarms, key=lambda alarm: alarm.order)
        if one.kind == "alarm"
    }
    return {key: _after(state, latest.get(key)) for key, state in states.items()}


def _after(state: StreamState, latest: Alarm | None) -> StreamState:
    # An alarm raised before the present detectors started has been dealt with.
    if latest is None or state.started is None or state.started > latest.order:
        return state
    return state.latched(latest) if latest.latched else state.restarted(latest.since)


def number(value: float | None) -> float:
    """Return a stored number, NaN where the table holds null."""
    return math.nan if value is None else float(value)


def stream_of(row: Mapping[str, Any]) -> Stream:
    """Return the stream that an evidence row belongs to."""
    return Stream(row["signal"], row["subject"], row["model_version"], row["role"], row["only_up"])


def _rebuilt(rows: list[Mapping[str, Any]]) -> StreamState:
    last = rows[-1]
    told = [row for row in rows if not math.isnan(number(row["studentised"]))]
    begins = next((i for i, row in enumerate(told) if row["_partition"] == last["pool_start"]), 0)
    before, live = _split(told[begins:], last["reference_nights"])
    state = StreamState.start(
        stream_of(last),
        [row["_partition"] for row in before],
        [number(row["studentised"]) for row in before],
        [number(row["value"]) for row in before],
        last.get("between") or 0.0,  # rows of before the column have none
    )
    return _with_bets(state, live)


def _split(pool: list[Mapping[str, Any]], reference: int) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    return pool[:reference], pool[reference:]


def _with_bets(state: StreamState, live: list[Mapping[str, Any]]) -> StreamState:
    changes = state.stream.changes
    levels, left, nights = state.levels, state.residuals, len(state.values)
    for row in live:
        nights += 1
        levels = advance(levels, np.array([number(row["p_value"])]), nights, changes)
        if not math.isnan(number(row["p_value_residual"])):
            left = advance(left, np.array([number(row["p_value_residual"])]), nights - 1, changes)
    return replace(
        state,
        partitions=(*state.partitions, *(row["_partition"] for row in live)),
        values=(*state.values, *(bounded(row["studentised"]) for row in live)),
        raw=(*state.raw, *(number(row["value"]) for row in live)),
        levels=levels,
        residuals=left,
        bets=tuple((number(row["p_value"]), number(row["p_value_residual"])) for row in live),
        started=live[0]["order"] if live else None,
    )
