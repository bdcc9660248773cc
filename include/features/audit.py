"""Prove that features do not see the future: run the SQL again as of earlier instants and compare."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Difference:
    """A feature that was another as of its prediction time: its name (None: the whole row) and the row's key."""

    feature: str | None
    key: str


def cuts(prediction_times: pa.ChunkedArray, arrivals: Sequence[datetime], count: int, seed: str) -> list[datetime]:
    """Return the instants at which a build is audited, earliest first.

    Parameters
    ----------
    prediction_times : pyarrow.ChunkedArray of timestamp, shape (n_rows,)
        Of the night's rows.
    arrivals : sequence of datetime
        Instants right before joined rows became known, the latest rows' first.
    count : int
        How many at most of each kind.
    seed : str
        Decides which are drawn.

    Notes
    -----
    A feature that uses a row known at k for a prediction at p < k differs at every cut in [p, k). So half the cuts lie
    right before rows became known (always that of the row which came latest, the others drawn), half at prediction
    times.
    """
    distinct = pc.unique(prediction_times.combine_chunks().drop_null()).sort()
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    chosen = set(arrivals[:1])
    if len(arrivals) > 1:
        chosen |= {arrivals[int(i)] for i in random.integers(1, len(arrivals), count - 1)}
    if len(distinct):
        chosen |= {distinct[int(i)].as_py() for i in random.integers(0, len(distinct), count)}
    return sorted(chosen)


def difference(served: pa.Table, then: pa.Table, cut: datetime) -> Difference | None:
    """Return the first feature that differs from what the same SQL gave at the cut.

    Parameters
    ----------
    served : pyarrow.Table
        Feature rows with `_key` and `_prediction_time`.
    then : pyarrow.Table
        Feature rows of the same SQL over what was known by the cut, for the rows predicted by then.
    cut : datetime
        The instant; rows predicted later are not compared.

    Notes
    -----
    Numbers agree within 1e-6 of their size, since sums in another order differ in their last digits.
    """
    early = served.filter(pc.less_equal(served.column("_prediction_time"), pa.scalar(cut)))
    places = pc.index_in(early.column("_key"), value_set=then.column("_key").combine_chunks())
    if places.null_count:
        return Difference(None, early.filter(pc.is_null(places)).column("_key")[0].as_py())
    for name in early.schema.names:
        if not name.startswith("_"):
            differs = _differs(early.column(name), then.column(name).take(places))
            if differs.any():
                return Difference(name, early.column("_key")[int(differs.argmax())].as_py())
    return None


def leak(found: Difference, cut: datetime, where: str, guilty: Sequence[str]) -> FeatureError:
    """Return the error that names feature, datasets, key and cut."""
    what = f"the feature {found.feature}" if found.feature else "the feature row"
    return FeatureError.at(
        where,
        f"{what} of the row {found.key} uses rows of {' and '.join(guilty)} from after its prediction time: as of "
        f"{cut.isoformat()}, by when the row had been predicted, it is another",
        "of joined datasets only rows with _known_at <= _prediction_time, of the rows themselves only those whose "
        "_prediction_time is not later",
        "add that condition to the join or window",
    )


def _differs(served: pa.ChunkedArray, then: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if pa.types.is_floating(served.type):
        a, b = (values.cast(pa.float64()).to_numpy(zero_copy_only=False) for values in (served, then))
        close = np.abs(a - b) <= 1e-6 * (np.abs(a) + np.abs(b)) + 1e-12
        return np.asarray(~(close | (np.isnan(a) & np.isnan(b))))
    same = pc.fill_null(pc.equal(served, then), pa.scalar(False))
    missing = pc.and_(pc.is_null(served), pc.is_null(then))
    return np.asarray(pc.invert(pc.or_(same, missing)).to_numpy(zero_copy_only=False))
