"""The day of each row, in the zone in which partitions are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray


def days_of(instants: pa.Array | pa.ChunkedArray, timezone: str) -> NDArray[np.int64]:
    """Return the number of the local day of each instant, counted from 1970-01-01.

    Parameters
    ----------
    instants : pyarrow.Array of timestamps with a zone, length n_rows
    timezone : str
        IANA name.

    Returns
    -------
    array of int64, shape (n_rows,)

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> late = pa.array([datetime(2013, 3, 1, 3, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    >>> days_of(late, "UTC").tolist(), days_of(late, "America/New_York").tolist()
    ([15765], [15764])
    """
    local = pc.local_timestamp(instants.cast(pa.timestamp("us", timezone)))
    days = pc.floor_temporal(local, unit="day").cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    return np.asarray(days.cast(pa.int32()).to_numpy(zero_copy_only=False), np.int64)
