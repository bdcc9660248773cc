"""How a policy stands: its loss with an interval, against never, always, calendars of the same count, chance and hindsight."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from include.evaluation.bootstrap import default_block, partition_counts
from include.policy.hindsight import best_schedules, calendars, random_schedules, scheduled
from include.policy.windows import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from include.policy.hindsight import Board
    from include.policy.replay import Path
    from include.policy.world import World

RESAMPLES = 2000
LEVEL = 0.95


def block_of(scored: int) -> int:
    """Return how many neighbouring partitions are resampled together: the usual number, and at least three blocks.

    Examples
    --------
    >>> block_of(2), block_of(7), block_of(42)
    (1, 2, 4)
    """
    return max(1, min(default_block(scored), scored // 3))


@dataclass
class Judge:
    """What every policy is compared with.

    Attributes
    ----------
    never, always : array, shape (n_scored,)
        Losses of the first champion for ever, and of a training on all history every night.
    board : Board
        Of all windows.
    draws : array, shape (n_resamples, n_scored)
        How often each resample of blocks of partitions has each partition.
    hindsight : array
        Best mean loss by count of retrains, with all windows.
    seed : int
    """

    never: NDArray[np.float64]
    always: NDArray[np.float64]
    board: Board
    draws: NDArray[np.float64]
    hindsight: NDArray[np.float64]
    seed: int
    _calendars: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, board: Board, seed: int) -> Judge:
        """Return the judge of a board."""
        nights, _, scored = board.losses.shape
        every = list(range(1, nights))
        never, always = scheduled(board, [], []), scheduled(board, every, [0] * len(every))
        draws = partition_counts(scored, RESAMPLES, block_of(scored), seed)
        return cls(never, always, board, draws, best_schedules(board, nights - 1), seed)

    def resampled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return means over partitions of resampled pasts, spread as far as so few blocks can tell."""
        centre = values.mean()
        return np.asarray(centre + self.widening * (self.draws @ values / len(values) - centre))

    @cached_property
    def widening(self) -> float:
        """How much wider than the resamples an interval must be: Student's quantile for k blocks, and √(k / (k − 1)).

        Resampled means of few blocks vary too little. Without it 95 % intervals of 18 and 42 partitions hold the true mean
        in 88 % and 92 % of series without autocorrelation (benchmarks/backtest_coverage.py).
        """
        from scipy.special import ndtri, stdtrit  # scipy.stats takes most of a second to import

        scored = self.board.losses.shape[2]
        blocks = max(2.0, scored / block_of(scored))
        quantile = float(stdtrit(blocks - 1, (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2))
        return quantile * float(np.sqrt(blocks / (blocks - 1)))

    def interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Return the ends of the 95 % interval of a mean over partitions, by circular moving blocks."""
        low, high = np.quantile(self.resampled(values), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def surely(self, gains: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the low end of each policy's mean gain, right for all of them at once in 97.5 % of pasts.

        Parameters
        ----------
        gains : array, shape (n_policies, n_scored)
            Paired differences to one rival.

        Returns
        -------
        array, shape (n_policies,)

        Notes
        -----
        Single-step max-t: all policies share the resampled pasts, so the quantile of the largest of their studentised
        deviations knows how alike they are. One policy alone has the low end of its 95 % interval.

        References
        ----------
        Romano, Wolf (2005), Stepwise multiple testing as formalized data snooping, Econometrica 73:1237-1282.
        """
        means = gains.mean(axis=1)
        deviations = np.array([self.resampled(one) for one in gains]).T - means
        spread = deviations.std(axis=0)
        moved = spread > 1e-12 * np.maximum(np.abs(means), np.finfo(np.float64).tiny)
        if not moved.any():
            return np.asarray(means)
        worst = (-deviations[:, moved] / spread[moved]).max(axis=1)
        return np.asarray(means - np.quantile(worst, (1 + LEVEL) / 2) * np.where(moved, spread, 0.0))

    def captured(self, losses: NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
        """Return the share of always' gain over never that a policy captures, with its interval; None where there is none."""
        gains, whole = self.draws @ (self.never - losses), self.draws @ (self.never - self.always)
        mine, all_of_it = float((self.never - losses).sum()), float((self.never - self.always).sum())
        if all_of_it <= 0:
            return None, None, None
        share = mine / all_of_it
        if self.interval(self.never - self.always)[0] <= 0:
            return share, None, None
        there = whole > 0  # a share of no gain means nothing; at most one resample in 40 has none
        low, high = np.quantile(gains[there] / whole[there], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return share, share - self.widening * (share - float(low)), share + self.widening * (float(high) - share)

    def calendar(self, count: int) -> NDArray[np.float64]:
        """Return the losses of every(n) at a count, averaged over its phases, on all history."""
        if count not in self._calendars:
            phases = [scheduled(self.board, nights, [0] * len(nights)) for nights in calendars(self.board, count)]
            self._calendars[count] = np.asarray(np.mean(phases, axis=0))
        return self._calendars[count]

    def skill(self, mean: float, windows: Sequence[str]) -> float | None:
        """Return the place of a policy between random schedules of its count and windows (0) and hindsight (1).

        None where the schedule leaves no choice: no retrain, or every night.
        """
        places = [self.board.windows.index(window) for window in windows]
        if not 0 < len(places) < self.board.losses.shape[0] - 1:
            return None
        chance = float(random_schedules(self.board, places, self.seed).mean())
        best = self._best(len(places), set(places))
        return None if chance - best <= 0 else (chance - mean) / (chance - best)

    def _best(self, count: int, windows: set[int]) -> float:
        found = self._hindsight_all if windows == {0} else self.hindsight
        return float(found[min(count, len(found) - 1)])

    @cached_property
    def _hindsight_all(self) -> NDArray[np.float64]:
        """Best mean loss by count of retrains on all history alone."""
        only = type(self.board)(self.board.losses[:, :1], (ALL,), self.board.latency)
        return best_schedules(only, self.board.losses.shape[0] - 1)


def standing(world: World, path: Path, judge: Judge) -> dict[str, Any]:
    """Return the figures of one policy, as they stand in the JSON."""
    nights = len(world.nights)
    low, high = judge.interval(path.losses)
    captured, captured_low, captured_high = judge.captured(path.losses)
    windows = [step.window or ALL for step in path.steps if step.verdict == "retrain"]
    calendar = judge.calendar(path.retrains)
    better, gained = calendar - path.losses, judge.never - path.losses
    better_low, better_high = judge.interval(better)
    gained_low, gained_high = judge.interval(gained)
    return {
        "mean_loss": float(path.losses.mean()),
        "low": low,
        "high": high,
        "retrains": path.retrains,
        "retrain_share": path.retrains / nights if nights else 0.0,
        "promotions": path.promotions,
        "cpu_seconds": round(path.cpu_seconds, 3),
        "probe_seconds": round(path.probe_seconds, 3),
        "gain_captured": captured,
        "gain_low": captured_low,
        "gain_high": captured_high,
        "timing_skill": judge.skill(float(path.losses.mean()), windows),
        "against_never": {"difference": float(gained.mean()), "low": gained_low, "high": gained_high},
        "against_calendar": {
            "mean_loss": float(calendar.mean()),
            "difference": float(better.mean()),
            "low": better_low,
            "high": better_high,
            "chance_better": float((judge.resampled(better) > 0).mean()),
        },
        "losses": [float(value) for value in path.losses],
        "calendar_losses": [float(value) for value in calendar],
    }


def surely_gained(judge: Judge, found: Mapping[str, dict[str, Any]]) -> dict[str, float]:
    """Return the low end of each policy's gain over never, for all of them together, by its name."""
    gains = np.array([judge.never - np.array(policy["losses"]) for policy in found.values()])
    return dict(zip(found, map(float, judge.surely(gains)), strict=True))


def told(path: Path) -> list[dict[str, Any]]:
    """Return a policy's decisions night by night."""
    return [
        {"partition": step.partition, "verdict": step.verdict, "window": step.window, "reason": step.reason}
        for step in path.steps
    ]
