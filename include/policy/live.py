"""Cheap candidates on a real night: trained when missing, kept between nights, judged against the champion's twin."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.evaluation.plan import holdout_of
from include.policy.cells import MOST_KEPT, Bench, Cell
from include.policy.evidence import View, probes_of
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


AT_ONCE = 2
"""Cuts whose cheap candidates one night trains at most, so that the first nights are not long."""


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
        Local folder where candidates are kept. Safe to delete: each night trains at most those of the `AT_ONCE` newest
        stretches that are not there, until those that `include.policy.evidence.REMEMBER` names are.

    Returns
    -------
    tuple of Probe
        With the CPU seconds that they cost tonight, shared equally.
    """
    started = time.process_time()
    history = replace(history, kept=MOST_KEPT)  # a night reads few cells, and must find those of earlier nights again
    at = timeline(history)
    night = len(history) - 1
    view = View(at, night, _twin(at, champion), tuple(windows), _kept(model, at, night))
    first_rows = champion.first_rows if champion and champion.first_rows else len(history.label)
    recipes = {"full": full_recipe(model, history), "cheap": cheap_recipe(model, history, first_rows)}
    bench = Bench(history, recipes, cache / "cells", history.digests())  # type: ignore[arg-type]
    computed(bench, cache, _jobs(bench, view), workers=0)
    probes = probes_of(Matrix(bench), view)
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


def _kept(model: Model, at: Timeline, night: int) -> int:
    """Return the newest labelled partitions that a training of a night leaves to the gate."""
    newest = int(at.newest[night])
    if model.gate.refit or newest < 0:
        return 0
    return holdout_of(model.gate, at.history.partitions[0].grain, at.history.days_told(newest)).of(newest + 1)


def _jobs(bench: Bench, view: View) -> list[Job]:
    """Return the candidates to train or to score tonight: those that are there, the champion's twin, the newest others."""
    wanted = view.asked()
    missing = {cell for cell in wanted if cell != view.champion and not bench.path(cell).exists()}
    tonight = sorted({cell.cut for cell in missing})[-AT_ONCE:]
    later = {cell for cell in missing if cell.cut not in tonight}
    return [Job(cell, tuple(sorted(places))) for cell, places in wanted.items() if cell not in later]
