"""Arrays that a thread reuses: a fresh one of half a MiB costs more in page faults than the arithmetic done in it."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

LARGEST = 65_536  # float64 numbers: longer arrays are made anew, so that a thread never holds much

_held = threading.local()


def scratch(use: str, n: int) -> npt.NDArray[np.float64]:
    """Return an uninitialised array of n float64 numbers, valid until this thread asks for the same use again.

    Parameters
    ----------
    use : str
        Names the array among those that are needed at the same time.
    n : int

    Examples
    --------
    >>> scratch("sorted", 3)[:] = [1.0, 2.0, 3.0]
    >>> scratch("sorted", 2).tolist()  # the same memory
    [1.0, 2.0]
    """
    if n > LARGEST:
        return np.empty(n)
    held: npt.NDArray[np.float64] | None = getattr(_held, use, None)
    if held is None:
        held = np.empty(LARGEST)
        setattr(_held, use, held)
    return held[:n]
