"""The alarms that would have been open: the evidence engine of the nights, on streams a history can give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from include.evidence.night import update
from include.evidence.settings import Settings
from include.evidence.shares import shares
from include.evidence.stream import NightValue, Stream, StreamState
from include.partitions import partitions_per_year
from include.policy.state import Alarm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from include.policy.cells import Cell
    from include.policy.drift import Drift

_LEAST_EXPECTED = 1e-9


@dataclass
class Alarms:
    """Streams of features and of the champion's loss, restarted with every training.

    Attributes
    ----------
    drift : Drift
        Its counts by partition, feature and bin are what the feature streams measure.

    Notes
    -----
    A feature's night value is the chi-square statistic of its bins against the first history, studentised by its degrees
    of freedom; the loss' is its mean. A training answers the alarms that stand: the pool is then every night until it.
    """

    drift: Drift
    _values: NDArray[np.float64] | None = None
    _states: dict[Cell, tuple[int, dict[tuple[str, str, str], StreamState], Settings]] = field(default_factory=dict)

    def open(self, night: int, since: int, champion: Cell) -> tuple[Alarm, ...]:
        """Return the alarms that stand at the end of a night.

        Parameters
        ----------
        night, since : int
            Tonight, and the night that trained the champion.
        champion : Cell
        """
        keys = [partition.key for partition in self.drift.time.history.partitions]
        done, states, settings = self._states.get(champion) or self._begun(since, champion)
        for place in range(done + 1, night + 1):
            result = update(states, keys[place], self._tonight(place, champion), settings, place)
            states = result.states
            for alarm in result.alarms:
                key = (alarm.signal, alarm.subject, alarm.model_version)
                states[key] = states[key].latched(alarm)
        self._states[champion] = (night, states, settings)
        standing = [state.alarm for state in states.values() if state.alarm is not None]
        return tuple(
            Alarm(alarm.subject, alarm.since, "performance" if alarm.model_version else "data") for alarm in standing
        )

    def _begun(self, since: int, champion: Cell) -> tuple[int, dict[tuple[str, str, str], StreamState], Settings]:
        history = self.drift.time.history
        keys = [partition.key for partition in history.partitions[: since + 1]]
        values = self._feature_values()
        features = [Stream("bins", name) for name in history.names]
        loss = Stream("loss", "loss", str(champion), "performance", only_up=True)
        states = {
            stream.key: StreamState.start(stream, keys, values[: since + 1, column].tolist())
            for column, stream in enumerate(features)
        }
        states[loss.key] = StreamState.start(loss)
        rate = partitions_per_year(history.partitions[0].grain)
        told = shares([*features, loss])
        return since, states, Settings(history.model, told, partitions_per_year=rate)

    def _tonight(self, place: int, champion: Cell) -> dict[tuple[str, str, str], NightValue]:
        history = self.drift.time.history
        values = self._feature_values()[place]
        found = {
            ("bins", name, ""): NightValue(float(value), float(value))
            for name, value in zip(history.names, values, strict=True)
        }
        newest = int(self.drift.time.newest[place])
        if newest > champion.cut and newest > int(self.drift.time.newest[place - 1]):
            loss = self.drift.matrix.mean(champion, newest)
            found["loss", "loss", str(champion)] = NightValue(loss, loss)
        return found

    def _feature_values(self) -> NDArray[np.float64]:
        if self._values is None:
            counts, _ = self.drift.counted()
            self._values = _studentised(counts, self.drift.start)
        return self._values


def _studentised(counts: NDArray[np.float64], start: int) -> NDArray[np.float64]:
    """Return (χ² − df) / √(2 df) of each partition and feature, shape (n_partitions, n_features)."""
    reference = counts[: start + 1].sum(axis=0)
    share = reference / np.maximum(reference.sum(axis=-1, keepdims=True), 1.0)
    rows = counts.sum(axis=-1, keepdims=True)
    expected = rows * share
    there = share > 0
    terms = np.where(there, (counts - expected) ** 2 / np.maximum(expected, _LEAST_EXPECTED), 0.0)
    freedom = np.maximum(there.sum(axis=-1) - 1, 1)
    return np.asarray((terms.sum(axis=-1) - freedom) / np.sqrt(2 * freedom))
