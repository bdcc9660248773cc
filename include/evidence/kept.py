"""A partition's summary as bytes, so that it is made once and read on the nights after."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa

from include.evidence.summary import LEVELS, ColumnSummary, Summary

FORM = "1"
"""Of the bytes and of what summaries hold: another one is not read."""

_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("numeric", pa.bool_()),
        ("sampled", pa.int64()),
        ("null_share", pa.float64()),
        ("quantiles", pa.list_(pa.float64(), LEVELS.size)),
        ("numbers", pa.list_(pa.float64())),
        ("texts", pa.list_(pa.string())),
        ("shares", pa.list_(pa.float64())),
        ("distinct", pa.int64()),
        ("label_strength", pa.float64()),
        ("infinite_share", pa.float64()),
    ]
)


def to_bytes(summary: Summary) -> bytes:
    """Return a summary as an Arrow file: a row a column, the rest in its metadata."""
    told = {
        "form": FORM,
        "rows": summary.rows,
        "duplicate_share": summary.duplicate_share,
        "sketch": [int(one) for one in summary.sketch],
        "hours": None if summary.hours is None else [int(one) for one in summary.hours],
        "span_hours": summary.span_hours,
        "name": summary.name,
        "repeated_share": None if math.isnan(summary.repeated_share) else summary.repeated_share,
    }
    rows = [
        {
            "name": name,
            "numeric": one.numeric,
            "sampled": one.sampled,
            "null_share": one.null_share,
            "quantiles": one.quantiles,
            "numbers": list(one.shares) if one.numeric else [],
            "texts": [] if one.numeric else list(one.shares),
            "shares": list(one.shares.values()),
            "distinct": one.distinct,
            "label_strength": one.label_strength,
            "infinite_share": one.infinite_share,
        }
        for name, one in summary.columns.items()
    ]
    table = pa.Table.from_pylist(rows, _SCHEMA.with_metadata({"summary": json.dumps(told)}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def from_bytes(data: bytes) -> Summary | None:
    """Return the summary that `to_bytes` wrote; None when it was written by another version, or not whole."""
    try:
        table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
    except pa.ArrowInvalid:
        return None
    told = json.loads((table.schema.metadata or {}).get(b"summary", b"{}"))
    if told.pop("form", None) != FORM:
        return None
    sketch, hours = np.array(told["sketch"], dtype=np.uint64), told["hours"]
    repeated = told.get("repeated_share")  # files of before have none
    columns = {row["name"]: _column(row) for row in table.to_pylist()}
    return Summary(
        **{
            **told,
            "sketch": sketch,
            "hours": None if hours is None else np.array(hours, dtype=np.int64),
            "columns": columns,
            "repeated_share": math.nan if repeated is None else repeated,
        }
    )


def _column(row: dict[str, object]) -> ColumnSummary:
    values = row["numbers"] if row["numeric"] else row["texts"]
    return ColumnSummary(
        numeric=row["numeric"],  # type: ignore[arg-type]
        sampled=row["sampled"],  # type: ignore[arg-type]
        null_share=row["null_share"],  # type: ignore[arg-type]
        quantiles=np.array(row["quantiles"], dtype=np.float64),
        shares=dict(zip(values, row["shares"], strict=True)),  # type: ignore[call-overload]
        distinct=row["distinct"],  # type: ignore[arg-type]
        label_strength=row["label_strength"],  # type: ignore[arg-type]
        infinite_share=row.get("infinite_share", 0.0),  # type: ignore[arg-type]  # files of before have none
    )
