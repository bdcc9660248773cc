"""One policy through the past: its decisions, the losses it would have served, what it would have cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from include.policy.decide import decide, windows_wanted
from include.policy.gating import Gate, judged
from include.policy.windows import ALL
from include.policy.world import Serving

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from include.policy.cells import Cell
    from include.policy.parse import Policy
    from include.policy.world import World


@dataclass(frozen=True)
class Step:
    """What happened on one night."""

    night: int
    partition: str
    verdict: str
    reason: str
    window: str | None = None


@dataclass
class Path:
    """A policy's life.

    Attributes
    ----------
    losses : array, shape (n_partitions,)
        Mean loss of a row on each scored partition.
    champions : list of Cell
        Who served each of them.
    steps : list of Step
        One a night.
    retrains, promotions : int
        Trainings started after the first champion's, and those that came to serve.
    cpu_seconds, probe_seconds : float
        Of trainings and probes together, and of the probes among them.
    """

    losses: NDArray[np.float64]
    champions: list[Cell]
    steps: list[Step]
    retrains: int = 0
    promotions: int = 0
    cpu_seconds: float = 0.0
    probe_seconds: float = 0.0


@dataclass
class _Life:
    """The state of a replay between nights."""

    champion: Serving
    trainings: list[int] = field(default_factory=list)
    candidate: Cell | None = None
    trained: int = 0
    window: str = ALL
    first_look: int | None = None
    arriving: list[tuple[int, Serving]] = field(default_factory=list)
    served: list[Cell] = field(default_factory=list)


def replayed(world: World, policy: Policy, gate: Gate | None = None) -> Path:
    """Return what a policy would have done, and what it would have brought.

    Parameters
    ----------
    world : World
    policy : Policy
    gate : Gate, optional
        What a candidate must show before it serves; left out: every training serves, trained to the newest label.

    Notes
    -----
    A candidate trained on night t serves from the partition after t, or `latency` partitions later. With a gate it is
    judged on the hold-out, again on every later night while it waits, and nothing new is trained meanwhile. Nor is it while
    a training does not serve yet, except by `always` without a gate: it is what 100 % means.
    """
    path = Path(np.empty(0), [], [])
    life = _Life(world.first())
    decided = set(world.nights)
    for partition in world.scored:
        _arrive(life, path, partition)
        life.served.append(life.champion.cell)
        if partition in decided:  # the night that ends with this partition
            waited = life.candidate
            _decide(world, policy, gate, life, path, partition)
            if waited is not None:  # the night's gate comes after its decision, and its promotion serves the next one
                _look(world, gate, life, path, partition)
    path.champions = life.served
    path.losses = np.array(
        [world.matrix.mean(cell, s) for cell, s in zip(life.served, world.scored, strict=True)], np.float64
    )
    return path


def _arrive(life: _Life, path: Path, partition: int) -> None:
    while life.arriving and life.arriving[0][0] <= partition:
        life.champion = life.arriving.pop(0)[1]
        path.promotions += 1


def _look(world: World, gate: Gate | None, life: _Life, path: Path, night: int) -> None:
    if gate is None or life.candidate is None:
        return
    verdict, nights = judged(world, gate, life.candidate, life.champion.cell, night, life.first_look)
    life.first_look = nights if life.first_look is None else life.first_look
    if verdict == "wait":
        return
    if verdict == "pass":
        cell = world.candidate(night, life.window) if gate.refit else life.candidate
        path.cpu_seconds += world.seconds(cell) if gate.refit else 0.0
        life.arriving.append((night + 1, world.serving(life.trained, cell, night if gate.refit else None)))
    life.candidate = None


def _pending(world: World, policy: Policy, gate: Gate | None, life: _Life, night: int) -> str | None:
    """Return the night whose candidate awaits its verdict or, with a latency, its turn; `always` waits for no turn."""
    waiting = [life.trained] if life.candidate is not None else []
    if gate is not None or policy.text != "every(1)":
        waiting += [serving.night for at, serving in life.arriving if at > night + 1]
    return world.time.history.partitions[waiting[0]].key if waiting else None


def _decide(world: World, policy: Policy, gate: Gate | None, life: _Life, path: Path, night: int) -> None:
    pending = _pending(world, policy, gate, life, night)
    state = world.state(night, life.champion, life.trainings, pending, policy, gated=gate is not None)
    windows = windows_wanted(policy, state)
    if windows:
        leaves = gate is not None and not gate.refit
        state = replace(state, probes=world.probes(night, life.champion.cell, windows, holdout=leaves))
        spent = world.probe_seconds(night, windows)
        path.cpu_seconds += spent
        path.probe_seconds += spent
    decision = decide(policy, state)
    path.steps.append(Step(night, state.partition, decision.verdict, decision.reason, decision.window))
    if decision.verdict != "retrain":
        return
    window = decision.window or ALL
    cell = world.candidate(night, window, holdout=gate is not None)
    path.retrains += 1
    path.cpu_seconds += world.seconds(cell)
    life.trainings.append(night)
    if gate is None:
        life.arriving.append((night + 1 + world.setup.latency, world.serving(night, cell)))
        return
    life.candidate, life.trained, life.window, life.first_look = cell, night, window, None
    if world.setup.latency == 0:
        _look(world, gate, life, path, night)
