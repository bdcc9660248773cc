"""Prove that features do not see the future: run the SQL again as of earlier instants and compare."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import FeatureError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def cuts(prediction_times: pa.ChunkedArray, arrivals: Sequence[datetime], count: int, seed: str) -> list[datetime]:
    """Return the instants at which a build is audited, earliest first.

    Parameters
    ----------
    prediction_times : pyarrow.ChunkedArray of timestamp, shape (n_rows,)
        Of the night's rows.
    arrivals : sequence of datetime
        Instants right before joined rows became known, the latest rows first.
    count : int
        How many at most of each kind.
    seed : str
        Decides which are drawn.

    Notes
    -----
    A feature that uses a row known at k for a prediction at p < k differs at every cut in [p, k). So half the cuts lie
    right before rows became known (always that of the row which came latest, the others drawn), half at
    prediction times.
    """
    distinct = pc.unique(prediction_times.combine_chunks().drop_null()).sort()
    if not len(distinct):
        return []
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    chosen = set(arrivals[:1])
    if len(arrivals) > 1:
        chosen |= {arrivals[int(i)] for i in random.integers(1, len(arrivals), count - 1)}
    chosen |= {distinct[int(i)].as_py() for i in random.integers(0, len(distinct), count)}
    return sorted(chosen)


def compare(served: pa.Table, then: pa.Table, cut: datetime, where: str, datasets: Sequence[str]) -> None:
    """Refuse features that differ from what the same SQL gave at the cut.

    Parameters
    ----------
    served : pyarrow.Table
        Feature rows with `_key` and `_prediction_time`.
    then : pyarrow.Table
        Feature rows of the same SQL over what was known by the cut, for the rows predicted by then.
    cut : datetime
        The instant.
    where : str
        The SQL file.
    datasets : sequence of str
        What the SQL reads besides the rows.

    Raises
    ------
    FeatureError
        Naming the feature, a key and the cut.

    Notes
    -----
    Numbers agree within 1e-6 of their size, since sums in another order differ in their last digits.
    """
    early = served.filter(pc.less_equal(served.column("_prediction_time"), pa.scalar(cut)))
    places = pc.index_in(early.column("_key"), value_set=then.column("_key").combine_chunks())
    if places.null_count:
        key = early.filter(pc.is_null(places)).column("_key")[0].as_py()
        raise _leak(where, "the feature row itself", key, cut, datasets)
    for name in early.schema.names:
        if name.startswith("_"):
            continue
        differs = _differs(early.column(name), then.column(name).take(places))
        if differs.any():
            key = early.column("_key")[int(differs.argmax())].as_py()
            raise _leak(where, f"the feature {name}", key, cut, datasets)


def _differs(served: pa.ChunkedArray, then: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if pa.types.is_floating(served.type):
        a, b = (values.to_numpy(zero_copy_only=False) for values in (served, then))
        close = np.abs(a - b) <= 1e-6 * (np.abs(a) + np.abs(b)) + 1e-12
        return np.asarray(~(close | (np.isnan(a) & np.isnan(b))))
    both = pc.fill_null(pc.equal(served, then), pa.scalar(False))
    missing = pc.and_(pc.is_null(served), pc.is_null(then))
    return np.asarray(pc.invert(pc.or_(both, missing)).to_numpy(zero_copy_only=False))


def _leak(where: str, what: str, key: str, cut: datetime, datasets: Sequence[str]) -> FeatureError:
    sources = ", ".join(datasets)
    return FeatureError.at(
        where,
        f"{what} of the row {key} uses what was not known at its prediction time: run as of {cut.isoformat()}, by when "
        f"the row had been predicted, it is another",
        f"only rows with _known_at <= _prediction_time ({sources})",
        "add that condition to each join and window, the rows' own included",
    )
