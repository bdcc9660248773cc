"""Cheap candidates on a real night: trained when missing, kept between nights, judged against the champion's twin."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.policy.cells import Bench, Cell
from include.policy.evidence import fresh_cells, partitions_compared, probes_of
from include.policy.matrix import Job, Matrix, computed
from include.policy.recipe import cheap_recipe, full_recipe
from include.policy.timeline import timeline
from include.policy.windows import ALL, Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.config.model import Model, WindowSettings
    from include.partitions import Grain
    from include.policy.history import History
    from include.policy.state import Probe
    from include.policy.timeline import Timeline


@dataclass(frozen=True)
class Champion:
    """What is known of the champion's training.

    Attributes
    ----------
    cut : str
        Key of the newest partition it learned from.
    window : str
        See `include.policy.windows`.
    first_rows : int
        Rows that the very first champion learned from.
    """

    cut: str
    window: str = ALL
    first_rows: int = 0


def live_probes(
    model: Model, history: History, champion: Champion | None, windows: Sequence[str], cache: Path
) -> tuple[Probe, ...]:
    """Return what cheap candidates show at the end of the history's last partition.

    Parameters
    ----------
    model : Model
    history : History
        Feature rows as served and labels with the instants at which they were known, up to tonight.
    champion : Champion or None
    windows : sequence of str
        All history among them.
    cache : Path
        Local folder where candidates are kept; the first night with it trains some forty of each window, each later one
        of each window. Safe to delete.

    Returns
    -------
    tuple of Probe
        With the CPU seconds that they cost tonight, shared equally.
    """
    started = time.process_time()
    at = timeline(history)
    night = len(history) - 1
    twin = _twin(at, champion)
    first_rows = champion.first_rows if champion and champion.first_rows else len(history.label)
    recipes = {"full": full_recipe(model, history), "cheap": cheap_recipe(model, history, first_rows)}
    bench = Bench(history, recipes, cache / "cells", history.digests())  # type: ignore[arg-type]
    computed(bench, cache, _jobs(at, night, twin, windows), workers=0)
    probes = probes_of(Matrix(bench), at, night, twin, windows)
    each = (time.process_time() - started) / max(1, len(probes))
    return tuple(replace(probe, cpu_seconds=round(each, 3)) for probe in probes)


def window_text(settings: WindowSettings | None, grain: Grain) -> str:
    """Return the window of a model's YAML in partitions.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from include.config.model import WindowSettings
    >>> window_text(WindowSettings(last=timedelta(days=91)), "week"), window_text(None, "day")
    ('last(13)', 'all')
    """
    from include.partitions import typical_hours

    if settings is None:
        return ALL
    if settings.last is not None:
        return Window(last=max(1, int(settings.last.total_seconds() / 3600 / typical_hours(grain)))).text
    if settings.decay is not None:
        return Window(half_life=settings.decay.total_seconds() / 3600 / typical_hours(grain)).text
    return ALL


def _twin(at: Timeline, champion: Champion | None) -> Cell | None:
    if champion is None:
        return None
    keys = [partition.key for partition in at.history.partitions]
    if champion.cut not in keys:
        return None
    return Cell(keys.index(champion.cut), champion.window, "cheap")


def _jobs(at: Timeline, night: int, twin: Cell | None, windows: Sequence[str]) -> list[Job]:
    wanted: dict[Cell, set[int]] = {}
    for place in partitions_compared(at, night):
        for window in windows:
            for cell in fresh_cells(at, night, place, window):
                wanted.setdefault(cell, set()).add(place)
    if twin is not None:
        later = (place for place in partitions_compared(at, night) if place > twin.cut)
        wanted.setdefault(twin, set()).update(later)
    return [Job(cell, tuple(sorted(places))) for cell, places in wanted.items()]
