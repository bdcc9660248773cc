"""How much the figures of `auto` move with the night on which the first champion was trained.

A past of 20 to 50 nights holds 5 to 12 trainings, and one of them a week earlier or later moves the gain captured by ten
points on flights. The same matrix tells what `auto` would have done had the first champion come one, two or more nights later:
sums over these beginnings are steadier than any one of them.

    python benchmarks/frontier_starts.py [--sets bike,flights-EWR,metro-14d] [--cache FOLDER] [--starts 6]

`benchmarks/frontier_sets.py` lists the names of histories. Cells that `benchmarks/frontier.py` left in the same folder are used.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.frontier import SETS, model_of, saved
from benchmarks.frontier_sets import load
from include.policy.backtest import prepared
from include.policy.hindsight import board_of
from include.policy.options import Options
from include.policy.parse import Tried, parse
from include.policy.replay import replayed
from include.policy.standing import Judge
from include.policy.windows import usual_horizon

if TYPE_CHECKING:
    from include.policy.world import World

FEWEST = 10
"""Nights that must be left to decide on."""


def lived(world: World, later: int) -> np.ndarray | None:
    """Return what `auto` gained over never, what always did, what its calendar did, its trainings and nights; None: too few nights."""
    begun = replace(world, setup=replace(world.setup, start=world.setup.start + later))
    if len(begun.nights) < FEWEST:
        return None
    tried = Tried(begun.setup.windows, usual_horizon(begun.time.history.partitions[0].grain))
    path = replayed(begun, parse("auto", tried=tried))
    judge = Judge.of(board_of(begun, begun.setup.windows), 0)
    never = judge.never.mean()
    gains = (never - losses.mean() for losses in (path.losses, judge.always, judge.calendar(path.retrains)))
    return np.array([*gains, path.retrains, len(begun.nights)])


def shown(name: str, lives: np.ndarray) -> None:
    """Print the sums over lives, and the spread between them."""
    mine, always, calendar, trainings, nights = lives.sum(axis=0)
    each = lives[:, 0] / lives[:, 1]
    print(
        f"{name:12}{mine / always:>7.0%} at {trainings / nights:>4.0%}   calendar {calendar / always:>5.0%} "
        f"(+ {(mine - calendar) / always:.1%})   one start alone: {each.min():.0%} to {each.max():.0%}",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sets", default=",".join(SETS))
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "nightshift-frontier")
    arguments.add_argument("--starts", type=int, default=6)
    told = arguments.parse_args()
    for name in told.sets.split(","):
        history = load(name)
        kept = saved(history, told.cache / name / "history")
        lives = []
        for delay in (0, 1):
            options = Options(label_delay=delay, gates=False)
            world, _ = prepared(model_of(history), history, options, told.cache / name, kept)
            lives += [life for later in range(told.starts) if (life := lived(world, later)) is not None]
        shown(name, np.array(lives))


if __name__ == "__main__":
    main()
