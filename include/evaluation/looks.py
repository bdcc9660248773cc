"""How much evidence proves something, given when one will look.

Evidence of 1/α suffices however often one looks. A gate looks only from its first judgement to `max_wait` nights later, so
less is enough to err with chance α: the share of 1/α tabulated here. It was measured at the hardest autocorrelation that
the gate vouches for (φ = 0.7, 30,000 lives, `benchmarks/gate_errors.py --only bars`), so it is too strict for less of it:
at 14 + 14 nights equal candidates pass in 0.4, 1.0 and 2.5 % of lives at φ = 0, 0.3 and 0.5 instead of 5 %. That
reserve, and the correction for skewness, hold the 5 % when bad nights are worse than good ones are good (docs/gate.md).
"""

from __future__ import annotations

import numpy as np

FIRST = (3, 5, 7, 10, 14, 21, 28, 42)
FURTHER = (0, 3, 7, 14, 28, 60, 120)
SHARES = np.array(
    [
        [0.209, 0.359, 0.468, 0.591, 0.710, 0.823, 0.942],
        [0.203, 0.318, 0.420, 0.527, 0.656, 0.786, 0.889],
        [0.202, 0.301, 0.384, 0.481, 0.592, 0.717, 0.818],
        [0.198, 0.267, 0.336, 0.421, 0.510, 0.627, 0.734],
        [0.186, 0.242, 0.294, 0.361, 0.437, 0.557, 0.661],
        [0.170, 0.213, 0.248, 0.299, 0.359, 0.451, 0.532],
        [0.154, 0.187, 0.218, 0.253, 0.304, 0.379, 0.446],
        [0.129, 0.149, 0.166, 0.190, 0.229, 0.289, 0.362],
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
    (20.0, 7.22)
    """
    share = 1.0
    if first is not None and further <= FURTHER[-1]:
        row = max(int(np.searchsorted(FIRST, first, side="right")) - 1, 0)
        share = float(SHARES[row, int(np.searchsorted(FURTHER, further))])
    return max(float(np.log(share / alpha)), 0.0)
