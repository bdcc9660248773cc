"""Windows a candidate may be trained on: all labelled history, the newest partitions, or all with fading weights.

Their text forms count partitions: ``all``, ``last(6)``, ``decay(4)`` (a row's weight halves with every 4 partitions of age).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from include.config.model import WindowSettings
from include.errors import PolicyError
from include.partitions import typical_hours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from include.partitions import Grain

ALL = "all"
_TEXT = re.compile(r"^(last|decay)\((\d+(?:\.\d+)?)\)$")
_NEGLIGIBLE = 6
"""Half-lives after which a row weighs less than 1.6 % and is left out."""
_HORIZONS = {"hour": 24, "day": 7}
_STEPS = 8
"""Cheap candidates within the length of the shortest recent window."""
_USUAL: dict[str, tuple[int, int]] = {
    "hour": (336, 168),
    "day": (56, 28),
    "week": (8, 4),
    "month": (6, 4),
    "quarter": (6, 4),
    "year": (6, 4),
}
"""By grain: partitions of the recent window, and half-life of the fading one."""


@dataclass(frozen=True)
class Window:
    """Which of the labelled partitions a candidate learns from.

    Attributes
    ----------
    last : int or None
        Only so many of the newest partitions.
    half_life : float or None
        Partitions after which a row weighs half.
    """

    last: int | None = None
    half_life: float | None = None

    @property
    def text(self) -> str:
        """The form that `parse_window` reads back."""
        if self.last is not None:
            return f"last({self.last})"
        return ALL if self.half_life is None else f"decay({self.half_life:g})"

    def reach(self, labelled: int) -> int:
        """Return how many of the newest labelled partitions are used.

        Examples
        --------
        >>> Window().reach(40), Window(last=6).reach(40), Window(half_life=4).reach(40)
        (40, 6, 24)
        """
        if self.last is not None:
            return min(labelled, self.last)
        if self.half_life is not None:
            return min(labelled, math.ceil(_NEGLIGIBLE * self.half_life))
        return labelled

    def weights(self, ages: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the weight of rows by the age of their partition (0: the newest); None when all weigh the same.

        Examples
        --------
        >>> Window(half_life=2).weights([0, 2, 4]).tolist()
        [1.0, 0.5, 0.25]
        """
        import numpy as np  # not when DAGs are parsed

        if self.half_life is None:
            return None
        return np.asarray(0.5 ** (np.asarray(ages, np.float64) / self.half_life))

    def settings(self, grain: Grain) -> WindowSettings:
        """Return the window in the terms of a model's YAML, in lengths of time."""
        hours = typical_hours(grain)
        if self.last is not None:  # half a partition more, so that months of 31 days count as months
            return WindowSettings(last=timedelta(seconds=round((self.last + 0.5) * hours * 3600)))
        if self.half_life is not None:
            return WindowSettings(decay=timedelta(seconds=round(self.half_life * hours * 3600)))
        return WindowSettings()


@cache
def parse_window(text: str) -> Window:
    """Return the window of a text.

    Raises
    ------
    PolicyError
        When it is none.

    Examples
    --------
    >>> parse_window("decay(4)")
    Window(last=None, half_life=4.0)
    """
    if text == ALL:
        return Window()
    found = _TEXT.match(text)
    number = float(found[2]) if found else 0.0
    if not found or number <= 0 or (found[1] == "last" and number != int(number)):
        raise PolicyError.at(f"window {text!r}", "is none", "all, last(6) or decay(4)", "count in partitions")
    return Window(last=int(number)) if found[1] == "last" else Window(half_life=number)


def usual_horizon(grain: Grain) -> int:
    """Return the partitions that a new champion is expected to serve, where ``policy.horizon`` does not say.

    Examples
    --------
    >>> usual_horizon("hour"), usual_horizon("day"), usual_horizon("month")
    (24, 7, 4)
    """
    return _HORIZONS.get(grain, 4)


def step_of(windows: Sequence[str]) -> int:
    """Return how many partitions lie between the cuts of cheap candidates: an eighth of the shortest recent window.

    Candidates of long windows that are a partition apart hardly differ, and each partition alone has few rows.

    Examples
    --------
    >>> step_of(("all", "last(56)", "decay(28)")), step_of(("all", "last(6)", "decay(4)")), step_of(("all",))
    (7, 1, 1)
    """
    return _step_of(tuple(windows))


@cache
def _step_of(windows: tuple[str, ...]) -> int:
    parsed = [parse_window(window) for window in windows]
    lengths = [w.last or 2 * w.half_life for w in parsed if w.last or w.half_life]  # type: ignore[operator]
    return max(1, int(min(lengths, default=0) // _STEPS))


def usual_windows(lengths: Sequence[timedelta], grain: Grain, delay: int = 0) -> tuple[str, ...]:
    """Return the windows that `auto` compares.

    Parameters
    ----------
    lengths : sequence of timedelta
        Recent lengths of ``policy.windows``; empty: chosen by grain and label delay.
    grain : str
        Of the model's partitions.
    delay : int
        Partitions until labels are known; a recent window is at least twice as long.

    Returns
    -------
    tuple of str
        ``all``, the recent ones, and one that fades with the longest of them as half-life (a shorter one by default).

    Examples
    --------
    >>> usual_windows((), "month")
    ('all', 'last(6)', 'decay(4)')
    >>> usual_windows((timedelta(days=28), timedelta(days=91)), "week")
    ('all', 'last(4)', 'last(13)', 'decay(13)')
    """
    if lengths:
        counts = sorted({max(1, round(length.total_seconds() / 3600 / typical_hours(grain))) for length in lengths})
        recent, half_life = [f"last({count})" for count in counts], counts[-1]
    else:
        last, half_life = _USUAL[grain]
        recent = [f"last({max(last, 2 * delay)})"]
    return (ALL, *recent, f"decay({half_life})")
