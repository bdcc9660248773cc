"""How much evidence proves something, given when one will look.

Evidence of 1/α suffices however often one looks. A gate looks only from its first judgement to `max_wait` nights later, so
less is enough to err with chance α: the share of 1/α tabulated here. It was measured at the hardest autocorrelation that
the gate vouches for (φ = 0.7, 30,000 lives, `benchmarks/gate_errors.py --only bars`), so it is too strict for less of it:
at 14 + 14 nights equal candidates pass in 0.3, 1.1 and 2.1 % of lives at φ = 0, 0.3 and 0.5 instead of 5 %. That
reserve is what holds the 5 % when bad nights are worse than good ones are good (docs/gate.md).
"""

from __future__ import annotations

import numpy as np

FIRST = (3, 5, 7, 10, 14, 21, 28, 42)
FURTHER = (0, 3, 7, 14, 28, 60, 120)
SHARES = np.array(
    [
        [0.222, 0.391, 0.521, 0.670, 0.805, 0.949, 1.0],
        [0.229, 0.372, 0.497, 0.638, 0.778, 0.921, 1.0],
        [0.245, 0.358, 0.470, 0.592, 0.713, 0.839, 0.960],
        [0.241, 0.341, 0.430, 0.528, 0.623, 0.744, 0.849],
        [0.232, 0.305, 0.368, 0.438, 0.531, 0.631, 0.736],
        [0.189, 0.241, 0.285, 0.336, 0.404, 0.502, 0.591],
        [0.167, 0.203, 0.234, 0.274, 0.328, 0.414, 0.494],
        [0.133, 0.157, 0.178, 0.209, 0.253, 0.320, 0.383],
    ]
)
"""Share of 1/α for a first look at FIRST nights (rows) and FURTHER nights after it (columns)."""


def log_bar(alpha: float, first: int | None = None, further: int = 0) -> float:
    """Return the log evidence that proves something with error alpha over all looks.

    Parameters
    ----------
    alpha : float
        Chance of a false proof.
    first : int, optional
        Night values at the first look; None: any number of looks from the third on, for ever.
    further : int
        Night values that may still be waited for.

    Notes
    -----
    Between tabulated plans the stricter one counts: the nearest earlier first look, the nearest longer wait.

    Examples
    --------
    >>> round(float(np.exp(log_bar(0.05))), 6), round(float(np.exp(log_bar(0.05, first=14, further=14))), 6)
    (20.0, 8.76)
    """
    share = 1.0
    if first is not None and further <= FURTHER[-1]:
        row = max(int(np.searchsorted(FIRST, first, side="right")) - 1, 0)
        share = float(SHARES[row, int(np.searchsorted(FURTHER, further))])
    return max(float(np.log(share / alpha)), 0.0)
