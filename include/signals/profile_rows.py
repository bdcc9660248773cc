"""Profiles as Arrow rows: what the table ``models/<m>/profiles`` holds, one row for each partition and subject."""

from __future__ import annotations

import json

import pyarrow as pa

from include.signals.categorical import CategoricalProfile
from include.signals.edges import CategoricalEdges, Edges, subject_from_json
from include.signals.errors import SignalError
from include.signals.numeric import NumericProfile
from include.signals.profile import Profile

_HEAVY = pa.list_(pa.struct([("value", pa.string()), ("count", pa.int64())]))

PROFILE_SCHEMA = pa.schema(
    [
        pa.field("subject", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("reference", pa.string(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("nulls", pa.int64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("counts", pa.list_(pa.int64()), nullable=False),
        ("non_finite", pa.int64()),
        ("below", pa.int64()),
        ("above", pa.int64()),
        ("below_excess", pa.float64()),
        ("above_excess", pa.float64()),
        ("mean", pa.float64()),
        ("m2", pa.float64()),
        ("m3", pa.float64()),
        ("m4", pa.float64()),
        ("min", pa.float64()),
        ("max", pa.float64()),
        ("unseen", pa.int64()),
        ("heavy", _HEAVY),
        ("heavy_error", pa.int64()),
        ("edges", pa.string()),
    ]
)
"""Rows of the table without ``_partition``. ``reference`` is the id of the edges; ``edges`` holds them, as text, in
the rows of the reference itself and is null elsewhere. Of a numeric subject the last three but one are null, of a
categorical one ``non_finite`` to ``max``."""


def to_rows(profile: Profile, *, with_edges: bool = False) -> pa.Table:
    """Return a profile as rows of `PROFILE_SCHEMA`, in the order of its subjects.

    Parameters
    ----------
    profile : Profile
    with_edges : bool
        Also write the edges into the rows: for the profile of the reference itself, which is stored once.
    """
    rows = [
        {
            "subject": name,
            "kind": part.edges.kind,
            "reference": profile.edges.id,
            "edges": json.dumps(part.edges.to_json()) if with_edges else None,
            **part.to_row(),
        }
        for name, part in profile.subjects.items()
    ]
    return pa.Table.from_pylist(rows, schema=PROFILE_SCHEMA)


def from_rows(rows: pa.Table, edges: Edges | None = None) -> Profile:
    """Return the profile that `to_rows` wrote.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows of one partition; more columns (as ``_partition``) do not matter.
    edges : Edges, optional
        The reference's; read from the rows if not given.

    Raises
    ------
    SignalError
        When the rows belong to another reference, or hold no edges and none are given.
    """
    found = {row["subject"]: row for row in rows.select(PROFILE_SCHEMA.names).to_pylist()}
    edges = _edges_in(found) if edges is None else edges
    for name, row in found.items():
        if row["reference"] != edges.id or name not in edges.subjects:
            raise SignalError.at(
                f"profile of {name}", f"reference {row['reference'][:12]}", edges.id[:12], "profile the partition again"
            )
    missing = sorted(set(edges.subjects) - set(found))
    if missing:
        raise SignalError.at("profile", f"no row for {missing[0]}", "one row a subject", "profile the partition again")
    subjects = {
        name: CategoricalProfile.from_row(found[name], part)
        if isinstance(part, CategoricalEdges)
        else NumericProfile.from_row(found[name], part)
        for name, part in edges.subjects.items()
    }
    return Profile(edges, max((part.rows for part in subjects.values()), default=0), subjects)


def _edges_in(rows: dict[str, dict[str, object]]) -> Edges:
    texts = {name: row["edges"] for name, row in rows.items()}
    if not texts or None in texts.values():
        raise SignalError.at(
            "profile", "its rows hold no edges", "the reference's own rows", "pass the reference's edges"
        )
    return Edges({name: subject_from_json(json.loads(str(text))) for name, text in texts.items()})
