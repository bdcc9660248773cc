"""The past as a policy would have lived it: states night by night, from the matrix, without the future."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from include.errors import PolicyError
from include.evaluation.plan import Holdout
from include.policy.cells import Cell
from include.policy.evidence import AGES, View, losses_of, probes_of, twin_of
from include.policy.matrix import Job
from include.policy.rules.library import THRESHOLDS
from include.policy.state import State
from include.policy.windows import ALL, step_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.policy.alarms import Alarms
    from include.policy.drift import Drift
    from include.policy.matrix import Matrix
    from include.policy.parse import Policy
    from include.policy.state import Loss, Probe
    from include.policy.timeline import Timeline

MINUTE = 60.0
_WEEK_HOURS = 168.0


@dataclass(frozen=True)
class Setup:
    """What a replay takes as given.

    Attributes
    ----------
    start : int
        Night that trains the first champion; the next one is the first to decide.
    windows : tuple of str
        All history among them.
    latency : int
        Nights from a training to its serving, beside the one that follows.
    kept : Holdout
        How many of the newest labelled partitions the gate keeps.
    """

    start: int
    windows: tuple[str, ...]
    latency: int = 0
    kept: Holdout = field(default_factory=Holdout)

    def holdout(self, labelled: int) -> int:
        """Return how many of the newest labelled partitions the gate keeps.

        Examples
        --------
        >>> Setup(3, ("all",), kept=Holdout(14)).holdout(60), Setup(3, ("all",), kept=Holdout(14)).holdout(10)
        (12, 2)
        """
        return self.kept.of(labelled)


@dataclass
class Serving:
    """A champion while it serves, or a candidate that may.

    Attributes
    ----------
    cell : Cell
    night : int
        On which its training was started.
    gate_loss, gate_error : float or None
    refitted : int or None
        Night that trained it up to the newest label, where it left the gate nothing; None where it left a hold-out.
    """

    cell: Cell
    night: int
    gate_loss: float | None = None
    gate_error: float | None = None
    refitted: int | None = None


@dataclass
class World:
    """Everything that replays share.

    Attributes
    ----------
    matrix : Matrix
    time : Timeline
    setup : Setup
    drift : Drift
        Signals of the rules that libraries ship.
    alarms : Alarms
        Of the evidence engine.
    """

    matrix: Matrix
    time: Timeline
    setup: Setup
    drift: Drift
    alarms: Alarms
    _probes: dict[tuple[int, Cell, tuple[str, ...], int], tuple[Probe, ...]] = field(default_factory=dict)
    _losses: dict[tuple[int, Cell], tuple[Loss, ...]] = field(default_factory=dict)

    @property
    def nights(self) -> range:
        """Nights that decide: after the first champion's, and before the last partition that can still be scored."""
        return range(self.setup.start + 1, len(self.time.history) - 1)

    @property
    def scored(self) -> range:
        """Partitions on which policies are compared."""
        return range(self.setup.start + 1, len(self.time.history))

    def first(self) -> Serving:
        """Return the first champion, the same for every policy."""
        cell = self.candidate(self.setup.start, ALL)
        return Serving(cell, self.setup.start, *self._at_gate(cell), self.setup.start)

    def candidate(self, night: int, window: str, *, holdout: bool = False) -> Cell:
        """Return what a night would train: up to the newest label, or up to the gate's hold-out."""
        kept = self.setup.holdout(int(self.time.newest[night]) + 1) if holdout else 0
        found = self.time.cell(night, window, "full", kept) or self.time.cell(night, window, "full")
        if found is None:
            key = self.time.history.partitions[night].key
            raise PolicyError.at(
                f"night {key}", "no partition is labelled", "labels to train on", "begin later (--from)"
            )
        return found

    def serving(self, night: int, cell: Cell, refitted: int | None = None) -> Serving:
        """Return a candidate as it begins to serve, with its loss at the gate."""
        return Serving(cell, night, *self._at_gate(cell), refitted)

    def state(
        self,
        night: int,
        champion: Serving,
        trainings: list[int],
        pending: str | None,
        policy: Policy,
        *,
        gated: bool = False,
    ) -> State:
        """Return what a policy may look at, without probes.

        Parameters
        ----------
        night : int
        champion : Serving
        trainings : list of int
            Nights at which a training was started after the first champion's.
        pending : str or None
            Candidate whose verdict, or whose training, is awaited.
        policy : Policy
            Signals are computed where its rule looks at them.
        gated : bool
            A training leaves the hold-out to the gate: what lies in it is nothing new beside a champion that left none.
        """
        history = self.time.history
        cell = champion.cell
        looked_at = [name for name in THRESHOLDS if name in policy.text]
        return State(
            model=history.model,
            partition=history.partitions[night].key,
            champion=f"{cell.window} up to {history.partitions[cell.cut].key}",
            since_cut=night - cell.cut,
            since_training=night - max([*trainings[-1:], champion.refitted or 0, self.setup.start]),
            history=int(self.time.newest[night]) + 1,
            new_labels=self.time.new_labels(night, cell, self._left(night, champion) if gated else 0),
            gate_loss=champion.gate_loss,
            gate_standard_error=champion.gate_error,
            losses=self.losses(night, cell),
            alarms=self.alarms.open(night, champion.night, cell) if "on_alarm" in policy.text else (),
            signals={name: self.drift.signal(name, night, champion.night, cell) for name in looked_at},
            pending=pending,
            cpu_minutes_week=self._spent(night, trainings),
            training_cpu_minutes=self.seconds(self.candidate(night, ALL)) / MINUTE,
            served=night - self.setup.start,
            trainings=tuple(night - at for at in trainings),
        )

    def _left(self, night: int, champion: Serving) -> int:
        """Return how many of the newest labelled partitions hold nothing new for a training beside the champion."""
        return 0 if champion.refitted is None else self.setup.holdout(int(self.time.newest[night]) + 1)

    def losses(self, night: int, champion: Cell) -> tuple[Loss, ...]:
        """Return the champion's realised losses as known at the end of a night; most policies share their champions."""
        key = (night, champion)
        if key not in self._losses:
            self._losses[key] = losses_of(self.matrix, self.time, night, champion)
        return self._losses[key]

    def probes(
        self, night: int, champion: Cell, windows: tuple[str, ...], *, holdout: bool = False
    ) -> tuple[Probe, ...]:
        """Return what cheap candidates showed until the end of a night; `holdout` tells whether a training leaves one."""
        kept = self.setup.holdout(int(self.time.newest[night]) + 1) if holdout else 0
        key = (night, champion, windows, kept)
        if key not in self._probes:
            self._probes[key] = probes_of(self.matrix, View(self.time, night, champion, windows, kept))
        return self._probes[key]

    def probe_seconds(self, night: int, windows: tuple[str, ...]) -> float:
        """Return the CPU seconds of a night's cheap candidates: training, and scoring the partitions they are judged on."""
        total = 0.0
        for window in windows:
            cell = self.time.cell(night, window, "cheap")
            if cell is not None and (cell.cut + 1) % step_of(windows) == 0:
                found = self.matrix.scores(cell)
                total += found.train_seconds + found.score_seconds * min(1.0, 3 / max(1, len(found.losses)))
        return total

    def seconds(self, cell: Cell) -> float:
        """Return the CPU seconds of a full training."""
        return self.matrix.scores(cell).train_seconds

    def _spent(self, night: int, trainings: list[int]) -> float:
        history = self.time.history
        since = history.partitions[night].end.timestamp() - _WEEK_HOURS * 3600
        recent = [at for at in trainings if history.partitions[at].end.timestamp() > since]
        return sum(self.seconds(self.candidate(at, ALL)) for at in recent) / MINUTE

    def _at_gate(self, cell: Cell) -> tuple[float | None, float | None]:
        """Return the loss that a candidate of the same recipe showed on the hold-out before, with its error."""
        kept = self.setup.holdout(cell.cut + 1)
        night = self.time.night_of(cell.cut, len(self.time.history) - 1) if cell.known_at < 0 else cell.known_at
        earlier = self.time.cell(night, cell.window, "full", kept) if night is not None else None
        if earlier is None or earlier.cut < 0:
            return None, None
        scores = self.matrix.scores(earlier)
        places = [s for s in range(earlier.cut + 1, cell.cut + 1) if np.isfinite(scores.mean[s])]
        if not places:
            return None, None
        means = scores.mean[places]
        rows = np.sqrt((scores.variance[places] / scores.rows[places]).sum()) / len(places)
        spread = means.std(ddof=1) / np.sqrt(len(places)) if len(places) > 2 else 0.0
        return float(means.mean()), float(max(rows, spread))


def wanted_cells(time: Timeline, setup: Setup) -> Iterator[Job]:
    """Yield every cell that replays may ask for, with the partitions it must have scored.

    Full candidates of every window: those of each night from the first champion's on, and those that keep the newest
    partitions for the gate. Their cheap twins. Cheap ones of every step before, on the partitions they are judged on.
    """
    count = len(time.history)
    later: dict[Cell, int] = {}
    for night in range(setup.start, count - 1):
        for window in setup.windows:
            for kept in (0, setup.holdout(int(time.newest[night]) + 1)):
                cell = time.cell(night, window, "full", kept)
                if cell is not None:
                    later[cell] = later[twin_of(cell)] = count
    step = step_of(setup.windows)
    judged_on = (max(AGES) + 2) * step + setup.holdout(count)
    for night in range(count - 1):
        for window in setup.windows:
            cell = time.cell(night, window, "cheap")
            if cell is not None and ((cell.cut + 1) % step == 0 or window == ALL):
                later.setdefault(cell, min(count, cell.cut + 1 + judged_on))
    for cell, last in later.items():
        yield Job(cell, tuple(range(cell.cut + 1, last)))
