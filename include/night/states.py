"""Streams as the nights before have left them: kept beside the tables, and rebuilt from them whenever they changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.evidence.rows import after_alarms, states_from
from include.evidence.stream import Stream, StreamState
from include.storage.objects import read_if_present, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from include.evidence.alarm import Alarm
    from include.night.reference import Watch
    from include.storage.locations import Location

Key = tuple[str, str, str]
_FORM = "1"


def states_of(place: Watch, alarms: list[Alarm]) -> dict[Key, StreamState]:
    """Return every stream before the night, alarms applied.

    Notes
    -----
    The evidence table is the truth. Reading a year of it and betting again takes a second that grows with every night,
    so the last night's outcome is kept beside it, named with the table's version: another version (a redone night,
    compaction, a restored copy), and it is not used.
    """
    version = place.evidence.version()
    if version is None:
        return {}
    kept = read_if_present(_place(place))
    states = _read(kept, version) if kept else None
    if states is None:
        states = states_from(place.evidence.read().to_pylist())
    return after_alarms(states, alarms)


def keep(place: Watch, states: Mapping[Key, StreamState]) -> None:
    """Keep the streams for the next night; alarms are not kept, they are read from their own table."""
    version = place.evidence.version()
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA.names}
    for state in states.values():
        for name, value in _row(state).items():
            columns[name].append(value)
    table = pa.table(columns, _SCHEMA.with_metadata({"form": _FORM, "version": str(version)}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    replace(_place(place), sink.getvalue().to_pybytes())


_DOUBLES = pa.list_(pa.float64())
_SCHEMA = pa.schema(
    [
        ("stream", pa.string()),
        ("partitions", pa.list_(pa.string())),
        ("values", _DOUBLES),
        ("raw", _DOUBLES),
        ("reference", pa.int64()),
        ("levels", _DOUBLES),
        ("residuals", _DOUBLES),
        ("level_bets", _DOUBLES),
        ("residual_bets", _DOUBLES),
        ("between", pa.float64()),
        ("started", pa.int64()),
    ]
)


def _place(place: Watch) -> Location:
    return place.project.model_home(place.name) / "evidence_states.arrow"


def _row(state: StreamState) -> dict[str, object]:
    stream = state.stream
    return {
        "stream": json.dumps([*stream.key, stream.role, stream.only_up]),
        "partitions": state.partitions,
        "values": state.values,
        "raw": state.raw,
        "reference": state.reference,
        "levels": state.levels.ravel(),
        "residuals": state.residuals.ravel(),
        "level_bets": [level for level, _ in state.bets],
        "residual_bets": [residual for _, residual in state.bets],
        "between": state.between,
        "started": state.started,
    }


def _read(kept: bytes, version: int) -> dict[Key, StreamState] | None:
    """Return the streams that were kept, None when they belong to another version of the table."""
    try:
        table = pa.ipc.open_file(pa.py_buffer(kept)).read_all()
    except pa.ArrowInvalid:
        return None
    if table.schema.metadata != {b"form": _FORM.encode(), b"version": str(version).encode()}:
        return None
    states = (_state(table, place) for place in range(table.num_rows))
    return {state.stream.key: state for state in states}


def _state(table: pa.Table, place: int) -> StreamState:
    def of(name: str) -> NDArray[np.float64]:
        return np.asarray(table.column(name)[place].values.to_numpy(zero_copy_only=False), np.float64)

    stream = Stream(*json.loads(table.column("stream")[place].as_py()))
    shape = StreamState.start(stream).levels.shape
    return StreamState(
        stream,
        tuple(table.column("partitions")[place].as_py()),
        tuple(of("values").tolist()),
        tuple(of("raw").tolist()),
        table.column("reference")[place].as_py(),
        of("levels").reshape(shape).copy(),
        of("residuals").reshape(shape).copy(),
        tuple(zip(of("level_bets").tolist(), of("residual_bets").tolist(), strict=True)),
        between=table.column("between")[place].as_py(),
        started=table.column("started")[place].as_py(),
    )
